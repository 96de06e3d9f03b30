"""Find a taxonomy's terms in a text, each with the groups that it belongs to, set phrases left out."""

from bisect import bisect_right
from collections import Counter
from itertools import accumulate

from transforms.topics.folding import FoldedText
from transforms.topics.heads import NumberedTerm
from transforms.topics.languages import language, languages
from transforms.topics.matcher import Hit, Matcher
from transforms.topics.rules import FoundTerm, RuleBook
from transforms.topics.taxonomy import Taxonomy
from transforms.topics.terms import read_term


class TermFinder:
    """The terms of a taxonomy in one matcher. Building one takes a good part of a second."""

    def __init__(self, taxonomy: Taxonomy, rules: RuleBook) -> None:
        terms: list[NumberedTerm] = []
        self._groups_of: list[int] = []
        self._lang_of: list[str] = []
        known: dict[tuple[str, str], int] = {}
        for group in taxonomy.groups.values():
            bit = rules.bits[group.name]
            for lang, own in group.terms.items():
                suffix = language(lang).usual_suffix
                for written in own:
                    number = known.setdefault((lang, written.source), len(known))
                    if number == len(self._groups_of):
                        self._groups_of.append(0)
                        self._lang_of.append(lang)
                        read = read_term(written.source, usual_suffix=suffix)
                        terms += [NumberedTerm(lang, number, term) for term in read]
                    self._groups_of[number] |= bit | (rules.gapped if ".." in written.source else 0)
        self.matcher = Matcher(terms, {code: spec.clitics for code, spec in languages().items()})
        self._masks = rules.mask(taxonomy.masks)

    def language_of(self, hits: list[Hit]) -> str | None:
        """The language most of whose terms were met, None where none was."""
        met = Counter(self._lang_of[term] for _, _, term in hits)
        return min(met, key=lambda code: (-met[code], code), default=None)

    def heard(self, hits: list[Hit], folded: FoldedText) -> list[FoundTerm]:
        """The matcher's hits by place in the stored text, without those that lie within a set phrase."""
        groups_of = self._groups_of
        if folded.cuts:
            span = folded.span
            found = [(*span(start, end), groups_of[term]) for start, end, term in hits]
        else:
            found = [(start, end, groups_of[term]) for start, end, term in hits]
        found.sort()
        masks = self._masks
        masking = [(start, end) for start, end, groups in found if groups & masks]
        if not masking:
            return found
        starts = [start for start, _ in masking]
        reaches = list(accumulate((end for _, end in masking), max))

        def is_masked(term: FoundTerm) -> bool:
            start, end, groups = term
            before = bisect_right(starts, start)
            return before > 0 and reaches[before - 1] >= end and not groups & masks

        return [term for term in found if not is_masked(term)]
