"""The unbounded graph of a stream, in the order of the data path.

    ticks -> take in -> fetch feeds -> parse entries, look up -> select since -> fetch articles
                     -> extract text, detect topics, write records -> gather windows

Everything is in the global window, which has no lateness: the window that an element belongs to travels with it, and
`windows` tells when one is complete. Between two shuffles a stage works on batches of one window, as the bundles of
the bounded graph. What waits for its host is in the keyed state of the fetch stages.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import apache_beam as beam
from apache_beam.utils.windowed_value import WindowedValue

from pipeline.unbounded.snapshot import Snapshot, committed_through, from_snapshot
from pipeline.unbounded.ticks import CARRIED, FEEDS, REPORTS, Pace, TakeIn, Ticks
from pipeline.unbounded.windows import GatherWindows
from schemas.entries import Entry
from schemas.outcomes import Carried, Ended
from schemas.report import Report, sum_reports
from transforms.detect_topics import DetectTopics, LearnedTopics
from transforms.extract_text import ExtractText, TakeFeedText
from transforms.fetch_as_it_comes import ARTICLES, FetchAsItComes, Waiting
from transforms.fetch_as_it_comes import FEEDS as FEED_FETCHING
from transforms.metrics import reported
from transforms.packing import pack
from transforms.parse_entries import ENTRIES, ParseEntries
from transforms.run_context import RunContext, utc_now
from transforms.select_since import Candidate, SelectSince
from transforms.write_records import WriteRecords

UNKNOWN = "unknown"
TO_FETCH = "to_fetch"
DONE = "done"


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """What the driver gives the graph.

    `every` is the time from one window to the next, `patience` how long what a window takes in may wait for its host.
    """

    every: timedelta
    patience: timedelta
    fetch_pages: bool
    host_buckets: int


def build_stream(
    pipeline: beam.Pipeline, plan: StreamPlan, context: RunContext, clock: Callable[[], datetime] = utc_now
) -> None:
    """Wire the stream into the pipeline; complete windows end as files in its staging."""
    pace = Pace.of(plan.every)
    taken_in = (
        pipeline | "Ticks" >> Ticks(pace, clock) | "Take in" >> TakeIn(context, pace, plan.patience, clock)
    )
    polled = (
        taken_in[FEEDS]
        | "Fetch feeds" >> FetchAsItComes(FEED_FETCHING, context, plan.host_buckets, clock)
        | "Parse and look up" >> beam.ParDo(_EndPolls(context, clock)).with_outputs(UNKNOWN, main=REPORTS)
    )
    chosen = (
        (polled[UNKNOWN], taken_in[CARRIED])
        | "Join listed and carried" >> beam.Flatten()
        | "By entry" >> beam.Map(_keyed).with_output_types(tuple[bytes, Any])
        | "Select since"
        >> beam.ParDo(SelectSince(context, partial(committed_through, context.staging), clock)).with_outputs(
            REPORTS, main="chosen"
        )
    )
    sorted_out = chosen.chosen | "Sort out" >> beam.ParDo(_SortOut(plan, clock)).with_outputs(TO_FETCH, DONE)
    fetched = sorted_out[TO_FETCH] | "Fetch articles" >> FetchAsItComes(
        ARTICLES, context, plan.host_buckets, clock
    )
    ended = (
        (fetched, sorted_out[DONE])
        | "Join fetched and others" >> beam.Flatten()
        | "Extract, detect, write" >> beam.ParDo(_EndEntries(context, clock))
    )
    (
        (taken_in[REPORTS], polled[REPORTS], chosen[REPORTS], ended)
        | "Join reports" >> beam.Flatten()
        | "Gather windows" >> GatherWindows(context, clock)
    )


def bundle_of(stage: beam.DoFn, elements: Iterable[Any]) -> Iterator[tuple[str | None, Any]]:
    """What a stage gives for a bundle of these elements, each with its tag."""
    stage.start_bundle()
    for element in elements:
        yield from map(_bare, stage.process(element) or ())
    yield from map(_bare, stage.finish_bundle() or ())


def _bare(output: Any) -> tuple[str | None, Any]:
    tag = None
    if isinstance(output, beam.pvalue.TaggedOutput):
        tag, output = output.tag, output.value
    return tag, output.value if isinstance(output, WindowedValue) else output


def _keyed(keyed: tuple[bytes, Candidate]) -> tuple[bytes, Candidate]:
    return keyed


class _EndPolls(beam.DoFn):
    """(window, [FeedBody or PolledFeed]) -> (window, Report); `unknown`: (key, Candidate)."""

    def __init__(self, context: RunContext, clock: Callable[[], datetime]) -> None:
        self._parse = ParseEntries(context, clock).stage()
        self._write = WriteRecords(context, clock).stage()
        self._staging = context.staging

    def process(self, batch: tuple[int, list[Any]]) -> Iterator[Any]:
        window, polls = batch
        feeds: list[Any] = []
        entries: list[Entry] = []
        for tag, output in bundle_of(self._parse, polls):
            (entries if tag == ENTRIES else feeds).append(output)
        written = [report for _, report in bundle_of(self._write, feeds)]
        keyed = [(entry.key, pack(entry)) for entry in entries]

        def look_up(snapshot: Snapshot) -> tuple[set[bytes], set[bytes]]:
            return (snapshot.known_keys(keyed), snapshot.pending_keys()) if keyed else (set(), set())

        snapshot, (known, pending) = from_snapshot(self._staging, look_up)
        # What is carried over is tried again by its own time; that it is listed still adds nothing.
        unknown = [(key, packed) for key, packed in keyed if key not in known and key not in pending]
        seen = sum(key in known for key, _ in keyed)
        counts: dict[str, float] = {
            "window.entries": len(entries),
            "balance.listed": len(entries),
            "balance.known": seen,
            "balance.duplicates": len(entries) - seen - len(unknown),
        }
        reported(counts)
        yield window, sum_reports([*written, Report(counts)])
        for key, packed in unknown:
            candidate = Candidate(window, snapshot.through, packed, carried=False)
            yield beam.pvalue.TaggedOutput(UNKNOWN, (key, candidate))


class _SortOut(beam.DoFn):
    """(window, [Entry, Carried or Ended]) -> `to_fetch` (Waiting) and `done` (window, what needs no page)."""

    def __init__(self, plan: StreamPlan, clock: Callable[[], datetime]) -> None:
        self._plan = plan
        self._clock = clock

    def process(self, batch: tuple[int, list[Entry | Carried | Ended]]) -> Iterator[Any]:
        window, chosen = batch
        until = (self._clock() + self._plan.patience).timestamp()
        for one in chosen:
            if isinstance(one, Entry) and self._plan.fetch_pages:
                yield beam.pvalue.TaggedOutput(TO_FETCH, Waiting(window, until, pack(one)))
            else:
                yield beam.pvalue.TaggedOutput(DONE, (window, [one]))


class _EndEntries(beam.DoFn):
    """(window, [FetchedPage, PageMissing, Entry, Carried or Ended]) -> (window, Report)."""

    def __init__(self, context: RunContext, clock: Callable[[], datetime]) -> None:
        self._extract = ExtractText(context, clock).stage()
        self._take_feed_text = TakeFeedText(context, clock)
        self._detect = DetectTopics(context, clock)
        self._learned = LearnedTopics(context, clock) if context.model_path is not None else None
        self._write = WriteRecords(context, clock).stage()

    def process(self, batch: tuple[int, list[Any]]) -> Iterator[Any]:
        window, fetched = batch
        texts = map(self._take_feed_text.outcome_of, fetched)
        outcomes = [self._detect.by_rules(outcome) for _, outcome in bundle_of(self._extract, texts)]
        if self._learned is not None:
            outcomes = list(self._learned.run_inference(outcomes, self._learned.load_model()))
        yield window, sum_reports(report for _, report in bundle_of(self._write, outcomes))
