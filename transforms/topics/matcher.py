"""Find the terms of a taxonomy in a folded text: one Aho-Corasick automaton, then bounds and neighbours.

Of every term its rarest-looking word is the head; the automaton (Aho & Corasick 1975, ahocorasick_rs) finds the
heads of all languages in one pass, and only there are word bounds, endings and the term's other words looked at.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import ahocorasick_rs

from transforms.topics.terms import Piece, Term, Word

_BETWEEN = r"[^\w.!?;\n]{1,4}"

_REACH = 120
"""Code points before a head in which the words before it are looked for."""
_WORD = 20
"""Code points that a word in a gap is allowed for."""
_ENOUGH = 5
"""Letters that make a first word a good head."""


class Hit(NamedTuple):
    """A term found: its span in the folded text and its number."""

    start: int
    end: int
    term: int


class _Variant(NamedTuple):
    before: int
    after: int
    clitics: frozenset[str] | None
    words_before: "_WordsBefore | None"
    words_after: re.Pattern[str] | None
    term: int


class _WordsBefore(NamedTuple):
    """The words before a head: their pattern, the stems of which one must be there, how far back to look."""

    pattern: re.Pattern[str]
    stems: tuple[str, ...]
    reach: int


class _Head(NamedTuple):
    """The variants that share a head, and the most letters before and after it that any of them allows."""

    variants: tuple[_Variant, ...]
    back: int
    ahead: int


@dataclass(frozen=True, slots=True)
class NumberedTerm:
    """A term of a language under the number by which its hits are known."""

    lang: str
    number: int
    term: Term


class Matcher:
    """All terms of all languages in one automaton. `clitics` are letters that a language writes onto words."""

    def __init__(self, terms: Iterable[NumberedTerm], clitics: Mapping[str, Sequence[str]]) -> None:
        heads: dict[str, int] = {}
        found: dict[tuple[int, str], list[_Variant]] = {}
        langs: set[str] = set()
        for item in terms:
            langs.add(item.lang)
            own = frozenset(clitics.get(item.lang, ())) or None
            for stem, variant in _variants(item, own):
                head = heads.setdefault(stem, len(heads))
                found.setdefault((head, item.lang), []).append(variant)
        self._automaton = ahocorasick_rs.AhoCorasick(
            list(heads) or ["\0\0\0"], implementation=ahocorasick_rs.Implementation.ContiguousNFA
        )
        self._of: dict[str | None, list[_Head | None]] = {
            lang: [_head(found.get((head, lang), ())) for head in range(max(len(heads), 1))] for lang in langs
        }
        self._of[None] = [
            _head([variant for lang in sorted(langs) for variant in found.get((head, lang), ())])
            for head in range(max(len(heads), 1))
        ]
        self.langs = frozenset(langs)

    def hits(self, folded: str, lang: str | None) -> list[Hit]:
        """Hits of a language's terms, by where their heads end; of all languages where `lang` is None."""
        table = self._of.get(lang)
        if table is None:
            return []
        hits: list[Hit] = []
        length = len(folded)
        for number, start, end in self._automaton.find_matches_as_indexes(folded, overlapping=True):
            head = table[number]
            if head is None:
                continue
            variants, back, ahead = head
            begin = start
            while begin and folded[begin - 1].isalnum() and start - begin <= back:
                begin -= 1
            if start - begin > back:
                continue
            stop = end
            while stop < length and folded[stop].isalnum() and stop - end <= ahead:
                stop += 1
            if stop - end > ahead:
                continue
            for variant in variants:
                hit = _hit(variant, folded, begin, start, end, stop)
                if hit is not None:
                    hits.append(hit)
        return hits


def _head(variants: Sequence[_Variant]) -> _Head | None:
    if not variants:
        return None
    back = max(max(v.before, *(len(c) for c in v.clitics or ("",))) for v in variants)
    return _Head(tuple(variants), back, max(v.after for v in variants))


def _hit(variant: _Variant, folded: str, begin: int, start: int, end: int, stop: int) -> Hit | None:
    """The term's hit where the word from `begin` to `stop` holds its head from `start` to `end`, if it is one."""
    before, after, clitics, words_before, words_after, term = variant
    if stop - end > after:
        return None
    if start - begin > before:
        if clitics is None or folded[begin:start] not in clitics:
            return None
        if words_before is None:
            begin = start
    if words_before is not None:
        earliest = max(0, begin - words_before.reach)
        window = folded[earliest:begin]
        # Looking for a stem costs a tenth of trying the pattern at every place.
        if not any(stem in window for stem in words_before.stems):
            return None
        found = words_before.pattern.search(folded, earliest, begin)
        if found is None:
            return None
        begin = found.start()
    if words_after is not None:
        found = words_after.match(folded, stop)
        if found is None:
            return None
        stop = found.end()
    return Hit(begin, stop, term)


def _variants(item: NumberedTerm, clitics: frozenset[str] | None) -> list[tuple[str, _Variant]]:
    words = item.term.words
    at = _head_of(words)
    before = after = None
    if at:
        before = _WordsBefore(
            re.compile(r"(?<!\w)" + _sequence(words[:at], clitics) + _gap(words[at].gap) + r"\Z"),
            tuple(piece.stem for piece in words[0].pieces),
            min(_REACH, sum(map(_longest, words[:at])) + _WORD * words[at].gap),
        )
    if at + 1 < len(words):
        after = re.compile("".join(_gap(w.gap) + _one(w, clitics) for w in words[at + 1 :]) + r"(?!\w)")
    return [
        (piece.stem, _Variant(piece.before, piece.after, clitics, before, after, item.number))
        for piece in words[at].pieces
    ]


def _head_of(words: Sequence[Word]) -> int:
    """Which word of a term to seek: the first, after which the others are cheap to test, if it is no short one."""
    lengths = [min(len(piece.stem) for piece in word.pieces) for word in words]
    if lengths[0] >= _ENOUGH:
        return 0
    return max(range(len(words)), key=lambda place: (lengths[place], -place))


def _longest(word: Word) -> int:
    """Code points that a word of a term, what parts it from the next, and the gap before it take at most."""
    return max(p.before + len(p.stem) + p.after for p in word.pieces) + 8 + _WORD * word.gap


def _sequence(words: Sequence[Word], clitics: frozenset[str] | None) -> str:
    return _one(words[0], clitics) + "".join(_gap(word.gap) + _one(word, clitics) for word in words[1:])


def _gap(words: int) -> str:
    return f"(?:{_BETWEEN}\\w{{1,40}}){{0,{words}}}?{_BETWEEN}" if words else _BETWEEN


def _one(word: Word, clitics: frozenset[str] | None) -> str:
    lead = ""
    if clitics:
        lead = "(?:" + "|".join(map(re.escape, sorted(clitics, key=lambda c: (-len(c), c)))) + ")?"
    return "(?:" + "|".join(_piece(piece, lead) for piece in word.pieces) + ")"


def _piece(piece: Piece, lead: str) -> str:
    before = f"\\w{{0,{piece.before}}}?" if piece.before else lead
    after = f"\\w{{0,{piece.after}}}" if piece.after else ""
    return f"{before}{re.escape(piece.stem)}{after}(?!\\w)"
