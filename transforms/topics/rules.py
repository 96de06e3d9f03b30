"""Judge sentences by a topic's rules, and gather the sentences to a score for the document."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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


class FoundTerm(NamedTuple):
    """A term in the text: its span in the stored text and the groups that it belongs to, as bits."""

    start: int
    end: int
    groups: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence's terms, by place, all their groups, and how much its place in the document adds."""

    terms: Sequence[FoundTerm]
    groups: int
    factor: float


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

    `gapped` is a bit beside the groups' for terms with a gap, in which a negation may stand.
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
        self._first_needs = first_needs
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

    def judge(self, sentence: Sentence, text: str, document: int) -> list[Judgement]:
        """The strongest rule that each topic has for the sentence.

        Args:
            sentence: its terms, with spans into `text`.
            text: the text as stored.
            document: bits of all groups met anywhere in the document.
        """
        best: dict[int, Judgement] = {}
        groups = sentence.groups
        keys = groups & self._first_needs
        while keys:
            key = keys & -keys
            keys ^= key
            for rule in self._by_group[key]:
                if groups & rule.none or document & rule.unless_document:
                    continue
                if not all(groups & need for need in rule.needs):
                    continue
                if not all(document & need for need in rule.document):
                    continue
                known = best.get(rule.topic)
                if known is not None and known.weight >= rule.weight * sentence.factor:
                    continue
                judgement = self._weigh(rule, sentence, text)
                if judgement is not None and (known is None or judgement.weight > known.weight):
                    best[rule.topic] = judgement
        return list(best.values())

    def _weigh(self, rule: _CompiledRule, sentence: Sentence, text: str) -> Judgement | None:
        """The strongest way in which the sentence's terms meet the rule, if they do."""
        best: tuple[float, tuple[FoundTerm, ...]] | None = None
        terms = sentence.terms[:_MOST_TERMS]
        for chosen in _choices(rule, terms, text):
            factor = 1.0
            if rule.modality:
                for modality, bit in self._modalities:
                    if sentence.groups & bit and self._applies(modality, bit, chosen, terms, text):
                        factor *= modality.factor
            if best is None or factor > best[0]:
                best = (factor, chosen)
            if factor == 1.0:
                break
        if best is None:
            return None
        weight = min(rule.weight * sentence.factor * best[0], _HIGHEST_WEIGHT)
        return Judgement(rule.topic, weight, rule.name, tuple((term.start, term.end) for term in best[1]))

    def _applies(
        self,
        modality: Modality,
        bit: int,
        chosen: Sequence[FoundTerm],
        terms: Sequence[FoundTerm],
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


def _choices(rule: _CompiledRule, terms: Sequence[FoundTerm], text: str) -> Iterator[tuple[FoundTerm, ...]]:
    """Ways to meet every need of a rule with terms of their own, by place in the sentence."""
    if len(rule.needs) == 1:
        need = rule.needs[0]
        for term in terms:
            if term.groups & need:
                yield (term,)
        return
    yield from islice(_extended(rule, terms, text, ()), _MOST_CHOICES)


def _extended(
    rule: _CompiledRule, terms: Sequence[FoundTerm], text: str, chosen: tuple[FoundTerm, ...]
) -> Iterator[tuple[FoundTerm, ...]]:
    """The ways to meet the needs that `chosen` leaves open."""
    if len(chosen) == len(rule.needs):
        yield chosen
        return
    need = rule.needs[len(chosen)]
    for term in terms:
        if term.groups & need and _fits(rule, term, chosen, text):
            yield from _extended(rule, terms, text, (*chosen, term))


def _fits(rule: _CompiledRule, term: FoundTerm, chosen: tuple[FoundTerm, ...], text: str) -> bool:
    if any(term.start < other.end and other.start < term.end for other in chosen):
        return False
    if chosen and rule.ordered and term.start < chosen[-1].end:
        return False
    return rule.within is None or _near(term, chosen, rule.within, text)


def _near(term: FoundTerm, chosen: Sequence[FoundTerm], words: int, text: str) -> bool:
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
