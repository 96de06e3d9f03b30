"""Bytes of a feed or feed list to text, whatever the server, the declaration and the bytes disagree on.

The order is that of RFC 7303 section 3 (byte order mark, charset parameter, XML declaration), with what readers of
real feeds have learned: bytes that are valid UTF-8 and not plain ASCII are UTF-8 whatever is declared, a charset
that cannot decode the bytes is passed over, and one bad byte costs one character, not the document.
"""

import codecs
import re
from itertools import islice

from charset_normalizer import from_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SUPERSETS = {
    # Browsers read a label as the larger set that pages really use (WHATWG Encoding standard, section 4.2).
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
}
_STATEFUL = ("iso2022", "utf-7", "utf_7", "hz")
_EAST_ASIAN = frozenset({"gb18030", "big5hkscs", "big5", "cp932", "euc_jp", "cp949"})
_EAST_ASIAN_LETTER = re.compile("[\u0800-\U0010ffff]")
_EBCDIC_DECLARATION = b"\x4c\x6f\xa7\x94"
_SERVER_DEFAULTS = {"cp1252"}
_CHARSET_PARAMETER = re.compile(r"charset\s*=\s*[\"']?\s*([^\s;\"']+)", re.IGNORECASE)
_DECLARATION = re.compile(r"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']\s*([^\"'\s]{1,40})", re.IGNORECASE)
_META = re.compile(r"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([^\"'\s/>;]{1,40})", re.IGNORECASE)
_UNDECLARED = [
    # What undeclared bytes on the web are: the legacy defaults of browsers' locales. Rarer charsets share their
    # letters with these, and a detector that may choose them often does so wrongly.
    "cp1252", "cp1251", "cp1250", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256", "cp874", "gb18030", "big5",
    "cp932", "euc_jp", "cp949",
]  # fmt: skip
_HEAD = 2048
_SAMPLE = 256 * 1024


def text_of(data: bytes, content_type: str | None = None) -> str:
    """The text of a document: of `data`, served with the Content-Type header `content_type`, or None.

    Never raises: bytes that no charset explains become U+FFFD. The byte order mark is left out.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace")
    if data.startswith(_EBCDIC_DECLARATION):
        return data.decode(_named(_DECLARATION, data[:_HEAD].decode("cp037")) or "cp037", "replace")
    wide = _wide_encoding(data)
    if wide is not None:
        return data.decode(wide, "replace")
    candidates = _declared(data, content_type)
    if data.isascii():
        stateful = next((name for name in candidates if name.startswith(_STATEFUL)), "ascii")
        return data.decode(stateful, "replace")
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd") - data.count(b"\xef\xbf\xbd")
    if _is_damaged_utf8(text, bad) if bad else not _is_chance_utf8(text, candidates):
        return text
    return _as_declared(data, candidates) or data.decode(_guessed(data) or "utf-8", "replace")


def _declared(data: bytes, content_type: str | None) -> list[str]:
    """The codecs that the server and the document name, the more believable first."""
    served = _named(_CHARSET_PARAMETER, content_type or "")
    head = data[:_HEAD].decode("ascii", "replace")
    declared = _named(_DECLARATION, head) or _named(_META, head)
    named = [served, declared]
    if served in _SERVER_DEFAULTS:
        named.reverse()
    return [name for name in named if name is not None]


def _as_declared(data: bytes, candidates: list[str]) -> str | None:
    for name in candidates:
        if name == "utf-8":
            continue
        text = data.decode(name, "replace")
        # A few bytes that the charset lacks are damage; many mean that the label is wrong.
        if text.count("\ufffd") * 100 <= len(text):
            return text
    return None


def _wide_encoding(data: bytes) -> str | None:
    """UTF-16 or UTF-32 without a byte order mark, by the zero bytes around the first "<" or "{"."""
    start = data[:64]
    for first in (b"<", b"{"):
        for name in ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be"):
            if start.startswith(first.decode().encode(name)):
                width = 4 if "32" in name else 2
                following = [start[at : at + width] for at in range(width, len(start) - width + 1, width)]
                if width == 4 or all(b"\0" in unit for unit in islice(following, 3)):
                    return name
    return None


def _is_chance_utf8(text: str, candidates: list[str]) -> bool:
    """Whether bytes declared as Chinese, Japanese or Korean are valid UTF-8 only by chance.

    Few characters of those charsets may all look like two-byte sequences, which hold no letter of those scripts.
    """
    return any(name in _EAST_ASIAN for name in candidates) and not _EAST_ASIAN_LETTER.search(text)


def _is_damaged_utf8(text: str, bad: int) -> bool:
    """Whether a lenient decoding shows UTF-8 with a few bad bytes, rather than another charset.

    In another charset nearly every byte beyond ASCII is bad; in damaged UTF-8 most make characters.
    """
    sound = sum(not character.isascii() for character in islice(text, _SAMPLE)) - bad
    return sound > bad


def _named(pattern: re.Pattern[str], head: str) -> str | None:
    found = pattern.search(head)
    return _codec(found[1]) if found else None


def _codec(label: str) -> str | None:
    """Python's name of the codec that a charset label means, None for labels that name no text encoding."""
    try:
        info = codecs.lookup(label.strip().lower().replace("x-sjis", "shift_jis"))
    except (LookupError, ValueError):
        return None
    if not getattr(info, "_is_text_encoding", True):
        return None
    # Bytes that look like ASCII markup cannot be a wide encoding, whatever the label says.
    if info.name.startswith(("utf-16", "utf-32")):
        return None
    return _SUPERSETS.get(info.name, info.name)


def _guessed(data: bytes) -> str | None:
    """The likeliest charset: of those with the least mess and the most of a language, the most widely used."""
    matches = from_bytes(data[:_SAMPLE], cp_isolation=_UNDECLARED)
    ranked = sorted(
        (round(match.chaos, 2), -round(match.coherence, 2), _UNDECLARED.index(name))
        for match in matches
        if (name := match.encoding) in _UNDECLARED
    )
    return _UNDECLARED[ranked[0][2]] if ranked else None
