"""A page as a row of text blocks: what a reader sees, cut where block elements begin and end."""

import re
from dataclasses import dataclass
from typing import Any

from lxml import html

from transforms.extraction.vocabulary import is_clutter, is_standfirst

SKIPPED = frozenset(
    "script style noscript template iframe svg canvas button select option input textarea figcaption picture video "
    "audio object embed dialog map head title link meta source track datalist progress math frameset".split()
)
"""Elements whose text is never part of an article."""
GUARDED = frozenset("nav footer aside form figure menu".split())
"""Elements that are left out unless they hold most of the page's paragraphs."""
INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr q rp rt ruby s samp small "
    "span strike strong sub sup time tt u var wbr".split()
)
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_KIND = {"li": "item", "dd": "item", "dt": "item", "blockquote": "quote", "td": "cell", "th": "cell", "p": "paragraph"}
_KIND |= dict.fromkeys(HEADINGS, "heading")
_ROLES = frozenset({"navigation", "complementary", "search", "dialog", "alertdialog", "contentinfo", "banner"})
_NEVER_CLUTTER = frozenset({"main", "article", "body", "html", "blockquote"})
_MOST = 0.6
_LINE_BREAK = "\x1e"  # a control character, which the parsed text cannot hold
_WIDE = re.compile("[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef]")


@dataclass(slots=True, eq=False)
class Block:
    """A run of text between two block boundaries.

    `links` counts the characters inside links. `kind` is paragraph, heading, item, quote, cell or other (text straight
    in a div or the like). `standfirst` tells what the classes around it say; `slanted` that all of it is italic or small.
    """

    text: str
    links: int
    kind: str
    element: html.HtmlElement
    standfirst: bool
    slanted: bool

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

    def read(self) -> None:
        self._walk(self._body, "other", self._body, in_link=False, standfirst=False)
        self._end_block("other", self._body, standfirst=False)

    def _walk(
        self, element: html.HtmlElement, kind: str, holder: html.HtmlElement, *, in_link: bool, standfirst: bool
    ) -> None:
        if element.text:
            self._add(element.text, in_link=in_link)
        for child in element:
            tag = child.tag
            if tag == "br":
                self._text.append(_LINE_BREAK)
            elif tag in SKIPPED or self._is_clutter(child, tag):
                self.left_out.append(child)
            elif tag in INLINE:
                self._walk(child, kind, holder, in_link=in_link or tag == "a", standfirst=standfirst)
            else:
                self._end_block(kind, holder, standfirst=standfirst)
                inner = _KIND.get(tag, "other")
                if (inner == "other" and kind != "paragraph") or (inner == "paragraph" and kind in {"item", "quote"}):
                    inner = kind
                names = child.get("class")
                first = standfirst or (names is not None and is_standfirst(names))
                self._walk(child, inner, child, in_link=in_link, standfirst=first)
                self._end_block(inner, child, standfirst=first)
            if child.tail:
                self._add(child.tail, in_link=in_link)

    def _add(self, text: str, *, in_link: bool) -> None:
        self._text.append(text)
        if in_link:
            self._links += sum(map(len, text.split()))

    def _end_block(self, kind: str, element: html.HtmlElement, *, standfirst: bool) -> None:
        if self._text:
            lines = (" ".join(line.split()) for line in "".join(self._text).split(_LINE_BREAK))
            text = "\n".join(line for line in lines if line)
            if text:
                block = Block(text, self._links, kind, element, standfirst, _slanted(element))
                self.blocks.append(block)
            self._text = []
        self._links = 0

    def _is_clutter(self, element: html.HtmlElement, tag: str) -> bool:
        if tag in _NEVER_CLUTTER:
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


def _says_clutter(attributes: Any) -> bool:
    names = f"{attributes.get('class', '')} {attributes.get('id', '')}"
    if len(names) > 1 and is_clutter(names):
        return True
    if attributes.get("role") in _ROLES or "hidden" in attributes:
        return True
    style = attributes.get("style")
    return style is not None and "display:none" in style.replace(" ", "")


def _slanted(element: html.HtmlElement) -> bool:
    if len(element) == 0 or (element.text and element.text.strip()):
        return False
    return all(
        child.tag in {"em", "i", "small", "br"} and not (child.tail and child.tail.strip()) for child in element
    )


def _length(element: html.HtmlElement) -> int:
    return sum(map(len, element.itertext()))
