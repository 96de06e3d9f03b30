"""Write records: rows into Parquet files under staging, each attempt in a folder of its own.

A bundle's files are closed and synced before the stage reports them, and only reported files are ever
published; what a failed attempt leaves behind is swept.
"""

import dataclasses
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from schemas.articles import Article
from schemas.columns import arrow_schema, table_of
from schemas.dead_letters import DeadLetter, Level, Reason, Stage
from schemas.feed_fetches import FeedOutcome
from schemas.feeds import KnownKey
from schemas.outcomes import Carried, Ended
from schemas.polls import PolledFeed
from schemas.report import Report, StagedFile, sum_reports
from transforms.files import NewFile, under
from transforms.metrics import recorded, reported
from transforms.progress import advance
from transforms.run_context import RunContext, utc_now
from transforms.stage_log import log_dead_letter

ROWS_A_GROUP = 1_000
"""Rows buffered for a table before they are written as a row group."""

TEXT_A_GROUP = 16 * 1024**2
"""Characters of text buffered before a row group is written, whatever the number of rows."""

Outcome = Ended | Carried | PolledFeed | DeadLetter


@dataclasses.dataclass(eq=False)
class WriteRecords(beam.PTransform[Any, Any]):
    """Outcomes to staged Parquet files; gives one `Report` a bundle."""

    context: RunContext
    clock: Callable[[], datetime] = utc_now

    def expand(self, outcomes: Any) -> Any:
        """Outcomes -> reports."""
        return outcomes | "Write rows" >> beam.ParDo(self.stage())

    def stage(self) -> beam.DoFn:
        """What does it, also for a graph that gives it batches of its own."""
        return _WriteRows(self.context, self.clock)


class _WriteRows(beam.DoFn):
    def __init__(self, context: RunContext, clock: Callable[[], datetime]) -> None:
        self._context = context
        self._clock = clock
        self._attempt: StagedAttempt | None = None
        self._counts: Counter[str] = Counter()

    def start_bundle(self) -> None:
        self._attempt = StagedAttempt(self._context.output, self._context.staging, self._failed)
        self._counts = Counter()

    def process(self, outcome: Outcome) -> None:
        assert self._attempt is not None  # noqa: S101 -- Beam starts a bundle before it processes one
        now = self._clock()
        rows, counts = rows_and_counts(outcome, now)
        for row in rows:
            self._attempt.add(row)
            if isinstance(row, DeadLetter):
                log_dead_letter(row)
        self._counts.update(counts)
        if isinstance(outcome, Ended | Carried):
            advance("entries_done")
        if isinstance(outcome, Ended) and isinstance(outcome.record, Article):
            recorded(outcome.record, now)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        assert self._attempt is not None  # noqa: S101 -- as above
        files = self._attempt.close()
        self._attempt = None
        report = Report(dict(self._counts), files)
        reported(report.counts)
        yield GlobalWindows.windowed_value_at_end_of_window(report)

    def _failed(self, row: Any, error: Exception) -> Any | None:
        """What to write in place of a row that Arrow refuses; None ends the run, as nothing may be lost.

        A row of strings that are no valid text is written with those letters replaced, one for one, so that
        offsets stand. An article that is refused all the same becomes a dead letter.
        """
        if isinstance(error, UnicodeError) and (legible := with_legible_text(row)) != row:
            return legible
        if not isinstance(row, Article):
            return None
        self._counts.update({"balance.articles": -1, "balance.dead_letters": 1, f"dead.{Reason.INTERNAL}": 1})
        for topic in row.topics:
            self._counts[f"topic.{topic.topic}"] -= 1
        letter = DeadLetter(
            stage=Stage.WRITE_RECORDS,
            level=Level.ENTRY,
            reason=Reason.INTERNAL,
            url=row.canonical_url,
            feed_url=row.feed_url,
            entry_id=row.entry_id,
            host=row.host,
            detail=f"the row could not be written: {error}",
            http_status=None,
            retryable=False,
            attempts=1,
            occurred_at=self._clock(),
            run_id=row.run_id,
        )
        log_dead_letter(letter)
        return letter


def rows_and_counts(outcome: Outcome, now: datetime) -> tuple[list[Any], dict[str, int]]:
    """The rows that an outcome leaves in the lake and its state, and what it adds to the report. Pure."""
    match outcome:
        case Ended(entry, Article() as article):
            counts = Counter({"balance.articles": 1, f"lang.{article.lang}": 1})
            counts.update(f"topic.{topic.topic}" for topic in article.topics)
            counts.update({"text_from_feed": 1} if article.text_source == "feed" else {})
            return [article, KnownKey(entry.key, now)], dict(counts)
        case Ended(entry, DeadLetter() as letter):
            counts = Counter({"balance.dead_letters": 1, f"dead.{letter.reason}": 1})
            return [letter, KnownKey(entry.key, now)], dict(counts)
        case Carried(entry):
            return [entry], {"balance.carried_out": 1, f"carried.{entry.reason}": 1}
        case PolledFeed(fetch, state, letter, departed):
            rows: list[Any] = [fetch, *([state] if state else []), *(KnownKey(key, now) for key in departed)]
            counts = Counter({"feeds.listed": 1, f"feeds.{fetch.outcome}": 1})
            if fetch.outcome == FeedOutcome.SKIPPED:
                counts[f"skipped.{fetch.reason}"] += 1
            if letter is not None:
                rows.append(letter)
                counts[f"dead_feeds.{letter.reason}"] += 1
            return rows, dict(counts)
        case DeadLetter() as letter:
            return [letter], {f"dead_feeds.{letter.reason}": 1}
    raise TypeError(f"no outcome: {type(outcome).__name__}")


def with_legible_text(value: Any) -> Any:
    """The value with every lone surrogate in its strings, however deep, replaced by "?"."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, tuple):
        return tuple(with_legible_text(item) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: with_legible_text(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return type(value)(**fields)
    return value


class StagedAttempt:
    """One attempt's files, one a table, in a folder that no other attempt writes to.

    `on_refused` gives the row to write in place of one that Arrow refuses, or None to let the error end the
    bundle. Paths of the closed files are relative to `output`, whose location `staging` lies below.
    """

    def __init__(self, output: str, staging: str, on_refused: Callable[[Any, Exception], Any | None]) -> None:
        self._output = output
        self._folder = under(staging, f"attempt-{uuid.uuid4().hex}")
        self._on_refused = on_refused
        self._rows: defaultdict[type, list[Any]] = defaultdict(list)
        self._text: Counter[type] = Counter()
        self._writers: dict[type, tuple[NewFile, pq.ParquetWriter]] = {}
        self._written: Counter[type] = Counter()

    def add(self, row: Any) -> None:
        """Take a row into its table's buffer."""
        record = type(row)
        self._rows[record].append(row)
        self._text[record] += len(getattr(row, "text", None) or getattr(row, "content", None) or "")
        if len(self._rows[record]) >= ROWS_A_GROUP or self._text[record] >= TEXT_A_GROUP:
            self._flush(record)

    def close(self) -> tuple[StagedFile, ...]:
        """Write what is buffered, close and sync every file, and say what they are."""
        while any(self._rows.values()):
            for record in list(self._rows):
                self._flush(record)
        closed = []
        for record, (file, writer) in self._writers.items():
            writer.close()
            file.close()
            closed.append(
                StagedFile(
                    table=vars(record)["TABLE"],
                    path=self._location(record).removeprefix(under(self._output, "")),
                    rows=self._written[record],
                    bytes=file.bytes,
                    sha256=file.sha256,
                )
            )
        return tuple(closed)

    def _location(self, record: type) -> str:
        return under(self._folder, f"{vars(record)['TABLE']}.parquet")

    def _flush(self, record: type) -> None:
        rows, self._rows[record] = self._rows[record], []
        self._text[record] = 0
        if not rows:
            return
        table = self._table(record, rows)
        if record not in self._writers:
            file = NewFile(self._location(record))
            writer = pq.ParquetWriter(file, arrow_schema(record), compression="zstd")
            self._writers[record] = (file, writer)
        self._writers[record][1].write_table(table)
        self._written[record] += table.num_rows

    def _table(self, record: type, rows: list[Any]) -> pa.Table:
        try:
            return table_of(record, rows)
        except (pa.ArrowException, UnicodeError, OverflowError, TypeError) as error:
            if len(rows) > 1:
                halves = (rows[: len(rows) // 2], rows[len(rows) // 2 :])
                return pa.concat_tables(self._table(record, half) for half in halves)
            instead = self._on_refused(rows[0], error)
            if instead is None:
                raise
            self.add(instead)
            return arrow_schema(record).empty_table()


class SumReports(beam.CombineFn):
    """All reports of a run as one."""

    def create_accumulator(self) -> list[Report]:
        """Nothing seen yet."""
        return []

    def add_input(self, accumulator: list[Report], report: Report) -> list[Report]:
        """Take one report in."""
        return [sum_reports([*accumulator, report])]

    def merge_accumulators(self, accumulators: Iterable[list[Report]]) -> list[Report]:
        """Join partial sums."""
        return [sum_reports([report for reports in accumulators for report in reports])]

    def extract_output(self, accumulator: list[Report]) -> Report:
        """The sum; an empty report where nothing came."""
        return sum_reports(accumulator)
