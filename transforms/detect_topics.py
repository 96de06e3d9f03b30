"""Detect topics: topics and figures of each article, with the words that prove them."""

import dataclasses
import time
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

import apache_beam as beam

from schemas.articles import Article
from schemas.dead_letters import Reason, Stage
from schemas.outcomes import Carried, Ended
from transforms.entry_failures import dead_letter
from transforms.progress import spend
from transforms.run_context import RunContext, utc_now
from transforms.topics.detector import Detector
from transforms.topics.taxonomy import load_taxonomy


@dataclasses.dataclass(eq=False)
class DetectTopics(beam.PTransform[Any, Any]):
    """Ended, Carried -> the same, articles with topics, figures and the taxonomy's version."""

    context: RunContext
    clock: Callable[[], datetime] = utc_now

    def expand(self, outcomes: Any) -> Any:
        """Outcomes -> outcomes."""
        return outcomes | "Find topics" >> beam.Map(_detected, self.context, self.clock)


@cache
def shared_detector(taxonomy_path: str | None) -> Detector:
    """The detector of this process for a taxonomy; building its automaton takes a while."""
    return Detector(load_taxonomy(taxonomy_path))


def with_topics(article: Article, detector: Detector) -> Article:
    """The article with what the detector finds in its title and text."""
    found = detector.detect(title=article.title, text=article.text, lang=article.lang)
    return dataclasses.replace(
        article, topics=found.topics, figures=found.figures, taxonomy_version=detector.taxonomy.version
    )


def _detected(
    outcome: Ended | Carried, context: RunContext, clock: Callable[[], datetime]
) -> Ended | Carried:
    if not isinstance(outcome, Ended) or not isinstance(outcome.record, Article):
        return outcome
    detector = shared_detector(context.taxonomy_path)
    started = time.perf_counter()
    try:
        return Ended(outcome.entry, with_topics(outcome.record, detector))
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
        spend("detect topics", time.perf_counter() - started)
