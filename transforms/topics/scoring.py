"""Score the topics of a document: its sentences judged, damped by the kind of text, gathered, with their evidence."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from schemas.articles import Evidence, Topic
from transforms.topics.headed_text import HeadedText
from transforms.topics.rules import (
    LATE_FACTOR,
    LATE_FROM,
    LEAD_FACTOR,
    LEAD_SENTENCES,
    TITLE_FACTOR,
    FoundTerm,
    Judgement,
    RuleBook,
    gathered,
)
from transforms.topics.taxonomy import Taxonomy

SHORT = 600
"""Code points under which a text is told to be of a kind (sport, a review) by two places fewer."""
MOST_EVIDENCE = 20
"""Pieces of evidence kept for a topic, in the order of the text."""


class JudgedSentence(NamedTuple):
    """A sentence in which terms stand: its number, bits of the groups met, what the rules say of it."""

    number: int
    groups: int
    said: Sequence[Judgement]


class _Damper(NamedTuple):
    groups: int
    at_least: int
    factor: float
    unless: int
    topics: frozenset[int]


class Scoring:
    """How a taxonomy's topics score."""

    def __init__(self, taxonomy: Taxonomy, rules: RuleBook) -> None:
        self._rules = rules
        self._specs = taxonomy.topics
        self._dampers = [
            _Damper(
                rules.mask(damper.groups),
                damper.at_least,
                damper.factor,
                rules.mask(damper.unless),
                frozenset(
                    i for i, t in enumerate(taxonomy.topics) if not damper.topics or t.name in damper.topics
                ),
            )
            for damper in taxonomy.dampers
        ]

    def topics(
        self, found: Sequence[FoundTerm], article: HeadedText, starts: Sequence[int]
    ) -> tuple[Topic, ...]:
        """The topics at or over their threshold, by falling score.

        Args:
            found: the terms, by place.
            article: the text as stored.
            starts: where its sentences begin.
        """
        document = all_groups(found)
        by_topic: dict[int, list[Judgement]] = {}
        for _, _, said in self.judged(found, article, starts, document):
            for judgement in said:
                by_topic.setdefault(judgement.topic, []).append(judgement)
        if not by_topic:
            return ()
        damping = self._damping(found, document, len(article.whole))
        topics = []
        for number, said in by_topic.items():
            damp = damping.get(number, 1.0)
            score = gathered([judgement.weight * damp for judgement in said])
            if score >= self._specs[number].threshold:
                topics.append(self._topic(number, score, said, article))
        topics.sort(key=lambda topic: (-topic.score, topic.topic))
        return tuple(topics)

    def judged(
        self, found: Sequence[FoundTerm], article: HeadedText, starts: Sequence[int], document: int
    ) -> Iterator[JudgedSentence]:
        """Every sentence with terms, judged; `document` are the bits of the groups met anywhere."""
        whole, title_end = article.whole, article.title_end
        first = bisect_right(starts, title_end)
        at = 0
        count = len(found)
        while at < count:
            place, _, groups = found[at]
            number = bisect_right(starts, place)
            end = starts[number] if number < len(starts) else len(whole)
            beyond = at + 1
            while beyond < count and found[beyond][0] < end:
                groups |= found[beyond][2]
                beyond += 1
            said: Sequence[Judgement] = ()
            if groups & self._rules.first_needs:
                factor = _place_factor(number - first, place - title_end)
                said = self._rules.judge(found[at:beyond], groups, factor, whole, document)
            yield JudgedSentence(number - 1, groups, said)
            at = beyond

    def _damping(self, found: Sequence[FoundTerm], document: int, length: int) -> dict[int, float]:
        damping: dict[int, float] = {}
        for mask, at_least, factor, unless, topics in self._dampers:
            if not document & mask or document & unless:
                continue
            spans = {(start, end) for start, end, groups in found if groups & mask}
            if len(spans) >= (at_least if length >= SHORT else max(2, at_least - 2)):
                for topic in topics:
                    damping[topic] = damping.get(topic, 1.0) * factor
        return damping

    def _topic(self, number: int, score: float, said: Sequence[Judgement], article: HeadedText) -> Topic:
        spec = self._specs[number]
        spans = [(judgement.rule, *span) for judgement in said for span in judgement.spans]
        evidence = []
        for rule, start, end in spans[:MOST_EVIDENCE]:
            evidence.append(Evidence(*article.place(start, end), article.whole[start:end], rule))
        return Topic(
            topic=spec.name,
            score=round(score, 4),
            concepts=tuple(mapping.concept for mapping in spec.mappings),
            evidence=tuple(evidence),
        )


def all_groups(found: Sequence[FoundTerm]) -> int:
    """Bits of the groups met anywhere in the document."""
    document = 0
    for _, _, groups in found:
        document |= groups
    return document


def _place_factor(sentence: int, depth: int) -> float:
    """How much a sentence's place adds: `sentence` counts from the title's last, `depth` in code points from it."""
    if sentence <= 0:
        return TITLE_FACTOR
    if sentence <= LEAD_SENTENCES:
        return LEAD_FACTOR
    return LATE_FACTOR if depth > LATE_FROM else 1.0
