"""Detect topics: topics and figures of each article, with the words that prove them.

Articles of fetched pages come with them: the worker that extracted a page looks for them there (see
`workers.tasks.read_page`). Here are done those whose text is the feed's, and the learned model.
"""

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import apache_beam as beam
from apache_beam.ml.inference.base import ModelHandler, RunInference

from schemas.articles import Article
from schemas.dead_letters import Reason, Stage
from schemas.outcomes import Carried, Ended
from transforms.entry_failures import dead_letter
from transforms.metrics import took
from transforms.run_context import RunContext, utc_now
from transforms.topics.learned.score import LearnedDetector
from transforms.topics.tagging import shared_detector, shared_learned, with_learned, with_topics


@dataclasses.dataclass(eq=False)
class DetectTopics(beam.PTransform[Any, Any]):
    """Ended, Carried -> the same, each article with topics, figures and the taxonomy's version.

    Where the context names a model, it is applied after the rules by RunInference, in the same fused stage.
    """

    context: RunContext
    clock: Callable[[], datetime] = utc_now

    def expand(self, outcomes: Any) -> Any:
        """Outcomes -> outcomes."""
        found = outcomes | "Find topics" >> beam.Map(self.by_rules)
        if self.context.model_path is None:
            return found
        return found | "Apply the model" >> RunInference(LearnedTopics(self.context, self.clock))

    def by_rules(self, outcome: Ended | Carried) -> Ended | Carried:
        """One outcome with what the rules find; what has that already, or is no article, passes."""
        return _detected(outcome, self.context, self.clock)


class LearnedTopics(ModelHandler[Ended | Carried, Ended | Carried, LearnedDetector]):
    """Beam's way to a learned model: outcomes in, outcomes out, articles with the topics that the model finds."""

    def __init__(self, context: RunContext, clock: Callable[[], datetime]) -> None:
        # One at a time: a document is scored alone, and none should wait in memory for others.
        super().__init__(min_batch_size=1, max_batch_size=1)
        self._context = context
        self._clock = clock

    def load_model(self) -> LearnedDetector:
        """The model of the run's context.

        Raises:
            ModelError: it can't be used.
        """
        assert self._context.model_path is not None  # noqa: S101 -- the stage is wired only where there is a model
        return shared_learned(
            self._context.model_path, self._context.taxonomy_path, self._context.taxonomy_version
        )

    def run_inference(
        self,
        batch: Sequence[Ended | Carried],
        model: LearnedDetector,
        inference_args: dict[str, Any] | None = None,  # noqa: ARG002 -- part of Beam's contract
    ) -> Iterator[Ended | Carried]:
        """Each outcome with what the model finds; those that are no article as they came."""
        for outcome in batch:
            yield _changed(outcome, self._context, self._clock, lambda article: with_learned(article, model))

    def get_metrics_namespace(self) -> str:
        """Where Beam counts inferences."""
        return "learned_topics"


def _detected(
    outcome: Ended | Carried, context: RunContext, clock: Callable[[], datetime]
) -> Ended | Carried:
    if isinstance(outcome, Ended) and isinstance(outcome.record, Article) and outcome.record.taxonomy_version:
        return outcome
    detector = shared_detector(context.taxonomy_path, context.taxonomy_version)
    return _changed(outcome, context, clock, lambda article: with_topics(article, detector))


def _changed(
    outcome: Ended | Carried,
    context: RunContext,
    clock: Callable[[], datetime],
    change: Callable[[Article], Article],
) -> Ended | Carried:
    """The outcome with its article changed; a dead letter where that fails; others as they came."""
    if not isinstance(outcome, Ended) or not isinstance(outcome.record, Article):
        return outcome
    started = time.perf_counter()
    try:
        return Ended(outcome.entry, change(outcome.record))
    except Exception as error:  # noqa: BLE001 -- one text must not end the run; it is told with its cause
        letter = dead_letter(
            outcome.entry,
            context,
            clock(),
            stage=Stage.DETECT_TOPICS,
            reason=Reason.INTERNAL,
            detail=f"{type(error).__name__}: {error}"[:500],
        )
        return Ended(outcome.entry, letter)
    finally:
        took(Stage.DETECT_TOPICS, time.perf_counter() - started)
