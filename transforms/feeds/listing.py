"""Feed lists: OPML (nested folders, any version) and plain text with one URL a line.

A bad line never costs the others: it comes back as a problem with its line number.
"""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from schemas.feeds import FeedSource
from transforms.feeds.encoding import text_of
from transforms.urls import BadUrl, canonical_url

_ENTITY = re.compile(r"&(#[0-9]{1,7};|#x[0-9A-Fa-f]{1,6};|[A-Za-z][A-Za-z0-9]{0,31};)?")
_XML_ENTITIES = frozenset({"lt;", "gt;", "amp;", "quot;", "apos;"})
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_XML_URL = re.compile(r"\bxmlUrl\s*=\s*([\"'])([^<>]*?)\1", re.IGNORECASE)
_INLINE_COMMENT = re.compile(r"\s+#.*$")


@dataclass(frozen=True, slots=True)
class ListProblem:
    """A place of a feed list that gave no feed: line (from 1, None if unknown), what it says, and what to mend."""

    line: int | None
    text: str
    detail: str


@dataclass(frozen=True, slots=True)
class FeedList:
    """The feeds of a list in its order, what was wrong with it, and the repeats of feeds it had already named."""

    sources: tuple[FeedSource, ...]
    problems: tuple[ListProblem, ...]
    repeats: tuple[FeedSource, ...] = ()


@dataclass(frozen=True, slots=True)
class _Named:
    url: str
    title: str | None
    line: int | None


def parse_feed_list(data: bytes, name: str) -> FeedList:
    """The feeds that a list names.

    Args:
        data: the list, OPML if its first character is "<", else text with one URL a line ("#" starts a comment).
        name: the list's name, for the problems.
    """
    text = text_of(data)
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        return _gathered(_of_opml(text, name))
    return _gathered(_of_text(text, name))


def _gathered(items: Iterable[_Named | ListProblem]) -> FeedList:
    sources: list[FeedSource] = []
    problems: list[ListProblem] = []
    repeats: list[FeedSource] = []
    seen: dict[str, int] = {}
    for item in items:
        if isinstance(item, ListProblem):
            problems.append(item)
            continue
        try:
            canonical = canonical_url(item.url)
        except BadUrl as error:
            problems.append(ListProblem(item.line, item.url, str(error)))
            continue
        if canonical in seen:
            repeats.append(FeedSource(item.url, item.title, seen[canonical], item.line))
            continue
        seen[canonical] = len(sources)
        sources.append(FeedSource(item.url, item.title, len(sources), item.line))
    return FeedList(tuple(sources), tuple(problems), tuple(repeats))


def _of_text(text: str, name: str) -> Iterator[_Named | ListProblem]:
    empty = True
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        url = _INLINE_COMMENT.sub("", line.strip())
        if not url or url.startswith("#"):
            continue
        empty = False
        if re.search(r"\s", url):
            detail = "the line holds more than one word; write one URL a line, and comments after #"
            yield ListProblem(number, url, detail)
        else:
            yield _Named(url, None, number)
    if empty:
        yield ListProblem(None, "", f"{name} names no feed: it is empty or holds only comments")


def _of_opml(text: str, name: str) -> Iterator[_Named | ListProblem]:
    document = _ILLEGAL.sub("\ufffd", _ENTITY.sub(_sound_entity, text))
    root, broken = _tree(document)
    items = [] if root is None else list(_of_outlines(root))
    if broken is not None:
        yield broken
        items = _with_hidden(document, items)
    yield from items
    if not items:
        held = "it has no element" if root is None else f"its root is <{etree.QName(root).localname}>"
        yield ListProblem(None, "", f"{name} names no feed: {held}, and no <outline> in it has an xmlUrl")


def _tree(document: str) -> tuple[etree._Element | None, ListProblem | None]:
    """The root of an OPML document as far as it can be read, and where it is broken."""
    # The parser expands nothing and opens nothing: entities, DTDs and the network are off.
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=True, encoding="utf-8"
    )
    # A declaration may name another charset than the text now has; its lines are kept for the line numbers.
    document = _DECLARATION.sub(lambda found: "\n" * found[0].count("\n"), document.lstrip("\ufeff"))
    try:
        root: Any = etree.fromstring(document.encode(), parser)
    except etree.XMLSyntaxError as error:
        return None, ListProblem(error.lineno, "", f"the list is no XML: {error.msg}")
    for entry in parser.error_log:
        if entry.level >= etree.ErrorLevels.FATAL:
            detail = (
                f"the XML is broken here ({entry.message}); the feeds after it are read by their xmlUrl alone"
            )
            return root, ListProblem(entry.line, "", detail)
    return root, None


def _of_outlines(root: etree._Element) -> Iterator[_Named | ListProblem]:
    for outline in root.iter(etree.Element):
        if etree.QName(outline).localname.lower() == "outline":
            item = _of_outline(outline)
            if item is not None:
                yield item


def _with_hidden(document: str, items: list[_Named | ListProblem]) -> list[_Named | ListProblem]:
    """The items of a broken document in its order, with the feeds that the break hid from the parser."""
    document = _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), document)
    titles = {item.url: item.title for item in reversed(items) if isinstance(item, _Named)}
    merged: list[_Named | ListProblem] = [item for item in items if isinstance(item, ListProblem)]
    line, at = 1, 0
    for found in _XML_URL.finditer(document):
        line, at = line + document.count("\n", at, found.start()), found.start()
        url = html.unescape(found[2]).strip()
        if url:
            merged.append(_Named(url, titles.get(url), line))
    return merged


def _of_outline(outline: etree._Element) -> _Named | ListProblem | None:
    attributes = {str(key).lower(): str(value).strip() for key, value in outline.attrib.items()}
    line = _line_of(outline)
    title = attributes.get("title") or attributes.get("text") or None
    url = attributes.get("xmlurl")
    if url:
        return _Named(url, title, line)
    if url is not None or attributes.get("type", "").lower() in {"rss", "atom"}:
        return ListProblem(
            line, title or "", "the outline is a feed by its type but its xmlUrl is missing or empty"
        )
    return None


def _line_of(element: Any) -> int | None:
    return None if element.sourceline is None else int(element.sourceline)


def _sound_entity(found: re.Match[str]) -> str:
    """An entity that XML knows, or what is meant: HTML's names resolved, a bare ampersand escaped."""
    name = found[1]
    if name is None:
        return "&amp;"
    if name in _XML_ENTITIES:
        return found[0]
    text = html.unescape(found[0])
    return "&amp;" + name if text == found[0] else html.escape(text)
