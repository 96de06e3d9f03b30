"""Feeds that an HTML page names in its head (RSS autodiscovery)."""

import re
from typing import Any
from urllib.parse import urljoin

from lxml import etree

from transforms.feeds.markup import clean_text
from transforms.urls import BadUrl, fetchable_url

MAX_ALTERNATES = 20
"""Feeds named at most; blogs name one for every category."""

_HEAD = 512 * 1024
_DOCTYPE = re.compile(r"<!doctype\s+html[^>]*>", re.IGNORECASE)
_HTML = re.compile(r"<(?:html|head|body)[\s>]", re.IGNORECASE)
_FEED = re.compile(r"<(?:[\w.-]+:)?(?:rss|feed|rdf|channel)[\s>]", re.IGNORECASE)
_BEFORE_ROOT = re.compile(r"\s+|<\?[^>]*>|<!--.*?-->", re.DOTALL)
_FEED_TYPES = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"}
)


def looks_like_html(text: str) -> bool:
    """Whether a document is a web page: its first element is HTML's, or its doctype is and no feed follows."""
    at = _after_prologue(text, 0)
    doctype = _DOCTYPE.match(text, at)
    if doctype is not None:
        return _FEED.match(text, _after_prologue(text, doctype.end())) is None
    return _HTML.match(text, at) is not None


def _after_prologue(text: str, at: int) -> int:
    """Where white space, comments and processing instructions end."""
    while found := _BEFORE_ROOT.match(text, at):
        at = found.end()
    return at


def feed_links(text: str, page_url: str) -> tuple[str, ...]:
    """The feeds that an HTML page names by `<link rel="alternate">`, absolute, in its order, each once."""
    collector = _LinkCollector()
    target: Any = collector  # the stubs ask for more than lxml does
    parser = etree.HTMLParser(target=target, no_network=True, recover=True)
    try:
        parser.feed(clean_text(text[:_HEAD]))
        parser.close()
    except (etree.ParserError, etree.XMLSyntaxError):
        # libxml2 gave up; the links that came before stay.
        pass
    base = urljoin(page_url, collector.base) if collector.base else page_url
    found: dict[str, None] = {}
    for href in collector.hrefs:
        try:
            found[fetchable_url(urljoin(base, href))] = None
        except (BadUrl, ValueError):
            continue
    return tuple(found)[:MAX_ALTERNATES]


class _LinkCollector:
    """Gathers the feed links of a page from parser events."""

    def __init__(self) -> None:
        self.base: str | None = None
        self.hrefs: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        href = attributes.get("href")
        if not href:
            return
        if tag == "base" and self.base is None:
            self.base = href.strip()
        elif tag == "link" and "alternate" in attributes.get("rel", "").lower().split():
            kind = attributes.get("type", "").lower().partition(";")[0].strip()
            if kind in _FEED_TYPES:
                self.hrefs.append(href.strip())

    def close(self) -> None:
        """The parser is done."""
