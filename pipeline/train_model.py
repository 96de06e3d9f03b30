"""The engine behind `tocsin taxonomy train`: labelled texts in, a model and its statement out."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.detect_rows import problem_of
from pipeline.options import UsageError
from transforms.language import detect_language
from transforms.topics.detector import Detector
from transforms.topics.learned.features import Hashing, sentence_rows
from transforms.topics.learned.model import LearnedModel, LearnedTopic, write_model
from transforms.topics.learned.train import Agreement, Documents, fit_topic
from transforms.topics.taxonomy import load_taxonomy

FEWEST = 10
"""Examples of each kind, with and without, that a topic is learned from."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A labelled text: `labels` are its topics, `decided` those that a reader decided on (None: all there are)."""

    title: str | None
    text: str
    lang: str | None
    labels: frozenset[str]
    decided: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class TrainedTopic:
    """A topic learned, from how many texts, and how rules alone and with the model did on texts held out in turn."""

    topic: str
    positives: int
    negatives: int
    threshold: float
    rules: Agreement
    together: Agreement


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of `train_model`: topics learned, and those of too few texts (name: with, without)."""

    topics: tuple[TrainedTopic, ...]
    too_few: dict[str, tuple[int, int]]
    sha256: str


def train_model(
    labelled: str, target: str, *, taxonomy_path: str | None, topics: Sequence[str] = ()
) -> Trained:
    """Learn topics from labelled texts and write the model, and beside it the JSON that states its SHA-256.

    Args:
        labelled: JSON lines {id, title, text, lang, labels, label_space}. A topic that is not among the labels is
            absent from the text only where `label_space` lists it, or there is none; a row whose labels are null
            is passed over.
        target: the .parquet file to write.
        taxonomy_path: the taxonomy whose groups and rules are features, None for the default.
        topics: what to learn; where empty, every label that has enough texts.

    Raises:
        UsageError: a row can't be read, a topic asked for has too few texts, or the target can't be written.
        TaxonomyError: the taxonomy is not sound.
    """
    path = Path(target)
    if path.suffix != ".parquet":
        raise UsageError(f"{target} does not end in .parquet: name the model so")
    detector = Detector(load_taxonomy(taxonomy_path))
    texts = read_labelled(labelled)
    wanted = list(dict.fromkeys(topics)) or sorted({label for text in texts for label in text.labels})
    counts = {topic: _counted(texts, topic) for topic in wanted}
    too_few = {topic: count for topic, count in counts.items() if min(count) < FEWEST}
    for topic, (positives, negatives) in too_few.items():
        if topics or len(too_few) == len(wanted):
            raise UsageError(
                f"{labelled}: {positives} texts with {topic} and {negatives} without are too few to learn from; "
                f"give at least {FEWEST} of each"
            )
    if not wanted:
        raise UsageError(f"{labelled}: no text has a label; write them as the list `labels`")
    hashing = Hashing()
    documents = _documents(texts, detector, hashing)
    by_rules = [_found_by_rules(text, detector) for text in texts]
    learned, told = [], []
    for topic in wanted:
        if topic in too_few:
            continue
        own = [number for number, text in enumerate(texts) if _decided(text, topic)]
        labels = np.array([topic in texts[number].labels for number in own])
        found = np.array([topic in by_rules[number] for number in own])
        fitted = fit_topic(documents.chosen(own), labels, found, hashing.places)
        learned.append(LearnedTopic(topic, fitted.bias, fitted.threshold, fitted.weights))
        told.append(TrainedTopic(topic, *counts[topic], fitted.threshold, fitted.rules, fitted.together))
    model = LearnedModel(tuple(learned), hashing, detector.taxonomy.version)
    notes = {
        "held_out": {
            one.topic: {
                "positives": one.positives,
                "negatives": one.negatives,
                "rules": one.rules._asdict(),
                "together": one.together._asdict(),
            }
            for one in told
        }
    }
    try:
        digest = write_model(model, path, notes)
    except OSError as error:
        raise UsageError(f"{target} cannot be written ({error.strerror}): name another MODEL") from error
    return Trained(tuple(told), too_few, digest)


def read_labelled(labelled: str) -> list[Labelled]:
    """The labelled texts of a file, without those whose labels are null and those without a word.

    Raises:
        UsageError: the file or a row of it can't be read.
    """
    texts = []
    try:
        lines = Path(labelled).read_bytes().splitlines()
    except OSError as error:
        raise UsageError(f"{labelled}: cannot be read ({error.strerror})") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{labelled}:{number}: the line is not JSON ({error})") from error
        problem = problem_of(row) or _problem_of_labels(row)
        if problem is not None:
            raise UsageError(f"{labelled}:{number}: {problem}")
        if row["labels"] is not None and f"{row.get('title') or ''}{row['text']}".strip():
            texts.append(_labelled(row))
    return texts


def _labelled(row: dict[str, Any]) -> Labelled:
    title, text, space = row.get("title"), row["text"], row.get("label_space")
    return Labelled(
        title=title,
        text=text,
        lang=(row.get("lang") or "").partition("-")[0].lower()
        or detect_language(f"{title or ''}\n{text}".strip()),
        labels=frozenset(row["labels"]),
        decided=None if space is None else frozenset(space),
    )


def _problem_of_labels(row: dict[str, Any]) -> str | None:
    if "labels" not in row:
        return 'the row has no `labels`; write a list of topics, null where they are not known: "labels": ["riot"]'
    for field in ("labels", "label_space"):
        value = row.get(field)
        if value is not None and not (
            isinstance(value, list) and all(isinstance(item, str) and item for item in value)
        ):
            return f"`{field}` is not a list of topics"
    return None


def _decided(text: Labelled, topic: str) -> bool:
    return topic in text.labels or text.decided is None or topic in text.decided


def _counted(texts: Sequence[Labelled], topic: str) -> tuple[int, int]:
    """How many texts have the topic, and how many are known not to have it."""
    decided = [topic in text.labels for text in texts if _decided(text, topic)]
    return sum(decided), len(decided) - sum(decided)


def _found_by_rules(text: Labelled, detector: Detector) -> frozenset[str]:
    found = detector.detect(title=text.title, text=text.text, lang=text.lang, with_figures=False)
    return frozenset(topic.topic for topic in found.topics)


def _documents(texts: Sequence[Labelled], detector: Detector, hashing: Hashing) -> Documents:
    sentences, bounds = [], [0]
    for text in texts:
        sentences += detector.read_sentences(title=text.title, text=text.text, lang=text.lang)
        bounds.append(len(sentences))
    return Documents(sentence_rows(sentences, hashing), np.array(bounds, dtype=np.int64))
