"""Ticks: what begins the windows of a stream, and what each window takes in.

A tick comes every second or so; each so many of them begin a window, so that a stop is seen soon however long the
windows are. A tick's number is the only thing that it carries; a window's is that of its tick, divided.

PeriodicImpulse could give the ticks by itself, but on Flink its state grows with each (beam#27648): 37 KB a tick were
measured. So it only wakes a key whose timer ticks.
"""

import dataclasses
import logging
import math
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import apache_beam as beam
from apache_beam.coders import VarIntCoder
from apache_beam.transforms.periodicsequence import PeriodicImpulse
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec, TimerSpec, on_timer
from apache_beam.utils.timestamp import Timestamp

from pipeline.unbounded.snapshot import (
    Snapshot,
    SnapshotGoneError,
    from_snapshot,
    require_driver,
    told_feed_list,
)
from schemas.entries import Entry
from schemas.feeds import FeedSource, FeedState
from schemas.polls import FeedTask
from schemas.report import Report
from transforms.feeds.schedule import due
from transforms.fetch_as_it_comes import Waiting
from transforms.intake import stop_of
from transforms.packing import pack
from transforms.run_context import RunContext, utc_now
from transforms.select_since import Candidate
from transforms.stage_log import fields

FEEDS = "feeds"
CARRIED = "carried"
REPORTS = "reports"

LONGEST_TICK = 1.0
"""Seconds between two ticks at most."""

DAY = 86_400

_LOG = logging.getLogger(__name__)
_YEARS = timedelta(days=36_500)


@dataclasses.dataclass(frozen=True, slots=True)
class Pace:
    """How often ticks come, in seconds, and how many of them make a window."""

    tick: float
    ticks_a_window: int

    @classmethod
    def of(cls, every: timedelta) -> "Pace":
        """The pace of windows that begin `every` apart."""
        seconds = every.total_seconds()
        ticks = max(1, math.ceil(seconds / LONGEST_TICK))
        return cls(seconds / ticks, ticks)


@dataclasses.dataclass(eq=False)
class Ticks(beam.PTransform[Any, Any]):
    """Nothing -> numbers from 0 on, one a tick, for ever."""

    pace: Pace
    clock: Callable[[], datetime] = utc_now

    def expand(self, begin: Any) -> Any:
        """The pipeline -> ticks."""
        now = self.clock()
        return (
            begin
            | "Wake"
            >> PeriodicImpulse(
                Timestamp.of(now.timestamp()), Timestamp.of((now + _YEARS).timestamp()), float(DAY)
            )
            | "To one key" >> beam.Map(lambda _: (0, 0)).with_output_types(tuple[int, int])
            | "Tick" >> beam.ParDo(_Tick(self.pace.tick, self.clock)).with_output_types(int)
        )


class _Tick(beam.DoFn):
    NEXT = ReadModifyWriteStateSpec("next", VarIntCoder())
    TIMER = TimerSpec("tick", TimeDomain.REAL_TIME)

    def __init__(self, seconds: float, clock: Callable[[], datetime]) -> None:
        self._seconds = seconds
        self._clock = clock

    def process(
        self,
        _: tuple[int, int],
        following: Any = beam.DoFn.StateParam(NEXT),
        timer: Any = beam.DoFn.TimerParam(TIMER),
    ) -> None:
        if following.read() is None:
            following.write(0)
            timer.set(self._clock().timestamp())

    @on_timer(TIMER)
    def tick(
        self,
        following: Any = beam.DoFn.StateParam(NEXT),
        timer: Any = beam.DoFn.TimerParam(TIMER),
    ) -> Iterator[int]:
        number = following.read() or 0
        following.write(number + 1)
        timer.set(self._clock().timestamp() + self._seconds)
        yield number


@dataclasses.dataclass(eq=False)
class TakeIn(beam.PTransform[Any, Any]):
    """Ticks -> `feeds` (Waiting), `carried` (key, Candidate) and `reports` (window, Report).

    `patience` is how long what a window takes in may wait for its host; what has not been begun then is carried over.
    """

    context: RunContext
    pace: Pace
    patience: timedelta
    clock: Callable[[], datetime] = utc_now

    def expand(self, ticks: Any) -> Any:
        """Ticks -> what their windows begin with."""
        take_in = _TakeIn(self.context, self.pace, self.patience, self.clock)
        return ticks | "Look what is due" >> beam.ParDo(take_in).with_outputs(FEEDS, CARRIED, REPORTS)


class _TakeIn(beam.DoFn):
    def __init__(
        self, context: RunContext, pace: Pace, patience: timedelta, clock: Callable[[], datetime]
    ) -> None:
        self._context = context
        self._pace = pace
        self._patience = patience
        self._clock = clock
        self._stopped: Callable[[], bool] = lambda: False

    def setup(self) -> None:
        self._stopped = stop_of(self._context.staging)

    def process(self, tick: int) -> Iterator[Any]:
        window, rest = divmod(tick, self._pace.ticks_a_window)
        staging, now = self._context.staging, self._clock()
        if self._stopped():
            # Every tick after the stop says so; the windows before the first of them are the last ones.
            following = window + 1 if rest else window
            yield beam.pvalue.TaggedOutput(REPORTS, (following, Report({"window.stopped": 1})))
            return
        if rest:
            return
        try:
            require_driver(staging, now.timestamp())
            sources = told_feed_list(staging)
            snapshot, (states, pending) = from_snapshot(
                staging, lambda snapshot: (snapshot.feed_states(), snapshot.pending_entries())
            )
        except SnapshotGoneError as error:
            _LOG.warning(
                "window %d takes nothing in: %s", window, error, extra=fields(run=self._context.run_id)
            )
            report = Report({"window.begun": 1})
            yield beam.pvalue.TaggedOutput(REPORTS, (window, report))
            return
        yield from self._taken_in(window, now, sources, snapshot, states, pending)

    def _taken_in(
        self,
        window: int,
        now: datetime,
        sources: tuple[FeedSource, ...],
        snapshot: Snapshot,
        states: dict[str, FeedState],
        pending: tuple[Entry, ...],
    ) -> Iterator[Any]:
        counts = Counter({"window.begun": 1, "window.feeds": len(sources)})
        until = (now + self._patience).timestamp()
        for source in sources:
            state = states.get(source.shown)
            skip = due(state, now=now, only_due=self._context.only_due)
            if skip is None:
                task = Waiting(window, until, FeedTask(source, state))
                yield beam.pvalue.TaggedOutput(FEEDS, task)
            else:
                counts.update({"feeds.listed": 1, "feeds.skipped": 1, f"skipped.{skip.reason}": 1})
        for entry in pending:
            if entry.retry_at is None or entry.retry_at <= now:
                counts["window.carried_in"] += 1
                candidate = Candidate(window, snapshot.through, pack(entry), carried=True)
                yield beam.pvalue.TaggedOutput(CARRIED, (entry.key, candidate))
        yield beam.pvalue.TaggedOutput(REPORTS, (window, Report(dict(counts))))
