"""Judge sentences by a topic's rules, and gather the sentences to a score for the document."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from transforms.topics.taxonomy import Modality, Rule, Taxonomy, TopicSpec

TITLE_FACTOR = 1.35
LEAD_FACTOR = 1.15
LEAD_SENTENCES = 2
LATE_FACTOR = 0.75
LATE_FROM = 1500
"""Code points into the text from which on a mention counts as background: news tells what matters first."""
FADING = 0.75
"""How much each further sentence adds to a score, compared with the one before."""
FAINT = 0.3
"""Sentences that say less than this only add to others: hints alone, however many, make no topic."""
_HIGHEST_WEIGHT = 0.97
_CLAUSE_END = re.compile(r"[,;:()—–،؛]")
_MOST_CHOICES = 50
_MOST_TERMS = 60
"""Terms of one sentence that are looked at together; more is no sentence but a list."""


FoundTerm = tuple[int, int, int]
"""A term in the text: start and end of its span in the stored text, and the groups that it belongs to, as bits."""


class _Term(NamedTuple):
    """A found term with names, made only where a rule looks at it: most are never looked at."""

    start: int
    end: int
    groups: int


class Judgement(NamedTuple):
    """What one sentence says for a topic: how strongly, by which rule, in which words."""

    topic: int
    weight: float
    rule: str
    spans: tuple[tuple[int, int], ...]


class _CompiledRule(NamedTuple):
    topic: int
    name: str
    needs: tuple[int, ...]
    none: int
    within: int | None
    ordered: bool
    document: tuple[int, ...]
    unless_document: int
    weight: float
    modality: bool


class RuleBook:
    """The rules of a taxonomy with groups as bits, found by the groups that their first need names.

    `gapped` is a bit beside the groups' for terms with a gap, in which a negation may stand. `first_needs` are the
    bits without any of which a sentence meets no rule.
    """

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.bits = {name: 1 << place for place, name in enumerate(taxonomy.groups)}
        self._by_group: dict[int, list[_CompiledRule]] = {}
        first_needs = 0
        for place, topic in enumerate(taxonomy.topics):
            for rule in topic.rules:
                compiled = self._compile(place, topic, rule)
                first_needs |= compiled.needs[0]
                for name in rule.all[0]:
                    self._by_group.setdefault(self.bits[name], []).append(compiled)
        self.first_needs = first_needs
        self.gapped = 1 << len(taxonomy.groups)
        self._modalities = [(m, self.bits[m.group]) for m in taxonomy.modalities]

    def _compile(self, place: int, topic: TopicSpec, rule: Rule) -> _CompiledRule:
        return _CompiledRule(
            topic=place,
            name=f"{topic.name}/{rule.id}",
            needs=tuple(self.mask(need) for need in rule.all),
            none=self.mask(rule.none),
            within=rule.within,
            ordered=rule.ordered,
            document=tuple(self.mask(need) for need in rule.document),
            unless_document=self.mask(rule.unless_document),
            weight=rule.weight,
            modality=rule.modality,
        )

    def mask(self, groups: Sequence[str]) -> int:
        """The bits of the groups, joined."""
        mask = 0
        for name in groups:
            mask |= self.bits[name]
        return mask

    def judge(
        self, found: Sequence[FoundTerm], groups: int, factor: float, text: str, document: int
    ) -> list[Judgement]:
        """The strongest rule that each topic has for a sentence.

        Args:
            found: the sentence's terms by place, with spans into `text`.
            groups: bits of all their groups.
            factor: how much the sentence's place in the document adds.
            text: the text as stored.
            document: bits of all groups met anywhere in the document.
        """
        best: dict[int, Judgement] = {}
        terms: list[_Term] = []
        keys = groups & self.first_needs
        while keys:
            key = keys & -keys
            keys ^= key
            for rule in self._by_group[key]:
                if groups & rule.none or document & rule.unless_document:
                    continue
                if not _meets(groups, rule.needs) or not _meets(document, rule.document):
                    continue
                known = best.get(rule.topic)
                if known is not None and known.weight >= rule.weight * factor:
                    continue
                terms = terms or [_Term(*term) for term in found[:_MOST_TERMS]]
                judgement = self._weigh(rule, terms, groups, factor, text)
                if judgement is not None and (known is None or judgement.weight > known.weight):
                    best[rule.topic] = judgement
        return list(best.values())

    def _weigh(
        self, rule: _CompiledRule, terms: Sequence[_Term], groups: int, factor: float, text: str
    ) -> Judgement | None:
        """The strongest way in which a sentence's terms meet the rule, if they do."""
        best: tuple[float, tuple[_Term, ...]] | None = None
        modalities = [m for m in self._modalities if groups & m[1]] if rule.modality else []
        for chosen in _choices(rule, terms, text):
            doubt = 1.0
            for modality, bit in modalities:
                if self._applies(modality, bit, chosen, terms, text):
                    doubt *= modality.factor
            if best is None or doubt > best[0]:
                best = (doubt, chosen)
            if doubt == 1.0:
                break
        if best is None:
            return None
        weight = min(rule.weight * factor * best[0], _HIGHEST_WEIGHT)
        return Judgement(rule.topic, weight, rule.name, tuple((term.start, term.end) for term in best[1]))

    def _applies(
        self,
        modality: Modality,
        bit: int,
        chosen: Sequence[_Term],
        terms: Sequence[_Term],
        text: str,
    ) -> bool:
        """Whether one of the cues stands near one of the chosen terms, or in a gap of it."""
        for cue in terms:
            if not cue.groups & bit:
                continue
            for term in chosen:
                if cue.end <= term.start:
                    gap = text[cue.end : term.start]
                    reach = modality.before
                elif cue.start >= term.end:
                    gap = text[term.end : cue.start]
                    reach = modality.after
                elif term.groups & self.gapped and term.start < cue.start and cue.end < term.end:
                    return True
                else:
                    continue
                if gap.count(" ") <= reach and (reach > 10 or not _CLAUSE_END.search(gap)):
                    return True
        return False


def _meets(groups: int, needs: Sequence[int]) -> bool:
    """Whether some group of every need is among the groups."""
    for need in needs:  # noqa: SIM110 -- a generator costs three times as much, and this is asked very often
        if not groups & need:
            return False
    return True


def _choices(rule: _CompiledRule, terms: Sequence[_Term], text: str) -> Iterator[tuple[_Term, ...]]:
    """Ways to meet every need of a rule with terms of their own, by place in the sentence."""
    if len(rule.needs) == 1:
        need = rule.needs[0]
        for term in terms:
            if term.groups & need:
                yield (term,)
        return
    yield from islice(_extended(rule, terms, text, ()), _MOST_CHOICES)


def _extended(
    rule: _CompiledRule, terms: Sequence[_Term], text: str, chosen: tuple[_Term, ...]
) -> Iterator[tuple[_Term, ...]]:
    """The ways to meet the needs that `chosen` leaves open."""
    if len(chosen) == len(rule.needs):
        yield chosen
        return
    need = rule.needs[len(chosen)]
    for term in terms:
        if term.groups & need and _fits(rule, term, chosen, text):
            yield from _extended(rule, terms, text, (*chosen, term))


def _fits(rule: _CompiledRule, term: _Term, chosen: tuple[_Term, ...], text: str) -> bool:
    if any(term.start < other.end and other.start < term.end for other in chosen):
        return False
    if chosen and rule.ordered and term.start < chosen[-1].end:
        return False
    return rule.within is None or _near(term, chosen, rule.within, text)


def _near(term: _Term, chosen: Sequence[_Term], words: int, text: str) -> bool:
    return all(
        text.count(" ", min(term.end, other.end), max(term.start, other.start)) <= words for other in chosen
    )


def gathered(weights: Sequence[float]) -> float:
    """The score of a document from its sentences' weights: a noisy-or in which each further sentence fades.

    Saturates towards 1; one sentence alone gives its own weight, and faint ones alone no more than the faintest
    that counts.
    """
    if max(weights, default=0.0) < FAINT:
        return min(FAINT, sum(weights))
    missing = 1.0
    share = 1.0
    for weight in sorted(weights, reverse=True):
        missing *= 1.0 - weight * share
        share *= FADING
    return 1.0 - missing
