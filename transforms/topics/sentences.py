"""Where the sentences of a text begin. The rules decide sentence by sentence (IndiaPoliceEvents, Halterman 2021)."""

import re
from functools import cache

# It begins with one class of signs, for which a regular expression is searched several times as fast.
_ENDS = re.compile(r"[.!?…؟。\n](?:(?<=\n)\s*|(?<!\n)(?<![.!?…؟。][.!?…؟。])[.!?…؟。]*[\"'»”’“)\]]*\s+)")
_LAST_WORD = re.compile(r"[\w.]+$")
_OPENERS = "\"'«“„»‚‘(—–-[ "


def sentence_starts(text: str, abbreviations: frozenset[str], *, ordinals: bool = False) -> list[int]:
    """Offsets at which sentences begin, rising, the first 0.

    Args:
        text: the text as stored; a newline always ends a sentence.
        abbreviations: words, lower case and without the last full stop, that a full stop does not end.
        ordinals: whether a number followed by a full stop is an ordinal (German: 2. November).
    """
    starts = [0]
    for end in _ENDS.finditer(text):
        begin, after = end.span()
        if after >= len(text):
            break
        sign = text[begin]
        if sign in ".…":
            following = text[after]
            if following in _OPENERS and after + 1 < len(text):
                following = text[after + 1] if text[after + 1] != " " else "A"
            if following.islower():
                continue
            if (
                sign == "."
                and not end.group().count("\n")
                and _abbreviated(text, begin, abbreviations, ordinals=ordinals)
            ):
                continue
        starts.append(after)
    return starts


def _abbreviated(text: str, stop: int, abbreviations: frozenset[str], *, ordinals: bool) -> bool:
    longer = stop - _longest(abbreviations) - 1
    if longer >= 0 and text[longer:stop].isalnum():
        return False
    word = _LAST_WORD.search(text, max(0, stop - 16), stop)
    if word is None:
        return False
    last = word.group()
    if len(last) == 1:
        return last.isupper() or (last.isdecimal() and ordinals) or last.lower() in abbreviations
    if last.isdecimal():
        return ordinals and len(last) <= 2
    return last.lower() in abbreviations


@cache
def _longest(abbreviations: frozenset[str]) -> int:
    """Letters of the longest abbreviation, or of the longest ordinal number where that is more."""
    return max(2, *map(len, abbreviations), 0)
