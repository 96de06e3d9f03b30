"""Article text that a page carries for machines: `articleBody` in JSON-LD, or markup in the data of its scripts.

Pages built in the browser hold their article only there. Of the scripts, string literals are read that hold HTML
paragraphs, as the frameworks that render on both sides write them.
"""

import json
import re
from collections.abc import Iterator

from lxml import html

from transforms.extraction import tree
from transforms.extraction.blocks import read_blocks
from transforms.extraction.structured_data import StructuredData, text_of

_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_PARAGRAPH = re.compile(r"<p[\s>]|<br", re.IGNORECASE)
_ESCAPED_PARAGRAPH = re.compile(r"(?:<|\\u003c|&lt;)p(?:[\s>]|\\u003e|&gt;)", re.IGNORECASE)
_MAX_SCRIPT = 3_000_000
_LEAST = 500


def body_of(data: StructuredData) -> str:
    """The longest `articleBody` of the page's articles as plain text, empty where there is none."""
    bodies = [text for node in data.articles if (text := text_of(node.get("articleBody")))]
    body = max(bodies, key=len, default="")
    return _plain(body) if "<" in body else body


def script_text(root: html.HtmlElement) -> str:
    """The longest run of HTML paragraphs in the page's scripts as plain text, empty where there is none."""
    found = max(_literals(root), key=len, default="")
    return _plain(found)


def _literals(root: html.HtmlElement) -> Iterator[str]:
    for script in root.iter("script"):
        source = script.text or ""
        if len(source) > _MAX_SCRIPT or not _ESCAPED_PARAGRAPH.search(source):
            continue
        for match in _LITERAL.finditer(source):
            if len(match[1]) < _LEAST or not _ESCAPED_PARAGRAPH.search(match[1]):
                continue
            try:
                value = json.loads(f'"{match[1]}"', strict=False)
            except ValueError:
                continue
            yield from _markup(value)


def _markup(value: str) -> Iterator[str]:
    """The markup in a string: itself, or strings within it where it is JSON (or rows of JSON) in its turn."""
    if value.lstrip().startswith("<") or '"' not in value:
        if len(_PARAGRAPH.findall(value)) > 1:
            yield value
        return
    inner = [match[1] for match in _LITERAL.finditer(value) if len(match[1]) >= _LEAST]
    for text in inner:
        if len(_ESCAPED_PARAGRAPH.findall(text)) > 1:
            try:
                yield json.loads(f'"{text}"', strict=False)
            except ValueError:
                continue
    if not inner and len(_PARAGRAPH.findall(value)) > 1:
        yield value


def _plain(markup: str) -> str:
    root = tree.parse(markup)
    if root is None:
        return ""
    tree.flatten(root)
    return "\n".join(block.text for block in read_blocks(root).blocks)
