"""From what a feed format says of an entry to the one record that travels on."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from time import struct_time
from urllib.parse import urljoin

from babel import Locale

from schemas.dead_letters import Reason
from schemas.entries import Entry
from transforms.feeds.dates import published_at
from transforms.feeds.markup import MAX_TITLE, one_line, plain_text
from transforms.urls import BadUrl, canonical_url, fetchable_url, url_key

MAX_ID = 2_048
"""Characters of a guid."""
MAX_AUTHORS = 50
_MAX_NAME = 300
_SHOWN = 100
_ABSOLUTE = re.compile(r"\s*https?://", re.IGNORECASE)
_LANGUAGE = re.compile(r"\s*([A-Za-z]{2,3})(?:[-_].*)?\s*", re.DOTALL)
_NO_LANGUAGE = frozenset({"und", "mul", "zxx", "mis"})


@dataclass(frozen=True, slots=True)
class Markup:
    """A field as the feed writes it, and whether it is HTML."""

    value: str
    is_html: bool


@dataclass(frozen=True, slots=True)
class RawEntry:
    """An entry as its format gives it.

    `links` may be relative, the best first. `id_is_link` says that the id may serve as a link if it is a URL.
    `dates` are each the date as written, and as feedparser read it (or None), the best first.
    """

    links: tuple[str, ...]
    id: str | None
    id_is_link: bool
    title: Markup | None
    authors: tuple[str, ...]
    dates: tuple[tuple[str | None, struct_time | None], ...]
    summary: Markup | None
    content: Markup | None
    lang: str | None


@dataclass(frozen=True, slots=True)
class Feed:
    """What the entries of one feed share. `base` is the URL that relative links are resolved against."""

    url: str
    base: str
    index: int
    title: str | None
    lang: str | None
    now: datetime


def entry_of(raw: RawEntry, feed: Feed, position: int) -> Entry:
    """The entry, whole: links absolute, text plain, date in UTC or None, and its key."""
    url, canonical, detail = _link(raw, feed.base)
    title_text = plain_text(raw.title.value, is_html=raw.title.is_html)[0] if raw.title else None
    title = one_line(title_text or "", MAX_TITLE)
    summary, summary_cut = (
        plain_text(raw.summary.value, is_html=raw.summary.is_html) if raw.summary else (None, False)
    )
    content, content_cut = (
        plain_text(raw.content.value, is_html=raw.content.is_html) if raw.content else (None, False)
    )
    if summary == content:
        # feedparser copies the content of entries without a summary into it.
        summary = None if content is not None else summary
    moment, moment_raw = published_at(raw.dates, feed.now)
    entry_id = one_line(raw.id or "", MAX_ID)
    return Entry(
        key=url_key(canonical)
        if canonical is not None
        else _content_key(feed.url, entry_id, title, moment_raw, summary or content),
        feed_url=feed.url,
        feed_title=feed.title,
        entry_id=entry_id,
        url=url,
        canonical_url=canonical,
        title=title,
        authors=names_of(raw.authors),
        published_at=moment,
        published_raw=None if moment_raw is None else one_line(moment_raw, _SHOWN),
        summary=summary,
        content=content,
        lang=language_of(raw.lang) or feed.lang,
        truncated=summary_cut or content_cut,
        feed_index=feed.index,
        position=position,
        problem=None if canonical is not None else Reason.BAD_URL.value,
        detail=detail,
    )


def language_of(tag: str | None) -> str | None:
    """The primary subtag of a language tag (BCP 47), in lower case; None where it names no language."""
    found = _LANGUAGE.fullmatch(tag or "")
    if found is None:
        return None
    primary = found[1].lower()
    return primary if primary in _languages() else None


@cache
def _languages() -> frozenset[str]:
    """The primary subtags that CLDR knows as languages."""
    return frozenset(Locale("en").languages) - _NO_LANGUAGE


def names_of(authors: Iterable[str]) -> tuple[str, ...]:
    """Names of authors, in their order, each once; bare e-mail addresses are no names."""
    names: dict[str, None] = {}
    for author in authors:
        text, _ = plain_text(author[: 4 * _MAX_NAME], is_html="<" in author or "&" in author)
        name = one_line(text or "", _MAX_NAME)
        if name and not ("@" in name and " " not in name):
            names[name] = None
    return tuple(names)[:MAX_AUTHORS]


def _link(raw: RawEntry, base: str) -> tuple[str | None, str | None, str | None]:
    """The URL to fetch, its canonical form, and why there is none."""
    candidates = [link.strip() for link in raw.links if link and link.strip()]
    if raw.id is not None and raw.id_is_link and _ABSOLUTE.match(raw.id):
        candidates.append(raw.id.strip())
    problem = None
    for link in candidates:
        try:
            url = fetchable_url(urljoin(base, link))
            return url, canonical_url(url), None
        except (BadUrl, ValueError) as error:
            reason = str(error) if isinstance(error, BadUrl) else "the URL cannot be read"
            scheme = link.partition(":")[0][:_SHOWN] if ":" in link else "no"
            problem = problem or f"the entry's link cannot be fetched: {reason} (it starts with {scheme!r})"
    return None, None, problem or "the entry has no link, and its id is no permalink"


def _content_key(
    feed_url: str, entry_id: str | None, title: str | None, date: str | None, text: str | None
) -> bytes:
    """The key of an entry without a link: from its words, else from its id or date.

    Some feeds make a new guid at each request, so the words come first: they stay, and no entry becomes new by a
    guid. Where title or text is missing, what is there is not telling enough alone.
    """
    parts = [feed_url, title or "", text or ""]
    if not title or not text:
        parts.append(entry_id or date or "")
    return hashlib.sha256("\0".join(parts).encode()).digest()[:16]
