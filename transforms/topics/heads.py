"""How the terms of a taxonomy are made ready for the matcher.

Of every term its rarest-looking word is the head, which is sought; the words before and after it become patterns
that are tried only where they may match.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from transforms.topics.terms import Piece, Term, Word

_SPACE = 4
"""Signs that may part two words of a term at most."""
_BETWEEN = rf"[^\w.!?;\n]{{1,{_SPACE}}}"
_LONGEST_WORD = 40
"""Letters of a word in a gap at most."""

REACH = 120
"""Code points before a head in which the words before it are looked for."""
_WORD = 20
"""Code points that a word in a gap is allowed for."""
_ENOUGH = 5
"""Letters that make a first word a good head."""


class Company(NamedTuple):
    """The words before a head, or after it: their pattern, the stems of which one begins the first, how far to look.

    `lead` is how many letters may stand before such a stem in its word. `letters` are those with which the word
    beside the head begins, where that is sure: no gap, no letters before the stem.
    """

    pattern: re.Pattern[str]
    stems: tuple[str, ...]
    lead: int
    reach: int
    letters: frozenset[str]

    def before(self, folded: str, begin: int) -> int:
        """Where the words begin that stand before the word at `begin`, -1 where they don't."""
        earliest = max(0, begin - self.reach)
        first = _nearest(self.stems, folded, earliest, begin)
        # Trying a pattern costs several times as much as looking for the stems that it begins with.
        found = self.pattern.search(folded, max(earliest, first - self.lead), begin) if first >= 0 else None
        return found.start() if found is not None else -1

    def after(self, folded: str, stop: int) -> int:
        """Where the words end that stand after the word that ends at `stop`, -1 where they don't."""
        if _nearest(self.stems, folded, stop, stop + self.reach) < 0:
            return -1
        found = self.pattern.match(folded, stop)
        return found.end() if found is not None else -1


class Variant(NamedTuple):
    """One way in which a head makes a term: letters allowed before and after it, the words that must be around it."""

    before: int
    after: int
    clitics: frozenset[str]
    words_before: Company | None
    words_after: Company | None
    term: int


Gated = Mapping[str, tuple[Variant, ...]]
"""The variants worth trying by the first letter of the word beside the head; all of them where it is unknown (``)."""


class Companies(NamedTuple):
    """The variants of a head that need more than it: by the word before it, by the word after it, and others."""

    preceded: Gated
    followed: Gated
    others: tuple[Variant, ...]


class Head(NamedTuple):
    """What shares a head: the most letters before and after it that any variant allows, and the variants.

    `alone` are those that need nothing but their head: letters allowed after it, clitics before it, the term.
    """

    back: int
    ahead: int
    alone: tuple[tuple[int, frozenset[str], int], ...]
    companies: Companies | None


@dataclass(frozen=True, slots=True)
class NumberedTerm:
    """A term of a language under the number by which its hits are known."""

    lang: str
    number: int
    term: Term


def shared_head(variants: Sequence[Variant]) -> Head | None:
    """What variants share, None where there is none."""
    if not variants:
        return None
    alone, others = [], []
    preceded: list[tuple[Variant, frozenset[str]]] = []
    followed: list[tuple[Variant, frozenset[str]]] = []
    for variant in variants:
        if variant.words_before and variant.words_before.letters:
            preceded.append((variant, variant.words_before.letters))
        elif variant.words_after and variant.words_after.letters:
            followed.append((variant, variant.words_after.letters))
        elif variant.before or variant.words_before or variant.words_after:
            others.append(variant)
        else:
            alone.append((variant.after, variant.clitics, variant.term))
    companies = Companies(_gated(preceded), _gated(followed), tuple(others))
    return Head(
        back=max(max(v.before, *map(len, v.clitics), 0) for v in variants),
        ahead=max(v.after for v in variants),
        alone=tuple(alone),
        companies=companies if any(companies) else None,
    )


def _nearest(stems: Sequence[str], folded: str, start: int, end: int) -> int:
    """The first place from `start` to `end` at which one of the stems stands, -1 where none does."""
    first = -1
    for stem in stems:
        place = folded.find(stem, start, end)
        if place >= 0 and (first < 0 or place < first):
            first = place
    return first


def _gated(variants: Sequence[tuple[Variant, frozenset[str]]]) -> Gated:
    letters = {letter for _, own in variants for letter in own}
    gated = {letter: tuple(v for v, own in variants if letter in own) for letter in letters}
    return {"": tuple(v for v, _ in variants), **gated} if variants else {}


def variants_of(item: NumberedTerm, clitics: frozenset[str]) -> list[tuple[str, Variant]]:
    """The stems that are sought as a term's head, each with its variant.

    Args:
        item: the term.
        clitics: letters that may be written onto the words of its language.
    """
    words = item.term.words
    at = _head_of(words)
    before = after = None
    if at:
        before = Company(
            re.compile(r"(?<!\w)" + _sequence(words[:at], clitics) + _gap(words[at].gap) + r"\Z"),
            tuple(piece.stem for piece in words[0].pieces),
            _lead(words[0], clitics),
            min(REACH, sum(map(_longest, words[:at])) + _WORD * words[at].gap),
            frozenset() if words[at].gap else _first_letters(words[at - 1], clitics),
        )
    if at + 1 < len(words):
        following = words[at + 1]
        longest = _lead(following, clitics) + max(len(piece.stem) for piece in following.pieces)
        after = Company(
            re.compile("".join(_gap(w.gap) + _one(w, clitics) for w in words[at + 1 :]) + r"(?!\w)"),
            tuple(piece.stem for piece in following.pieces),
            _lead(following, clitics),
            _SPACE + (_LONGEST_WORD + _SPACE) * following.gap + longest,
            frozenset() if following.gap else _first_letters(following, clitics),
        )
    return [
        (piece.stem, Variant(piece.before, piece.after, clitics, before, after, item.number))
        for piece in words[at].pieces
    ]


def _lead(word: Word, clitics: frozenset[str]) -> int:
    """How many letters may come before a word's stem at most."""
    return max(*(piece.before for piece in word.pieces), *map(len, clitics), 0)


def _first_letters(word: Word, clitics: frozenset[str]) -> frozenset[str]:
    """The letters that a word of a term may begin with; nothing where letters may come before its stem, or it is no plain word."""
    if clitics or any(piece.before or not piece.stem.isalnum() for piece in word.pieces):
        return frozenset()
    return frozenset(piece.stem[0] for piece in word.pieces)


def _head_of(words: Sequence[Word]) -> int:
    """Which word of a term to seek: the first, after which the others are cheap to test, if it is no short one."""
    lengths = [min(len(piece.stem) for piece in word.pieces) for word in words]
    if lengths[0] >= _ENOUGH:
        return 0
    return max(range(len(words)), key=lambda place: (lengths[place], -place))


def _longest(word: Word) -> int:
    """Code points that a word of a term, what parts it from the next, and the gap before it take at most."""
    return max(p.before + len(p.stem) + p.after for p in word.pieces) + 8 + _WORD * word.gap


def _sequence(words: Sequence[Word], clitics: frozenset[str]) -> str:
    return _one(words[0], clitics) + "".join(_gap(word.gap) + _one(word, clitics) for word in words[1:])


def _gap(words: int) -> str:
    return f"(?:{_BETWEEN}\\w{{1,{_LONGEST_WORD}}}){{0,{words}}}?{_BETWEEN}" if words else _BETWEEN


def _one(word: Word, clitics: frozenset[str]) -> str:
    lead = ""
    if clitics:
        lead = "(?:" + "|".join(map(re.escape, sorted(clitics, key=lambda c: (-len(c), c)))) + ")?"
    return "(?:" + "|".join(_piece(piece, lead) for piece in word.pieces) + ")"


def _piece(piece: Piece, lead: str) -> str:
    before = f"\\w{{0,{piece.before}}}?" if piece.before else lead
    after = f"\\w{{0,{piece.after}}}" if piece.after else ""
    return f"{before}{re.escape(piece.stem)}{after}(?!\\w)"
