"""A page as a row of text blocks: what a reader sees, cut where block elements begin and end."""

import re
from dataclasses import dataclass
from typing import Any

from lxml import html

from transforms.extraction.vocabulary import (
    LONGEST,
    class_of,
    is_clutter,
    is_embed,
    is_excerpt,
    is_standfirst,
    is_subheading,
    word_set,
)

SKIPPED = word_set(
    "script style noscript template iframe svg canvas button select option input textarea figcaption picture video "
    "audio object embed dialog map head title link meta source track datalist progress math frameset"
)
"""Elements whose text is never part of an article."""
GUARDED = word_set("nav footer aside form figure menu")
"""Elements that are left out unless they hold most of the page's paragraphs."""
INLINE = word_set(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr q rp rt ruby s samp small "
    "span strike strong sub sup time tt u var wbr"
)
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_KIND = {
    "li": "item",
    "dd": "item",
    "dt": "item",
    "blockquote": "quote",
    "td": "cell",
    "th": "cell",
    "p": "paragraph",
}
_KIND |= dict.fromkeys(HEADINGS, "heading")
_ROLES = frozenset(
    {"navigation", "complementary", "search", "dialog", "alertdialog", "contentinfo", "banner"}
)
_NEVER_CLUTTER = frozenset({"main", "article", "body", "html", "blockquote"})
_MOST = 0.6
_LINE_BREAK = "\x1e"  # a control character, which the parsed text cannot hold
_WIDE = re.compile("[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef]")


@dataclass(slots=True, eq=False)
class Block:
    """A run of text between two block boundaries.

    `links` counts the characters inside links. `kind` is paragraph, heading, item, quote, cell or other (text straight
    in a div or the like). `standfirst` and `excerpt` tell what the classes around it say, `slanted` that all of it is
    italic or small, `after_clutter` that something was left out between it and the block before.
    """

    text: str
    links: int
    kind: str
    element: html.HtmlElement
    standfirst: bool
    excerpt: bool
    slanted: bool
    after_clutter: bool

    @property
    def size(self) -> int:
        """Characters, those of East Asian scripts counting twice, as they say twice as much."""
        return len(self.text) * 2 if _WIDE.search(self.text[:40]) else len(self.text)


@dataclass(frozen=True, slots=True)
class PageBlocks:
    """The blocks of a page in order, and the elements that were left out of them."""

    blocks: list[Block]
    left_out: list[html.HtmlElement]


def read_blocks(root: html.HtmlElement) -> PageBlocks:
    """The text blocks of the page, without what its elements, classes and roles say is no article text."""
    reader = _Reader(root)
    reader.read()
    return PageBlocks(reader.blocks, reader.left_out)


@dataclass(frozen=True, slots=True)
class _Within:
    """What the elements around a piece of text say of it."""

    link: bool = False
    standfirst: bool = False
    excerpt: bool = False

    def linked(self) -> "_Within":
        return _Within(link=True, standfirst=self.standfirst, excerpt=self.excerpt)


class _Reader:
    """One walk over the tree, in document order."""

    def __init__(self, root: html.HtmlElement) -> None:
        body = root.find("body")
        self.blocks: list[Block] = []
        self.left_out: list[html.HtmlElement] = []
        self._body = root if body is None else body
        self._paragraphs = sum(_length(element) for element in root.iter("p"))
        self._count_all = self._paragraphs < 300
        self._whole = self._mass(self._body) or 1
        self._text: list[str] = []
        self._links = 0
        self._clutter = False

    def read(self) -> None:
        self._walk(self._body, "other", self._body, _Within())
        self._end_block("other", self._body, _Within())

    def _walk(
        self, element: html.HtmlElement, kind: str, holder: html.HtmlElement, within: "_Within"
    ) -> None:
        if element.text:
            self._add(element.text, within)
        for child in element:
            tag = child.tag
            if tag == "br":
                self._text.append(_LINE_BREAK)
            elif tag in SKIPPED or self._is_clutter(child, tag):
                self.left_out.append(child)
                self._clutter = self._clutter or tag not in SKIPPED
            elif tag in INLINE:
                linked = within.link or (tag == "a" and not child.get("href", "#").startswith("#"))
                self._walk(child, kind, holder, within if linked == within.link else within.linked())
            else:
                self._end_block(kind, holder, within)
                names = class_of(child)
                inner = _kind(tag, kind, names)
                inside = within if names is None else self._beneath(child, names, within)
                self._walk(child, inner, child, inside)
                self._end_block(inner, child, inside)
            if child.tail:
                self._add(child.tail, within)

    def _beneath(self, element: html.HtmlElement, names: str, within: "_Within") -> "_Within":
        """What is said of the text in an element; that most of the page is an excerpt is not believed."""
        standfirst = within.standfirst or is_standfirst(names)
        excerpt = within.excerpt or (is_excerpt(names) and self._mass(element) < _MOST * self._whole)
        if (standfirst, excerpt) == (within.standfirst, within.excerpt):
            return within
        return _Within(link=within.link, standfirst=standfirst, excerpt=excerpt)

    def _add(self, text: str, within: "_Within") -> None:
        self._text.append(text)
        if within.link:
            self._links += sum(map(len, text.split()))

    def _end_block(self, kind: str, element: html.HtmlElement, within: "_Within") -> None:
        if self._text:
            lines = (" ".join(line.split()) for line in "".join(self._text).split(_LINE_BREAK))
            text = "\n".join(line for line in lines if line)
            if text:
                self.blocks.append(
                    Block(
                        text=text,
                        links=self._links,
                        kind=kind,
                        element=element,
                        standfirst=within.standfirst,
                        excerpt=within.excerpt,
                        slanted=_slanted(element),
                        after_clutter=self._clutter,
                    )
                )
                self._clutter = False
            self._text = []
        self._links = 0

    def _is_clutter(self, element: html.HtmlElement, tag: str) -> bool:
        if tag in _NEVER_CLUTTER or (tag in {"div", "section"} and _holds_quoted_post(element)):
            return False
        attributes = element.attrib
        if tag != "p" and attributes.get("aria-hidden") == "true":
            return self._mass(element) < _MOST * self._whole
        if not (tag in GUARDED or (attributes and _says_clutter(attributes))):
            return False
        return self._mass(element) < _MOST * self._whole

    def _mass(self, element: html.HtmlElement) -> int:
        """Characters in paragraphs beneath the element; in any text on a page of few paragraphs."""
        if not self._count_all:
            return sum(_length(paragraph) for paragraph in element.iter("p"))
        return sum(
            len(part.text or "") + len(part.tail or "") for part in element.iter() if part.tag not in SKIPPED
        )


def _kind(tag: str, around: str, names: str | None) -> str:
    """The kind of a block by its element, the kind around it and its class."""
    kind = _KIND.get(tag, "other")
    if (kind == "other" and around != "paragraph") or (kind == "paragraph" and around in {"item", "quote"}):
        kind = around
    if kind in {"other", "paragraph"} and names is not None and is_subheading(names):
        return "heading"
    return kind


def _says_clutter(attributes: Any) -> bool:
    names = f"{attributes.get('class', '')[:LONGEST]} {attributes.get('id', '')[:LONGEST]}"
    if len(names) > 1 and is_clutter(names):
        return True
    if attributes.get("role") in _ROLES or "hidden" in attributes:
        return True
    style = attributes.get("style")
    return style is not None and "display:none" in style.replace(" ", "")


def _holds_quoted_post(element: html.HtmlElement) -> bool:
    """Whether an embedding element holds a post as a quotation, which readers without scripts see as text."""
    names = class_of(element)
    if names is None or "embed" not in names or not is_embed(names):
        return False
    return next(element.iter("blockquote"), None) is not None


def _slanted(element: html.HtmlElement) -> bool:
    if len(element) == 0 or (element.text and element.text.strip()):
        return False
    return all(
        child.tag in {"em", "i", "small", "br"} and not (child.tail and child.tail.strip())
        for child in element
    )


def _length(element: html.HtmlElement) -> int:
    return sum(map(len, element.itertext()))
