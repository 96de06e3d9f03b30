"""RSS, Atom and RDF by feedparser: its result to entries of ours.

feedparser is given UTF-8 bytes alone (it may take a string for a file or a URL), no base URL (so that ids stay as
written and links are resolved here), and does not sanitise (half of its time; plain text is made here).
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.sax import SAXException

import feedparser

from transforms.feeds.entry import Markup, RawEntry

_HEADERS = {"content-type": "application/xml; charset=utf-8"}
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml", "html", "xhtml"})
_DATES = ("published", "updated", "created")


@dataclass(frozen=True, slots=True)
class Syndicated:
    """What feedparser made of a document: version is "" where it knows no format, error is why XML was broken."""

    version: str
    feed: dict[str, Any]
    entries: list[dict[str, Any]]
    error: str | None


def read_syndication(xml: bytes) -> Syndicated:
    """Read RSS, Atom or RDF in UTF-8.

    Raises:
        Exception: whatever feedparser raises on what it did not foresee; it is known to.
    """
    result = feedparser.parse(
        io.BytesIO(xml), response_headers=dict(_HEADERS), sanitize_html=False, resolve_relative_uris=False
    )
    error = result.get("bozo_exception") if result.get("bozo") else None
    return Syndicated(
        version=result.get("version") or "",
        feed=result["feed"],
        entries=result["entries"],
        error=str(error) if isinstance(error, SAXException) else None,
    )


def syndicated_entries(found: Syndicated) -> Iterator[RawEntry]:
    """The entries in the feed's order; each is let go once it was given, as a feed may hold 100,000."""
    found.entries.reverse()
    while found.entries:
        yield _entry(found.entries.pop())


def text_field(holder: dict[str, Any], name: str) -> str | None:
    """A plain string of a feedparser dictionary, None where it is absent or no string.

    `dict.get` passes by the aliases of feedparser's dictionaries, which warn and answer with other fields.
    """
    value = dict.get(holder, name)
    return value if isinstance(value, str) and value else None


def markup_field(holder: dict[str, Any], name: str) -> Markup | None:
    """A field with the type that feedparser gave it."""
    value = text_field(holder, name)
    if value is None:
        return None
    detail = dict.get(holder, f"{name}_detail")
    kind = detail.get("type") if isinstance(detail, dict) else None
    return Markup(value, is_html=kind is None or kind in _HTML_TYPES)


def _entry(entry: dict[str, Any]) -> RawEntry:
    identifier = text_field(entry, "id")
    link = text_field(entry, "link")
    id_is_link = bool(dict.get(entry, "guidislink")) or (link is not None and link == identifier)
    links = [] if id_is_link and link == identifier else [link]
    links += [
        text_field(one, "href")
        for one in dict.get(entry, "links") or ()
        if isinstance(one, dict) and dict.get(one, "rel") == "alternate"
    ]
    content = _content(entry)
    return RawEntry(
        links=tuple(dict.fromkeys(one for one in links if one is not None)),
        id=identifier,
        id_is_link=id_is_link,
        title=markup_field(entry, "title"),
        authors=_authors(entry),
        dates=tuple((text_field(entry, name), dict.get(entry, f"{name}_parsed")) for name in _DATES),
        summary=markup_field(entry, "summary"),
        content=content,
        lang=_language(entry),
    )


def _content(entry: dict[str, Any]) -> Markup | None:
    """The longest of an entry's contents: feeds repeat a content in several types and lengths."""
    contents = dict.get(entry, "content")
    if not isinstance(contents, list):
        return None
    texts = [one for one in contents if isinstance(one, dict) and text_field(one, "value") is not None]
    if not texts:
        return None
    longest = max(texts, key=lambda one: len(one["value"]))
    return Markup(longest["value"], is_html=longest.get("type") in _HTML_TYPES)


def _authors(entry: dict[str, Any]) -> tuple[str, ...]:
    people = dict.get(entry, "authors")
    named = (
        [text_field(one, "name") for one in people if isinstance(one, dict)]
        if isinstance(people, list)
        else []
    )
    names = tuple(name for name in named if name is not None)
    alone = text_field(entry, "author")
    return names or ((alone,) if alone else ())


def _language(entry: dict[str, Any]) -> str | None:
    contents = dict.get(entry, "content")
    details = [contents[0] if isinstance(contents, list) and contents else None]
    details += [dict.get(entry, f"{name}_detail") for name in ("title", "summary")]
    for detail in details:
        language = text_field(detail, "language") if isinstance(detail, dict) else None
        if language:
            return language
    return text_field(entry, "language")
