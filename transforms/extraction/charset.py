"""Which characters a page's bytes stand for: byte-order mark, header, declaration in the page, detection.

The order is that of the HTML standard's encoding sniffing algorithm (WHATWG HTML, 13.2.3.2), with one
departure: bytes that are valid UTF-8 and not plain ASCII are UTF-8 whatever a header or page claims, as a text in
another charset is practically never valid UTF-8 by accident.
"""

import codecs
import re

from charset_normalizer import from_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_DECLARED = re.compile(rb"<(?:meta|\?xml)\b[^>]{0,400}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.I)
_SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
}
"""Labels that browsers take for a larger charset (WHATWG Encoding, 4.2)."""
_SNIFFED = 4096
_DETECTED = 65536


def decode(body: bytes, content_type: str | None) -> str:
    """The text of the bytes; what a charset cannot read becomes U+FFFD, NUL and lone surrogates vanish."""
    text = _decode(body, content_type)
    if "\x00" in text:
        text = text.replace("\x00", "")
    return text


def _decode(body: bytes, content_type: str | None) -> str:
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, errors="replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        # a page cut in the middle of a letter, or with one bad byte in many good ones, is UTF-8 still
        bad_at = error.start
    declared = _HEADER.search(content_type or "")
    names = [declared[1]] if declared else []
    names += [match[1].decode("ascii", "replace") for match in _DECLARED.finditer(body[:_SNIFFED])]
    wide = _wide(body)
    if wide is not None:
        return body.decode(wide, errors="replace")
    replaced = body.decode("utf-8", errors="replace")
    if bad_at >= len(body) - 3 or _mostly_utf8(body, replaced):
        return replaced
    for name in names:
        codec = _codec(name)
        if codec is not None and codec not in {"utf-8", "utf-16", "utf-16-le", "utf-16-be"}:
            return body.decode(codec, errors="replace")
    found = from_bytes(body[:_DETECTED]).best()
    codec = _codec(found.encoding) if found is not None else None
    return replaced if codec is None else body.decode(codec, errors="replace")


def _codec(name: str) -> str | None:
    """The codec for a label, or None where it is unknown or no text codec (base64 and the like)."""
    try:
        info = codecs.lookup(name.strip().lower())
    except (LookupError, ValueError):
        return None
    if not getattr(info, "_is_text_encoding", True) or info.name in {"utf-7", "idna", "punycode"}:
        return None
    return _SUPERSETS.get(info.name, info.name)


def _wide(body: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of markup is NUL."""
    head = body[:_SNIFFED]
    if len(head) < 4:
        return None
    half = len(head) // 2
    if head[1::2].count(0) > half * 0.4 and head[::2].count(0) < half * 0.1:
        return "utf-16-le"
    if head[::2].count(0) > half * 0.4 and head[1::2].count(0) < half * 0.1:
        return "utf-16-be"
    return None


def _mostly_utf8(body: bytes, replaced: str) -> bool:
    """Whether multi-byte letters read well as UTF-8 outnumber the bytes that do not by far."""
    bad = replaced.count("�")
    good = sum(1 for letter in replaced if letter > "\x7f") - bad
    return good > 10 * bad and len(body) > len(replaced)
