"""What a feed's XML needs before feedparser sees it: legal characters, bounded fields, a bounded count of items.

Each repair keeps one broken place from costing the whole feed: an illegal character makes the strict parser give
up, an impossible character reference makes the lenient one raise, and a long author meets a regular expression of
quadratic cost (feedparser issue 562).
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from html import escape

MAX_SHORT_FIELD = 1_000
"""Characters kept of a person or a date, mark-up included, once it is longer than four times as much."""

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCE = re.compile(r"&#(?:[xX]([0-9A-Fa-f]+)|([0-9]+))(;?)")
_DECLARATION = re.compile(r"\s*<\?xml\s[^>]*>", re.IGNORECASE)
_FEED = re.compile(r"<(?:[\w.-]+:)?(?:rss|feed|rdf|channel)[\s>]", re.IGNORECASE)
_JUNK = 10_000
_SHORT_FIELD = re.compile(
    r"<((?:[\w.-]+:)?(?:author|creator|contributor|managingeditor|webmaster|publisher|owner|name|email|uri"
    r"|pubdate|published|updated|modified|issued|created|date|lastbuilddate|expirationdate))(?:\s[^<>]*)?(?<!/)>",
    re.IGNORECASE,
)
_TAG_OR_CDATA = re.compile(r"<!\[CDATA\[|\]\]>|<[^<>]*>")
_ITEM = re.compile(r"<(?:[\w.-]+:)?(?:item|entry)(?=[\s>])", re.IGNORECASE)
_ITEM_END = re.compile(r"</(?:[\w.-]+:)?(?:item|entry)\s*>", re.IGNORECASE)
_ROOT = re.compile(r"<([A-Za-z_][\w.:-]*)")
_SPACES = re.compile(r"\s{2,}")
_CHANNEL = re.compile(r"<((?:[\w.-]+:)?channel)(?=[\s>])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Repaired:
    """XML for feedparser, in UTF-8 and declared so, and whether items were left out."""

    xml: bytes
    truncated: bool


def repaired(text: str, *, max_entries: int, cut: bool = False) -> Repaired:
    """The feed's text, fit for feedparser.

    Args:
        text: the feed as text.
        max_entries: items beyond this many are left out.
        cut: whether the body was cut off, so that its last item may be half an item, to be left out.
    """
    body = _prologue_squeezed(text[_start(text) :])
    body = _REFERENCE.sub(_legal_reference, _ILLEGAL.sub("\ufffd", body))
    body = _short_fields_bounded(body)
    end = _end_of_items(body, max_entries, cut=cut)
    truncated = cut or end is not None
    if end is not None:
        body = body[:end] + _closing_tags(body[:end])
    return Repaired(b'<?xml version="1.0" encoding="utf-8"?>\n' + body.encode(), truncated)


def _start(text: str) -> int:
    """Where the XML begins: after its declaration, and what a script printed before it (PHP warnings)."""
    declaration = _DECLARATION.search(text, 0, _JUNK)
    if declaration is None or _FEED.search(text, 0, declaration.start()):
        return 0
    return declaration.end()


def _prologue_squeezed(text: str) -> str:
    """The text with runs of white space before its first element made one: feedparser is quadratic in them."""
    first = _ROOT.search(text)
    end = len(text) if first is None else first.start()
    return _SPACES.sub("\n", text[:end]).lstrip() + text[end:]


def _legal_reference(found: re.Match[str]) -> str:
    digits = found[1] or found[2]
    if len(digits) > 8:
        return "\ufffd"
    code = int(digits, 16 if found[1] else 10)
    if (
        code in {0x9, 0xA, 0xD}
        or 0x20 <= code <= 0xD7FF
        or 0xE000 <= code <= 0xFFFD
        or 0x10000 <= code <= 0x10FFFF
    ):
        return found[0]
    return "\ufffd"


def _short_fields_bounded(text: str) -> str:
    pieces: list[str] = []
    done = 0
    unclosed: set[str] = set()
    for found in _SHORT_FIELD.finditer(text):
        name = found[1].lower()
        if found.start() < done or name in unclosed:
            continue
        closing = _closing(name).search(text, found.end())
        if closing is None:
            # Nothing after this closes such a field: looking again would cost the length of the feed each time.
            unclosed.add(name)
        end = len(text) if closing is None else closing.start()
        if end - found.end() <= 4 * MAX_SHORT_FIELD or _ITEM.search(text, found.end(), end):
            continue
        inside = _TAG_OR_CDATA.sub(" ", text[found.end() : end])[:MAX_SHORT_FIELD]
        pieces += [text[done : found.end()], escape(inside, quote=False)]
        done = end
    pieces.append(text[done:])
    return "".join(pieces)


@lru_cache(maxsize=256)
def _closing(name: str) -> re.Pattern[str]:
    return re.compile(f"</{re.escape(name)}(?=[\\s>])", re.IGNORECASE)


def _end_of_items(text: str, max_entries: int, *, cut: bool) -> int | None:
    """Where the text must end so that it holds no item too many and no half item; None where it may stay."""
    last = None
    for count, found in enumerate(_ITEM.finditer(text)):
        if count == max_entries:
            return found.start()
        last = found
    if cut and last is not None and not _ITEM_END.search(text, last.end()):
        return last.start()
    return None


def _closing_tags(text: str) -> str:
    """The end tags that a feed cut between two items lacks."""
    root = _ROOT.search(text)
    channel = _CHANNEL.search(text)
    tags = ""
    if channel is not None and f"</{channel[1]}" not in text:
        tags += f"</{channel[1]}>"
    return tags + (f"</{root[1]}>" if root is not None else "")
