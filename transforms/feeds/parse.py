"""A feed's body to its entries, or to the reason why there are none.

Pure, and meant for a worker process that can be killed: a feed can be made to cost without end.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from schemas.dead_letters import Reason
from schemas.entries import Entry
from transforms.feeds.discovery import feed_links, looks_like_html
from transforms.feeds.encoding import text_of
from transforms.feeds.entry import Feed, entry_of, language_of
from transforms.feeds.hints import PollHints, poll_hints
from transforms.feeds.json_feed import NotJsonFeed, json_entries, load_json_feed
from transforms.feeds.markup import MAX_TITLE, clean_text, one_line, plain_text
from transforms.feeds.repair import repaired
from transforms.feeds.syndication import markup_field, read_syndication, syndicated_entries, text_field
from transforms.http.redaction import redact

_SHOWN = 200


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A feed that could be read: its title, language, hints on polling, and every entry in its order.

    `truncated` says that items were left out, as they were too many or the body was cut.
    """

    title: str | None
    lang: str | None
    hints: PollHints
    entries: tuple[Entry, ...]
    truncated: bool


@dataclass(frozen=True, slots=True)
class NotParsed:
    """Why a body gave no feed: `schemas.dead_letters.Reason`, a sentence, and feeds that it names instead."""

    reason: str
    detail: str
    alternates: tuple[str, ...] = field(default=())


def parse_feed(
    body: bytes,
    *,
    content_type: str | None,
    feed_url: str,
    final_url: str,
    feed_index: int,
    now: datetime,
    max_entries: int = 100_000,
    cut: bool = False,
) -> ParsedFeed | NotParsed:
    """Read RSS 0.9x, 1.0 and 2.0, Atom, RDF and JSON Feed.

    Args:
        body: the body, decoded of its content encoding.
        content_type: the Content-Type header, None if there was none.
        feed_url: the feed exactly as the list names it.
        final_url: where the redirects ended: the base of relative links.
        feed_index: the feed's place in the list, from 0.
        now: the current time.
        max_entries: entries beyond this many are left out, and the feed is marked as truncated.
        cut: whether the body was cut at a limit; a half item at its end is then left out.
    """
    text = text_of(body, content_type).lstrip("\ufeff \t\r\n\0")
    if not text:
        return NotParsed(Reason.EMPTY, "the body is empty")
    if looks_like_html(text):
        return _html_page(text, final_url)
    feed = Feed(feed_url, final_url, feed_index, None, None, now)
    if text.startswith(("{", "[")):
        return _json(text, feed, max_entries)
    return _xml(text, feed, max_entries, cut=cut)


def _html_page(text: str, url: str) -> NotParsed:
    alternates = feed_links(text, url)
    if alternates:
        detail = f"this is a web page, not a feed; it names these feeds: {' '.join(map(redact, alternates))}"
    else:
        detail = "this is a web page, not a feed, and it names no feed of its own"
    return NotParsed(Reason.NOT_A_FEED, detail, alternates)


def _json(text: str, feed: Feed, max_entries: int) -> ParsedFeed | NotParsed:
    try:
        document = load_json_feed(text)
    except NotJsonFeed as error:
        return NotParsed(Reason.NOT_A_FEED, f"{error}; this is no feed")
    except (ValueError, RecursionError) as error:
        return NotParsed(
            Reason.PARSE_FAILED, _sentence(f"the body begins as JSON but cannot be read: {error}")
        )
    language = document.get("language")
    title = document.get("title")
    feed = _titled(
        feed, title if isinstance(title, str) else None, language if isinstance(language, str) else None
    )
    truncated = len(document["items"]) > max_entries
    del document["items"][max_entries:]
    entries = tuple(entry_of(raw, feed, position) for position, raw in enumerate(json_entries(document)))
    return ParsedFeed(feed.title, feed.lang, PollHints(), entries, truncated)


def _xml(text: str, feed: Feed, max_entries: int, *, cut: bool) -> ParsedFeed | NotParsed:
    fit = repaired(text, max_entries=max_entries, cut=cut)
    try:
        found = read_syndication(fit.xml)
    except Exception as error:  # noqa: BLE001 - feedparser raises what it did not foresee: one feed, not the run
        return NotParsed(
            Reason.PARSE_FAILED, _sentence(f"the parser failed: {type(error).__name__}: {error}")
        )
    if not found.version and not found.entries:
        return NotParsed(
            Reason.NOT_A_FEED, f"no feed format was recognised; the body begins with {_start(text)}"
        )
    if found.error is not None and not found.entries:
        return NotParsed(
            Reason.PARSE_FAILED, _sentence(f"the XML is broken and gave no entry: {found.error}")
        )
    language = text_field(found.feed, "language")
    title = markup_field(found.feed, "title")
    title_text = plain_text(title.value, is_html=title.is_html)[0] if title else None
    feed = _titled(feed, title_text, language)
    hints = _hints(text, found.feed)
    raws = enumerate(syndicated_entries(found))
    entries = tuple(entry_of(raw, feed, position) for position, raw in raws)[:max_entries]
    return ParsedFeed(feed.title, feed.lang, hints, entries, fit.truncated)


def _hints(text: str, feed: dict[str, Any]) -> PollHints:
    return poll_hints(
        text,
        ttl=text_field(feed, "ttl"),
        period=text_field(feed, "sy_updateperiod"),
        frequency=text_field(feed, "sy_updatefrequency"),
    )


def _titled(feed: Feed, title: str | None, language: str | None) -> Feed:
    shown = one_line(title or "", MAX_TITLE)
    return Feed(feed.url, feed.base, feed.index, shown, language_of(language), feed.now)


def _sentence(text: str) -> str:
    return clean_text(text)[:_SHOWN]


def _start(text: str) -> str:
    return repr(" ".join(clean_text(text[:_SHOWN]).split())[:40])
