"""Score a document by a learned model: its sentences' probabilities gathered, and the sentences that carried it."""

import numpy as np

from schemas.articles import Evidence, Topic
from transforms.topics.detector import Detector
from transforms.topics.learned.features import Values, sentence_rows
from transforms.topics.learned.model import LearnedModel, LearnedTopic
from transforms.topics.read_sentences import ReadSentence
from transforms.topics.scoring import MOST_EVIDENCE

MOST_SENTENCES = 5
"""Sentences told as evidence for a learned topic at most."""


class LearnedDetector:
    """A model beside the detector of the taxonomy that it was trained with."""

    def __init__(self, model: LearnedModel, detector: Detector) -> None:
        self._model = model
        self._detector = detector
        self._concepts = {
            topic.name: tuple(mapping.concept for mapping in topic.mappings)
            for topic in detector.taxonomy.topics
        }
        self.version = f"{detector.taxonomy.version}+model:{model.digest[:8]}"

    def with_learned(
        self, topics: tuple[Topic, ...], *, title: str | None, text: str, lang: str | None
    ) -> tuple[Topic, ...]:
        """The topics that the rules found, and those that the model finds, by falling score.

        A topic of both has the greater score, and the rules' evidence before the model's.
        """
        found = {topic.topic: topic for topic in topics}
        sentences = self._detector.read_sentences(title=title, text=text, lang=lang)
        rows = sentence_rows(sentences, self._model.hashing)
        for learned in self._model.topics:
            chances = sentence_chances(rows.dot(learned.weights) + learned.bias)
            chance = document_chance(chances)
            if chance < learned.threshold:
                continue
            score = _score(chance, learned.threshold)
            evidence = _evidence(learned, sentences, chances)
            known = found.get(learned.name)
            if known is not None:
                score = max(score, known.score)
                evidence = (*known.evidence, *evidence)
            concepts = known.concepts if known is not None else self._concepts.get(learned.name, ())
            found[learned.name] = Topic(learned.name, round(score, 4), concepts, evidence[:MOST_EVIDENCE])
        return tuple(sorted(found.values(), key=lambda topic: (-topic.score, topic.topic)))


def sentence_chances(log_odds: Values) -> Values:
    """Log odds as probabilities."""
    chances: Values = 1.0 / (1.0 + np.exp(-np.clip(log_odds, -30.0, 30.0)))
    return chances


def document_chance(chances: Values) -> float:
    """That at least one sentence speaks for the topic, where each does with its own chance: a noisy-or.

    The model is trained with the same gathering (Viola, Platt and Zhang 2005, "Multiple instance boosting for
    object detection"), so that long documents do not score for their length.
    """
    return float(-np.expm1(np.log1p(-np.minimum(chances, 1 - 1e-12)).sum()))


def _score(chance: float, threshold: float) -> float:
    """The chance with its odds moved so that the threshold scores .5, as the rules' usual one does."""
    spoken = chance * (1.0 - threshold)
    return spoken / (spoken + (1.0 - chance) * threshold)


def _evidence(learned: LearnedTopic, sentences: list[ReadSentence], chances: Values) -> tuple[Evidence, ...]:
    """The fewest sentences, likeliest first, that would alone bring the document over the threshold, by place."""
    order = np.argsort(-chances, kind="stable")[:MOST_SENTENCES].tolist()
    carried = []
    for count in range(1, len(order) + 1):
        carried = sorted(order[:count])
        if document_chance(chances[carried]) >= learned.threshold:
            break
    return tuple(
        Evidence(
            field=sentences[number].field,
            start=sentences[number].start,
            end=sentences[number].end,
            text=sentences[number].text,
            rule=f"learned:{learned.name}",
        )
        for number in carried
    )
