"""A page's visible text, roughly and fast: enough to count its letters and words, not to be stored."""

import html
import re
from typing import Final

from transforms.http.charsets import decode_text

_HIDDEN: Final = re.compile(
    r"<(script|style|template|svg|head)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL
)
_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG: Final = re.compile(r"<[^<>]*>")
_SPACE: Final = re.compile(r"\s+")
_LOOKED_AT: Final = 512 * 1024


def visible_text(body: bytes, content_type: str | None, enough: int) -> str:
    """The first `enough` characters of what a reader would see of an HTML page, scripts and head left out.

    Text inside <noscript> counts, as challenges put theirs there.
    """
    text = decode_text(body[:_LOOKED_AT], content_type)
    text = _TAG.sub(" ", _COMMENT.sub(" ", _HIDDEN.sub(" ", text)))
    return _SPACE.sub(" ", html.unescape(text)).strip()[:enough]
