"""Windows: what stages did, gathered by the window that it was done for, until nothing of it is under way.

A window is complete when its accounts close: every feed that it took in has been told of, every entry that was parsed
has been looked up, every entry carried in has been counted, and listed and carried in entries have each had an
outcome. What is under way has been counted where it came in and not yet where it ends, so that a window that closes
has nothing under way: that is certain, where a watermark is an estimate. So nothing can be late, and nothing is
dropped for lateness; and engines whose watermarks stand still do as well as others.
"""

import dataclasses
import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.coders import PickleCoder
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import BagStateSpec, TimerSpec, on_timer

from schemas.report import Balance, Report, StagedFile, sum_reports
from transforms.run_context import RunContext, utc_now

FOLDER = "windows"
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
            hand_over(Path(self._context.staging), Window(window, _packed(told)))
            reports.clear()
        yield from ()


def _packed(reports: Iterable[Report]) -> tuple[Report, ...]:
    """The reports, those without files as one."""
    told = list(reports)
    counted = sum_reports(report for report in told if not report.files)
    return (counted, *(report for report in told if report.files))


def hand_over(staging: Path, window: Window) -> None:
    """Leave a complete window for the driver. A window that is handed over again, after a failure, is another file."""
    folder = staging / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = f"{window.number:012d}-{uuid.uuid4().hex}.json"
    copy = folder / f".{name}"
    copy.write_text(json.dumps(dataclasses.asdict(window)), encoding="utf-8")
    copy.rename(folder / name)


def handed_over(staging: Path) -> list[tuple[Path, Window]]:
    """The windows that wait for the driver, in order, each with its file."""
    return [(path, _read(path)) for path in sorted((staging / FOLDER).glob("[0-9]*.json"))]


def _read(path: Path) -> Window:
    values = json.loads(path.read_text(encoding="utf-8"))
    reports = tuple(
        Report(report["counts"], tuple(StagedFile(**file) for file in report["files"]))
        for report in values["reports"]
    )
    return Window(values["number"], reports)
