"""Learn topics from documents of which only the whole is labelled.

A document has a topic where at least one of its sentences speaks for it (multiple-instance learning, Dietterich
1997). Which sentence that is, nobody says: the sentences' chances are joined by a noisy-or, and the likelihood of the
documents' labels is raised by it (Viola, Platt and Zhang 2005). Full batches and a start from zero: the same data give
the same model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from transforms.topics.learned.features import Places, SentenceRows, Values
from transforms.topics.learned.score import sentence_chances

PASSES = 80
STEP = 0.1
SHRINKAGE = 1e-3
"""L2 penalty on each squared weight, beside the mean loss of a document."""
FOLDS = 3
SEED = 20240229
NEARLY = 0.01
"""How much F1 a threshold may be short of the best, to be higher."""
HIGHEST_THRESHOLD = 0.99
"""Of a topic to which the model adds nothing that the rules don't find."""

Labels = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Documents:
    """Documents as the rows of their sentences: document n has the rows `bounds[n]` up to `bounds[n + 1]`, at least one."""

    rows: SentenceRows
    bounds: Places

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def chosen(self, numbers: Sequence[int]) -> "Documents":
        """Some of the documents."""
        rows = [np.arange(self.bounds[n], self.bounds[n + 1]) for n in numbers]
        bounds = np.cumsum([0, *(len(own) for own in rows)])
        own_rows = np.concatenate(rows)
        spans = [np.arange(self.rows.bounds[n], self.rows.bounds[n + 1]) for n in own_rows]
        entries = np.concatenate(spans)
        row_bounds = np.cumsum([0, *(len(span) for span in spans)])
        return Documents(
            SentenceRows(row_bounds, self.rows.places[entries], self.rows.values[entries]), bounds
        )


class Agreement(NamedTuple):
    """How well what is found goes with the labels."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """What was learned of one topic, and how it does on documents that it was not shown.

    `rules` is how the taxonomy's rules do alone, `together` how they do with the model after them.
    """

    bias: float
    weights: Values
    threshold: float
    rules: Agreement
    together: Agreement


def fit_topic(documents: Documents, labels: Labels, by_rules: Labels, places: int) -> Fitted:
    """Learn one topic; its threshold is what does best, with the rules, on documents held out in turn.

    Args:
        documents: what to learn from.
        labels: whether each has the topic; both kinds at least `FOLDS` times.
        by_rules: whether the taxonomy's rules find the topic in each.
        places: how many places features are hashed to.
    """
    folds = _folds(labels)
    held_out = np.zeros(len(labels))
    for fold in range(FOLDS):
        shown, hidden = np.flatnonzero(folds != fold).tolist(), np.flatnonzero(folds == fold).tolist()
        bias, weights = _fit(documents.chosen(shown), labels[shown], places)
        held_out[hidden] = _chances(documents.chosen(hidden), bias, weights)[1]
    threshold = _best_threshold(held_out, labels, by_rules)
    bias, weights = _fit(documents, labels, places)
    return Fitted(
        bias,
        weights,
        threshold,
        rules=_agreement(by_rules, labels),
        together=_agreement(by_rules | (held_out >= threshold), labels),
    )


def _fit(documents: Documents, labels: Labels, places: int) -> tuple[float, Values]:
    """Bias and weights by Adam (Kingma and Ba 2015) over full batches."""
    rows = documents.rows
    used, own = np.unique(rows.places, return_inverse=True)
    rows = SentenceRows(rows.bounds, own, rows.values)
    documents = Documents(rows, documents.bounds)
    row_of = np.repeat(np.arange(len(rows)), np.diff(rows.bounds))
    document_of = np.repeat(np.arange(len(documents)), np.diff(documents.bounds))
    share = labels.mean()
    # Both kinds weigh half: topics are rare, and a model that never speaks would else do well.
    worth = np.where(labels, 0.5 / labels.sum(), 0.5 / (~labels).sum())
    sentences = len(rows) / len(documents)
    parameters = np.zeros(len(used) + 1)
    parameters[-1] = np.log(share / sentences)
    mean, square = np.zeros_like(parameters), np.zeros_like(parameters)
    for number in range(1, PASSES + 1):
        chances, whole = _chances(documents, parameters[-1], parameters[:-1])
        # Of the log likelihood by a sentence's log odds: p (y - P) / P, with P of the document.
        pull = chances * ((labels - whole) / whole * worth)[document_of]
        gradient = np.append(
            np.bincount(own, weights=rows.values * pull[row_of], minlength=len(used)), pull.sum()
        )
        gradient[:-1] -= SHRINKAGE * parameters[:-1]
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        parameters += STEP * (mean / (1 - 0.9**number)) / (np.sqrt(square / (1 - 0.999**number)) + 1e-8)
    weights = np.zeros(places)
    weights[used] = parameters[:-1]
    return float(parameters[-1]), weights


def _chances(documents: Documents, bias: float, weights: Values) -> tuple[Values, Values]:
    """The chances of the sentences, and of the documents."""
    chances = sentence_chances(documents.rows.dot(weights) + bias)
    missing = np.add.reduceat(np.log1p(-np.minimum(chances, 1 - 1e-12)), documents.bounds[:-1])
    return chances, np.maximum(-np.expm1(missing), 1e-12)


def _folds(labels: Labels) -> Places:
    """A fold for each document, both kinds spread evenly."""
    random = np.random.default_rng(SEED)
    folds = np.zeros(len(labels), dtype=np.int64)
    for kind in (True, False):
        own = np.flatnonzero(labels == kind)
        folds[random.permutation(own)] = np.arange(len(own)) % FOLDS
    return folds


def _best_threshold(scores: Values, labels: Labels, by_rules: Labels) -> float:
    """The threshold, between two scores, with the highest F1 of what the rules or the model find.

    Of those that are nearly as good it is the highest: the model only ever adds, so that it should add what is sure.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, wanted, new = scores[order], labels[order], ~by_rules[order]
    hits = np.cumsum(wanted & new) + (labels & by_rules).sum()
    told = np.cumsum(new) + by_rules.sum()
    f1 = 2 * hits / (told + labels.sum())
    # Between equal scores there is no threshold.
    f1[:-1][ranked[:-1] == ranked[1:]] = 0.0
    alone = _agreement(by_rules, labels).f1
    if f1.max() <= alone:
        return HIGHEST_THRESHOLD
    chosen = int(np.argmax(f1 >= max(f1.max() - NEARLY, np.nextafter(alone, 1))))
    below = ranked[chosen + 1] if chosen + 1 < len(ranked) else 0.0
    return float(np.clip((ranked[chosen] + below) / 2, 0.01, HIGHEST_THRESHOLD))


def _agreement(found: Labels, labels: Labels) -> Agreement:
    hits, told, there = (found & labels).sum(), found.sum(), labels.sum()
    return Agreement(float(hits / max(told, 1)), float(hits / there), float(2 * hits / (told + there)))
