"""Find the terms of a taxonomy in a folded text: one Aho-Corasick automaton, then bounds and neighbours.

The automaton (Aho & Corasick 1975, ahocorasick_rs) finds the heads of all languages' terms in one pass, and only
there are word bounds, endings and the term's other words looked at.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import ahocorasick_rs

from transforms.topics.heads import REACH, Companies, Head, NumberedTerm, Variant, shared_head, variants_of

Hit = tuple[int, int, int]
"""A term found: start and end of its span in the folded text, and its number. Plain, for there are very many."""


class Matcher:
    """All terms of all languages in one automaton. `clitics` are letters that a language writes onto words."""

    def __init__(self, terms: Iterable[NumberedTerm], clitics: Mapping[str, Sequence[str]]) -> None:
        heads: dict[str, int] = {}
        found: dict[tuple[int, str], list[Variant]] = {}
        for item in terms:
            for stem, variant in variants_of(item, frozenset(clitics.get(item.lang, ()))):
                number = heads.setdefault(stem, len(heads))
                found.setdefault((number, item.lang), []).append(variant)
        self._automaton = ahocorasick_rs.AhoCorasick(
            list(heads) or ["\0\0\0"], implementation=ahocorasick_rs.Implementation.ContiguousNFA
        )
        numbers = range(max(len(heads), 1))
        self.langs = frozenset(lang for _, lang in found)
        self._of: dict[str | None, list[Head | None]] = {
            lang: [shared_head(found.get((number, lang), ())) for number in numbers] for lang in self.langs
        }
        self._of[None] = [
            shared_head([v for lang in sorted(self.langs) for v in found.get((number, lang), ())])
            for number in numbers
        ]

    def hits(self, folded: str, lang: str | None) -> list[Hit]:  # noqa: C901 -- calls would cost more than the work
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
            back, ahead, alone, companies = head
            begin = start
            if begin and folded[begin - 1].isalnum():
                if not back:
                    continue
                begin -= 1
                while begin and folded[begin - 1].isalnum() and start - begin <= back:
                    begin -= 1
                if start - begin > back:
                    continue
            furthest = end + ahead
            stop = end
            while stop < length and folded[stop].isalnum() and stop <= furthest:
                stop += 1
            if stop > furthest:
                continue
            for after, clitics, term in alone:
                if stop - end <= after and (begin == start or folded[begin:start] in clitics):
                    hits.append((start, stop, term))
            if companies is not None:
                hits += _in_company(companies, folded, begin, start, end, stop)
        return hits


def _in_company(
    companies: Companies, folded: str, begin: int, start: int, end: int, stop: int
) -> Iterator[Hit]:
    """Hits of the terms of which more must be met than their head, which stands from `start` to `end`."""
    preceded, followed, tried = companies
    if preceded:
        tried += preceded.get(_letter_before(folded, begin), ())
    if followed:
        tried += followed.get(_letter_after(folded, stop), ())
    for variant in tried:
        hit = _hit(variant, folded, begin, start, end, stop)
        if hit is not None:
            yield hit


def _hit(variant: Variant, folded: str, begin: int, start: int, end: int, stop: int) -> Hit | None:
    """The term's hit where the word from `begin` to `stop` holds its head from `start` to `end`, if it is one."""
    before, after, clitics, words_before, words_after, term = variant
    if stop - end > after:
        return None
    if start - begin > before:
        if folded[begin:start] not in clitics:
            return None
        if words_before is None:
            begin = start
    if words_after is not None:
        stop = words_after.after(folded, stop)
    if words_before is not None and stop >= 0:
        begin = words_before.before(folded, begin)
    return (begin, stop, term) if begin >= 0 and stop >= 0 else None


def _letter_before(folded: str, begin: int) -> str:
    """The first letter of the word before the one at `begin`; nothing unless a single space parts them."""
    at = begin - 2
    if at < 0 or folded[at + 1] != " " or not folded[at].isalnum():
        return ""
    earliest = max(0, at - REACH)
    while at > earliest and (folded[at - 1].isalnum() or folded[at - 1] == "_"):
        at -= 1
    return folded[at] if at > earliest or not earliest else ""


def _letter_after(folded: str, stop: int) -> str:
    """The first letter of the word after the one that ends at `stop`; nothing unless a single space parts them."""
    if folded[stop : stop + 1] != " ":
        return ""
    letter = folded[stop + 1 : stop + 2]
    return letter if letter.isalnum() else ""
