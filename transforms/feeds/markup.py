"""HTML of feed fields to plain text, and text to valid Unicode that Parquet takes."""

import re
from typing import Any

from lxml import etree

from transforms.feeds.mojibake import mended

MAX_TITLE = 4_000
"""Characters of a title."""
MAX_TEXT = 1_048_576
"""Characters of a summary or content."""
_MAX_MARKUP = 4 * MAX_TEXT

_UNWANTED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_LINE_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]+")
_BREAKS = re.compile(r" ?\n[ \n]*")
_HIDDEN = frozenset(
    {"script", "style", "noscript", "iframe", "template", "svg", "math", "object", "head", "button", "select"}
)
_INLINE = frozenset(
    {
        "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "img",
        "ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time",
        "tt", "u", "var", "wbr", "html", "body",
    }
)  # fmt: skip


def clean_text(text: str) -> str:
    """The text without NULs, other control characters and lone surrogates, line breaks as newlines."""
    return _UNWANTED.sub("", _LINE_BREAKS.sub("\n", text))


def one_line(text: str, limit: int) -> str | None:
    """The text cleaned, its white space single spaces, cut at `limit` characters; None where nothing is left."""
    return " ".join(clean_text(text[: 4 * limit]).split())[:limit].rstrip() or None


def plain_text(markup: str, *, is_html: bool, limit: int = MAX_TEXT) -> tuple[str | None, bool]:
    """The text of a field, paragraphs separated by newlines, and whether it was cut by a limit.

    The text is None where nothing is left of it.
    """
    cut = len(markup) > _MAX_MARKUP
    text = clean_text(mended(markup[:_MAX_MARKUP]))
    if is_html and ("<" in text or "&" in text):
        text = _text_of_html(text)
    text = _BREAKS.sub("\n", _SPACES.sub(" ", text)).strip()
    if len(text) > limit:
        text, cut = text[:limit].rstrip(), True
    return text or None, cut


def _text_of_html(markup: str) -> str:
    # A target parser builds no tree, so depth costs nothing, and libxml2 reads any markup without an error.
    collector = _TextCollector()
    target: Any = collector  # the stubs ask for more than lxml does
    parser = etree.HTMLParser(target=target, no_network=True, huge_tree=True, recover=True)
    try:
        parser.feed(markup)
        parser.close()
    except (etree.ParserError, etree.XMLSyntaxError):
        # libxml2 gave up; what came before stays.
        return clean_text("".join(collector.pieces))
    return clean_text("".join(collector.pieces))


class _TextCollector:
    """Gathers visible text from parser events; block elements end a paragraph."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._hidden = 0

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag not in _INLINE:
            self.pieces.append("\n")

    def end(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag not in _INLINE and tag != "br":
            self.pieces.append("\n")

    def data(self, text: str) -> None:
        if not self._hidden:
            # A line break in HTML source is a space, not a new line.
            self.pieces.append(text.replace("\n", " "))

    def comment(self, _text: str) -> None:
        """Comments are no text."""

    def pi(self, _target: str, _data: str | None = None) -> None:
        """Processing instructions are no text."""

    def close(self) -> str:
        return ""
