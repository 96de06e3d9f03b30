"""From a page's bytes to an article, or the reason why there is none."""

from datetime import datetime
from urllib.parse import urljoin

from schemas.dead_letters import Reason
from schemas.entries import Entry
from schemas.extraction import Extraction, Refusal
from transforms.extraction import tree
from transforms.extraction.bylines import authors
from transforms.extraction.entry_match import is_another_page, own_headings
from transforms.extraction.feed_text import extract_from_feed
from transforms.extraction.headline import headline
from transforms.extraction.hints import hints_of, squeeze
from transforms.extraction.main_text import main_text
from transforms.extraction.plain_text import line, paragraphs
from transforms.extraction.publication_time import publication_time
from transforms.extraction.site_names import site_names
from transforms.extraction.structured_data import read
from transforms.http.charsets import decode_text
from transforms.http.content import sniffed_type
from transforms.language import detect_language

_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_SNIFFED = 4096
_FEWEST_LETTERS = 25
_STUB = 720
"""Characters below which a page's text gives way to a feed's content that says much more: a paywall's first lines."""
_MUCH_LONGER = 1.5
_ANOTHER_PAGE = "the page declares no article and speaks of nothing that the feed's title names"


def extract_page(
    body: bytes, *, content_type: str | None, url: str, entry: Entry, now: datetime
) -> Extraction | Refusal:
    """The article of a page; the feed's own text where the page has none; else a Refusal with its reason.

    Args:
        body: the response's bytes, decoded of any content encoding.
        content_type: the response's Content-Type header, None where it had none.
        url: where the redirects ended.
        entry: what the feed says of the article.
        now: the clock, against which dates in the future are refused.

    Never raises for bad input: any bytes give an Extraction or a Refusal (empty, wrong_type, too_deep, no_text).
    """
    refusal = _no_page(body, content_type)
    if refusal is not None:
        return _feed_or(refusal, entry, now)
    root = tree.parse(decode_text(body, content_type))
    if root is None:
        return _feed_or(Refusal(Reason.EMPTY, "the page has no elements"), entry, now)
    depth = tree.flatten(root)
    data = read(root)
    sites = site_names(data, url, entry.feed_title)
    title = headline(root, data, entry, sites)
    names = authors(root, data, entry, sites)
    time = publication_time(root, data, entry, url, now)
    headings = own_headings(root, data)
    found = main_text(root, data, hints_of(data, entry))
    text = paragraphs(found.text) if found else ""
    if found is None or len(squeeze(text[:_SNIFFED])) < _FEWEST_LETTERS:
        return _feed_or(_without_text(depth), entry, now)
    if is_another_page(entry, data, headings, text):
        return _feed_or(Refusal(Reason.NO_TEXT, _ANOTHER_PAGE), entry, now)
    if len(text) < _STUB and len(entry.content or "") > _MUCH_LONGER * len(text):
        fuller = extract_from_feed(entry, now=now)
        if isinstance(fuller, Extraction):
            return fuller
    site = data.first_meta("og:site_name", "application-name")
    return Extraction(
        text=text,
        text_source="page",
        text_method=found.method,
        title=title,
        authors=names,
        published_at=time.at,
        published_source=time.source,
        published_precision=time.precision,
        lang=detect_language(text, data.html_lang or entry.lang),
        site_name=line(site) if site else entry.feed_title,
        declared_canonical_url=_absolute(data.canonical, url),
    )


def _absolute(canonical: str | None, url: str) -> str | None:
    """The declared canonical URL, absolute; None where it is none on the web."""
    if canonical is None:
        return None
    try:
        absolute = urljoin(url, canonical)
    except ValueError:
        return None
    return absolute if absolute.startswith(("http://", "https://")) else None


def _no_page(body: bytes, content_type: str | None) -> Refusal | None:
    """Why a body is no page at all, None where it is one."""
    if not body.strip():
        return Refusal(Reason.EMPTY, "the page has no content")
    kind = sniffed_type(body[:_SNIFFED].translate(None, b"\x00"), content_type)
    if kind not in _PAGE_TYPES:
        return Refusal(Reason.WRONG_TYPE, f"not a page but {kind or 'of no known type'}")
    return None


def _without_text(depth: int) -> Refusal:
    if depth >= tree.PARSER_DEPTH - 8:
        return Refusal(Reason.TOO_DEEP, f"the page nests its elements {tree.PARSER_DEPTH} deep or deeper")
    return Refusal(Reason.NO_TEXT, "no article text was found on the page")


def _feed_or(refusal: Refusal, entry: Entry, now: datetime) -> Extraction | Refusal:
    """The feed's own text, or the refusal where the feed has none."""
    found = extract_from_feed(entry, now=now)
    return found if isinstance(found, Extraction) else refusal
