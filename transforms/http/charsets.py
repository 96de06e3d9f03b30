"""The character encoding of a page: by byte order mark, header, declaration and, failing those, detection."""

import codecs
import re
from typing import Final

from charset_normalizer import from_bytes

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HEADER: Final = re.compile(r"charset\s*=\s*[\"']?\s*([^\s\"';,]+)", re.IGNORECASE)
_XML: Final = re.compile(rb"^\s*<\?xml[^>]*?\bencoding\s*=\s*[\"']([A-Za-z0-9._:-]+)", re.IGNORECASE)
_META: Final = re.compile(rb"<meta\b[^>]*?charset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]+)", re.IGNORECASE)
_COMMENT: Final = re.compile(rb"<!--.*?-->", re.DOTALL)
_DECLARED_WITHIN: Final = 4096
_DETECTED_FROM: Final = 64 * 1024
_MEANT: Final = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "utf-16": "utf-8",
    "utf-16-le": "utf-8",
    "utf-16-be": "utf-8",
    "utf-32": "utf-8",
    "utf-7": "utf-8",
}
"""What a label means on the web (WHATWG Encoding, 4.2): the superset that is really used. A declaration readable
as ASCII can't be UTF-16, so UTF-8 is meant."""
_LABELS: Final = {
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "ks_c_5601-1987": "cp949",
    "ksc5601": "cp949",
    "x-gbk": "gb18030",
    "x-euc-jp": "euc_jp",
    "x-cp1251": "cp1251",
    "win-1251": "cp1251",
    "windows1251": "cp1251",
    "utf8": "utf-8",
    "unicode": "utf-8",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-roman": "mac_roman",
}
_NO_CHARACTERS: Final = re.compile(
    r"(?:base64|bz2|hex|quopri|rot_?13|uu|zlib)(?:_codec)?|idna|punycode|undefined|.*escape|mbcs|oem"
)
"""Python's codecs that are no character encodings, or hang on the machine."""


def bom_encoding(body: bytes) -> str | None:
    """The encoding that a byte order mark at the start tells, None without one."""
    return next((name for mark, name in _BOMS if body.startswith(mark)), None)


def header_encoding(content_type: str | None) -> str | None:
    """The encoding that a Content-Type header names, None where it names none that is known."""
    match = _HEADER.search(content_type or "")
    return known_encoding(match[1]) if match else None


def declared_encoding(body: bytes) -> str | None:
    """The encoding that an XML declaration or a <meta> near the start names, None without one that is known."""
    start = body[:_DECLARED_WITHIN]
    match = _XML.search(start) or _META.search(_COMMENT.sub(b"", start))
    return known_encoding(match[1].decode("ascii")) if match else None


def known_encoding(label: str) -> str | None:
    """The Python name of the encoding that a label means on the web; None for one that is not known."""
    name = label.strip().lower()
    if name in _LABELS:
        return _LABELS[name]
    try:
        name = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return None if _NO_CHARACTERS.fullmatch(name.replace("-", "_")) else _MEANT.get(name, name)


def page_encoding(body: bytes, content_type: str | None) -> str:
    """The name of a body's encoding, as Python knows it.

    A byte order mark decides. Then whatever is valid UTF-8 and not plain ASCII is UTF-8, since text in another
    encoding hardly ever is by chance, and wrong labels are common. Then the header, the declaration, and
    detection by charset-normalizer, each where the body can be read so; last, windows-1252.
    """
    if mark := bom_encoding(body):
        return mark
    if body.isascii() or _is_utf8(body):
        return "utf-8"
    named = [name for name in (header_encoding(content_type), declared_encoding(body)) if name]
    fitting = next((name for name in named if _decodes(body, name)), None)
    if fitting or (named and (named[0] != "utf-8" or _mostly_utf8(body))):
        return fitting or named[0]
    best = from_bytes(body[:_DETECTED_FROM]).best()
    return best.encoding if best is not None else "cp1252"


def decode_text(body: bytes, content_type: str | None) -> str:
    """The body as text; what its encoding can't mean becomes U+FFFD."""
    return body.decode(page_encoding(body, content_type), "replace").removeprefix("\ufeff")


def _decodes(body: bytes, encoding: str) -> bool:
    try:
        body.decode(encoding)
    except (UnicodeError, LookupError):
        return False
    return True


def _is_utf8(body: bytes) -> bool:
    """Strict UTF-8, but for a character cut off at the end."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and error.end == len(body) and error.start > 0
    return True


def _mostly_utf8(body: bytes) -> bool:
    """Whether a body is UTF-8 with a few bad bytes: at most one in fifty of its other letters."""
    text = body.decode("utf-8", "replace")
    beyond_ascii = sum(1 for letter in text if letter > "\x7f")
    return text.count("\ufffd") * 50 <= beyond_ascii
