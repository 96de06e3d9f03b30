"""Windows: what stages did, gathered by the window that it was done for, until nothing of it is under way.

A window is complete when its accounts close: every feed that it took in has been told of, every entry that was parsed
has been looked up, every entry carried in has been counted, and listed and carried in entries have each had an
outcome. What is under way has been counted where it came in and not yet where it ends, so that a window that closes
has nothing under way: that is certain, where a watermark is an estimate. So nothing can be late, and nothing is
dropped for lateness; and engines whose watermarks stand still do as well as others.
"""

import dataclasses
import json
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import apache_beam as beam
from apache_beam.coders import PickleCoder
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import BagStateSpec, TimerSpec, on_timer

from pipeline.lake import Lake
from schemas.report import Balance, Report, StagedFile, sum_reports
from transforms.files import under, write_whole
from transforms.run_context import RunContext, utc_now

FOLDER = "windows"
_NAME = re.compile(r"\d{12}-[0-9a-f]{32}\.json")
LOOK_AFTER = 0.1
"""Seconds that reports of a window are gathered for before its accounts are looked at again."""


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """A complete window: its number, and the reports of its stages, each with the files that it tells of."""

    number: int
    reports: tuple[Report, ...]

    @property
    def report(self) -> Report:
        """The sum of its reports."""
        return sum_reports(self.reports)


def is_complete(report: Report) -> bool:
    """Whether a window of which these are all counts so far has nothing under way. Pure."""
    counts = report.counts
    if counts.get("window.stopped"):
        return True
    return (
        counts.get("window.begun") == 1
        and counts.get("window.feeds", 0) == counts.get("feeds.listed", 0)
        and counts.get("window.entries", 0) == counts.get("balance.listed", 0)
        and counts.get("window.carried_in", 0) == counts.get("balance.carried_in", 0)
        and Balance.of(report).holds
    )


@dataclasses.dataclass(eq=False)
class GatherWindows(beam.PTransform[Any, Any]):
    """(window, Report) -> a file for each complete window, which the driver takes."""

    context: RunContext
    clock: Callable[[], datetime] = utc_now

    def expand(self, reports: Any) -> Any:
        """Reports -> nothing."""
        return (
            reports
            | "Key by window" >> beam.Map(lambda keyed: keyed).with_output_types(tuple[int, Any])
            | "Gather a window" >> beam.ParDo(_Gather(self.context, self.clock))
        )


class _Gather(beam.DoFn):
    REPORTS = BagStateSpec("reports", PickleCoder())
    LOOK = TimerSpec("look", TimeDomain.REAL_TIME)

    def __init__(self, context: RunContext, clock: Callable[[], datetime]) -> None:
        self._context = context
        self._clock = clock

    def process(
        self,
        keyed: tuple[int, Report],
        reports: Any = beam.DoFn.StateParam(REPORTS),
        look: Any = beam.DoFn.TimerParam(LOOK),
    ) -> None:
        reports.add(keyed[1])
        look.set(self._clock().timestamp() + LOOK_AFTER)

    @on_timer(LOOK)
    def look(
        self, window: Any = beam.DoFn.KeyParam, reports: Any = beam.DoFn.StateParam(REPORTS)
    ) -> Iterator[None]:
        told = list(reports.read())
        if is_complete(sum_reports(told)):
            hand_over(self._context.staging, Window(window, _packed(told)))
            reports.clear()
        yield from ()


def _packed(reports: Iterable[Report]) -> tuple[Report, ...]:
    """The reports, those without files as one."""
    told = list(reports)
    counted = sum_reports(report for report in told if not report.files)
    return (counted, *(report for report in told if report.files))


def expect_windows(staging: str) -> None:
    """Make the place where windows are handed over; it stays, so that no worker finds it gone as another is taken."""
    write_whole(under(staging, FOLDER, "begun"), b"begun\n")


def hand_over(staging: str, window: Window) -> None:
    """Leave a complete window for the driver. A window that is handed over again, after a failure, is another file."""
    place = under(staging, FOLDER, f"{window.number:012d}-{uuid.uuid4().hex}.json")
    write_whole(place, json.dumps(dataclasses.asdict(window)).encode())


def handed_over(lake: Lake, staging: str) -> list[tuple[str, Window]]:
    """The windows that wait for the driver, in order, each with its key; `staging` is a key too."""
    keys = lake.storage.files(f"{staging}/{FOLDER}")
    return [(key, _read(lake, key)) for key in keys if _NAME.fullmatch(key.rpartition("/")[2])]


def _read(lake: Lake, key: str) -> Window:
    with lake.storage.open(key) as file:
        values = json.loads(file.read())
    reports = tuple(
        Report(report["counts"], tuple(StagedFile(**file) for file in report["files"]))
        for report in values["reports"]
    )
    return Window(values["number"], reports)
