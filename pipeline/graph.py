"""The graph of a bounded run, in the order of the data path.

    read feed list -> fetch feeds -> parse entries -> select new -> fetch articles -> extract text
                   -> detect topics -> write records -> report

The driver reads the feed list and publishes what the report names. After fetch articles everything is fused:
no GroupByKey, Flatten or Reshuffle, so that pages and texts never cross a shuffle and memory stays flat.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import apache_beam as beam

from schemas.dead_letters import DeadLetter
from schemas.entries import Entry
from schemas.polls import FeedTask
from transforms.detect_topics import DetectTopics
from transforms.extract_text import ExtractText, TakeFeedText
from transforms.fetch_articles import FetchArticles
from transforms.fetch_feeds import FetchFeeds
from transforms.parse_entries import ENTRIES, ParseEntries
from transforms.run_context import RunContext, utc_now
from transforms.select_new import SelectNew
from transforms.write_records import SumReports, WriteRecords
from transforms.write_report import WriteReport


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What the driver gives the graph: the feeds and entries to work on, and what is known already.

    `host_buckets` is 1 in process, so that one bundle holds all hosts, and a multiple of the parallelism on engines.
    """

    feeds: Sequence[FeedTask]
    list_problems: Sequence[DeadLetter]
    pending: Sequence[Entry]
    known_files: tuple[str, ...]
    rebuilt_keys: tuple[bytes, ...]
    fetch_pages: bool
    host_buckets: int = 1


def build(
    pipeline: beam.Pipeline, plan: RunPlan, context: RunContext, clock: Callable[[], datetime] = utc_now
) -> None:
    """Wire the run into the pipeline; its report ends as a file in the run's staging."""
    feeds = pipeline | "Feeds" >> beam.Create(plan.feeds)
    problems = pipeline | "Problems of the feed list" >> beam.Create(plan.list_problems)
    carried = pipeline | "Carried in" >> beam.Create(plan.pending)

    polled = (
        feeds
        | "Fetch feeds" >> FetchFeeds(context, plan.host_buckets, clock)
        | "Parse entries" >> ParseEntries(context, clock)
    )
    chosen, selection = (polled[ENTRIES], carried) | "Select new" >> SelectNew(
        context, plan.known_files, plan.rebuilt_keys, clock
    )
    articles_written = (
        chosen
        | "Articles" >> _Articles(plan, context, clock)
        | "Detect topics" >> DetectTopics(context, clock)
        | "Write articles" >> WriteRecords(context, clock)
    )
    feeds_written = polled.feeds | "Write feeds" >> WriteRecords(context, clock)
    problems_written = problems | "Write list problems" >> WriteRecords(context, clock)
    (
        (articles_written, feeds_written, problems_written, selection)
        | "Join reports" >> beam.Flatten()
        | "Sum reports" >> beam.CombineGlobally(SumReports())  # type: ignore[no-untyped-call]
        | "Write report" >> WriteReport(context)
    )


@dataclass(eq=False)
class _Articles(beam.PTransform[Any, Any]):
    """Chosen entries -> outcomes, by their pages or by the feed's own text."""

    plan: RunPlan
    context: RunContext
    clock: Callable[[], datetime]

    def expand(self, chosen: Any) -> Any:
        if not self.plan.fetch_pages:
            return chosen | "Feed text" >> TakeFeedText(self.context, self.clock)
        return (
            chosen
            | "Fetch articles" >> FetchArticles(self.context, self.plan.host_buckets, self.clock)
            | "Extract text" >> ExtractText(self.context, self.clock)
        )
