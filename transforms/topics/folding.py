"""Fold a text for matching, so that every offset can be carried back to the text as it is stored.

Folding changes one code point into one (case, ё and е, accents, Arabic alef, yeh and teh marbuta) and drops code
points that only decorate others (combining marks, tatweel, soft hyphens, zero-width signs). `str.casefold` and
NFKC change lengths and so cannot be used here. What was dropped is kept as a list of cuts.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

_DROPPED = re.compile(
    "[\u00ad\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4"
    "\u06e7\u06e8\u06ea-\u06ed\u180b-\u180e\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\ufeff]+"
)

_KEPT_APART = "äöüåæøßй"
"""Letters of their own in some language: folding them would merge words (würde, wurde)."""

_EXCHANGED = {
    "ё": "е",
    "ѐ": "е",
    "ѝ": "и",
    "ς": "σ",
    "أ": "ا",
    "إ": "ا",
    "آ": "ا",
    "ٱ": "ا",
    "ى": "ي",
    "ی": "ي",
    "ئ": "ي",
    "ؤ": "و",
    "ة": "ه",
    "ک": "ك",
    "’": "'",
    "ʼ": "'",
    "‘": "'",
    "\u00a0": " ",
    "\u202f": " ",
    "\u2009": " ",
    "‑": "-",
} | {
    letter: unicodedata.normalize("NFD", letter)[0]
    for letter in map(chr, range(0xE0, 0x180))
    if letter not in _KEPT_APART and letter.islower() and len(unicodedata.normalize("NFD", letter)) > 1
}
_EXCHANGES = tuple(_EXCHANGED.items())


@dataclass(frozen=True, slots=True)
class FoldedText:
    """A folded text and where its code points came from.

    `cuts` are places in the folded text, rising, before which something was dropped, and `shifts` how many code
    points had been dropped by then. Both are empty for most texts.
    """

    text: str
    cuts: tuple[int, ...]
    shifts: tuple[int, ...]
    length: int

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original text that folds to `text[start:end]`, marks on its last letter included."""
        if not self.cuts:
            return start, end
        return start + self._dropped_before(start), self._start_of(end)

    def places(self, starts: Sequence[int]) -> Sequence[int]:
        """Where what begins at rising places of the original text begins in the folded text."""
        if not self.cuts:
            return starts
        origins = [cut + shift for cut, shift in zip(self.cuts, self.shifts, strict=True)]
        found = []
        for start in starts:
            at = bisect_right(origins, start)
            found.append(start - (self.shifts[at - 1] if at else 0))
        return found

    def _dropped_before(self, place: int) -> int:
        at = bisect_right(self.cuts, place)
        return self.shifts[at - 1] if at else 0

    def _start_of(self, place: int) -> int:
        if place >= len(self.text):
            return self.length
        return place + self._dropped_before(place)


def fold(text: str) -> FoldedText:
    """Fold a text of any script; never raises. A folded text folds to itself."""
    length = len(text)
    if text.isascii():
        return FoldedText(text.lower(), (), (), length)
    cuts: list[int] = []
    shifts: list[int] = []
    if _DROPPED.search(text):
        text = _without_marks(text, cuts, shifts)
    # İ is the one letter whose lower case is longer; Σ lowers by its place in the word.
    text = text.replace("İ", "i").replace("Σ", "σ").lower()
    for letter, plain in _EXCHANGES:
        text = text.replace(letter, plain)
    return FoldedText(text, tuple(cuts), tuple(shifts), length)


def _without_marks(text: str, cuts: list[int], shifts: list[int]) -> str:
    pieces: list[str] = []
    kept = 0
    dropped = 0
    position = 0
    for run in _DROPPED.finditer(text):
        start, end = run.span()
        piece = text[position:start]
        if piece:
            # A letter written as base and mark (и + breve) is the letter й: compose it before the marks go.
            composed = piece[-1]
            for mark in run.group():
                joined = unicodedata.normalize("NFC", composed + mark)
                if len(joined) == 1:
                    composed = joined
            pieces.append(piece[:-1] + composed)
        kept += start - position
        dropped += end - start
        cuts.append(kept)
        shifts.append(dropped)
        position = end
    pieces.append(text[position:])
    return "".join(pieces)
