"""Text as it is stored: valid UTF-8, one paragraph a line, no stray spaces."""

import re
from html import unescape
from unicodedata import normalize

_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff\u00ad\u200b\u2060]"
)
_SPACES = re.compile(r"[^\S\n]+")
_BREAKS = re.compile(r"\s*\n\s*")


def paragraphs(text: str) -> str:
    """The text in NFC, without controls, soft hyphens and other invisible letters, paragraphs parted by one newline."""
    text = _FORBIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return normalize("NFC", _BREAKS.sub("\n", _SPACES.sub(" ", text)).strip())


def line(text: str) -> str:
    """The text as one line, entities decoded (twice where a system has escaped them twice)."""
    text = unescape(unescape(text)) if "&" in text else text
    return normalize("NFC", " ".join(_FORBIDDEN.sub("", text).split()))
