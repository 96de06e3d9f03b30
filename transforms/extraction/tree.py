"""The page's tree: parsed once, by lxml, and made shallow enough for extractors that recurse."""

import re
from collections.abc import Iterator

from lxml import etree, html

MAX_DEPTH = 120
"""Levels of elements above which wrappers are taken out: extractors recurse, and pages of news nest some 40 deep."""
PARSER_DEPTH = 2048
"""The level below which libxml2 keeps nothing, even with `huge_tree`."""
_KEPT_WHEN_DEEP = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "script", "style", "time", "a", "br", "img"}
)
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r") + b"\x7f"
_REFERENCE = re.compile(rb"&#(?:[xX]([0-9a-fA-F]{1,12})|([0-9]{1,12}));?")
"""A character by number; longer numbers mean none, and are left as text."""
_beyond_max = etree.XPath(f"boolean(/{'*/' * MAX_DEPTH}*)")


def _allowed(reference: re.Match[bytes]) -> bytes:
    """The reference, or nothing where it stands for what XML's characters leave out."""
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    if code in {9, 10, 13} or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000:
        return reference[0]
    return b""


def parse(markup: str) -> html.HtmlElement | None:
    """The root element of the page, None where there is no element at all.

    Controls and lone surrogates, written plainly or by number, are taken out: lxml could read but not write them.
    The page is given to libxml2 as UTF-8, so a declaration of another charset within it has no effect. `huge_tree`
    lifts the limits of 256 levels and 10 MB a text node at which the parser would stop without an error.
    """
    parser = html.HTMLParser(
        encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True, collect_ids=False
    )
    data = markup.encode("utf-8", errors="replace").translate(None, _CONTROLS)
    data = _REFERENCE.sub(_allowed, data)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, etree.ParserError, ValueError):
        return None
    return root if isinstance(root, html.HtmlElement) else None


def flatten(root: html.HtmlElement) -> int:
    """Take out the wrappers that nest deeper than MAX_DEPTH, their text and children stay; gives the page's depth."""
    if not _beyond_max(root):
        return MAX_DEPTH
    deepest, wrappers = 0, []
    for level, element in _levels(root):
        deepest = max(deepest, level)
        if level > MAX_DEPTH and element.tag not in _KEPT_WHEN_DEEP:
            wrappers.append(element)
    for element in reversed(wrappers):
        element.drop_tag()
    return deepest


def _levels(root: html.HtmlElement) -> Iterator[tuple[int, html.HtmlElement]]:
    level = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "start":
            level += 1
            yield level, element
        else:
            level -= 1
