"""Select since: of the entries that the committed snapshot does not know, the first of each key.

What came since the snapshot is in keyed state, a key for each entry: the window in which it was chosen. Nothing is
seeded. Once that window has been committed, the snapshot knows the entry, and a timer clears the state.

Of several listings of one entry the first that comes is chosen: an unbounded graph knows no last one.
"""

import dataclasses
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import apache_beam as beam
from apache_beam.coders import VarIntCoder
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec, TimerSpec, on_timer

from schemas.report import Report
from transforms.metrics import reported
from transforms.packing import unpack
from transforms.run_context import RunContext, utc_now
from transforms.select_new import fate_of

KEPT = 600.0
"""Seconds that a choice is remembered at least; it bridges the time from an entry's look-up to its choice."""

REPORTS = "reports"


@dataclasses.dataclass(frozen=True, slots=True)
class Candidate:
    """An entry of which the snapshot that was committed through window `through` knows nothing.

    `packed` is the entry. `carried` says that it is one that the snapshot carries over.
    """

    window: int
    through: int
    packed: bytes
    carried: bool


class SelectSince(beam.DoFn):
    """(entry key, Candidate) -> (window, [Entry, Carried or Ended]); `reports`: (window, Report).

    Args:
        context: the stream.
        committed_through: the last window that has been committed, -1 before the first.
        clock: the time.
    """

    CHOSEN = ReadModifyWriteStateSpec("chosen", VarIntCoder())
    FORGET = TimerSpec("forget", TimeDomain.REAL_TIME)

    def __init__(
        self,
        context: RunContext,
        committed_through: Callable[[], int],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._context = context
        self._committed_through = committed_through
        self._clock = clock

    def process(
        self,
        keyed: tuple[bytes, Candidate],
        chosen: Any = beam.DoFn.StateParam(CHOSEN),
        forget: Any = beam.DoFn.TimerParam(FORGET),
    ) -> Iterator[Any]:
        """Choose the entry, or count it as a duplicate."""
        candidate = keyed[1]
        carried_in: dict[str, float] = {"balance.carried_in": 1} if candidate.carried else {}
        if already_chosen(candidate, chosen.read()):
            report = Report({"balance.duplicates": 1, **carried_in})
            reported(report.counts)
            yield beam.pvalue.TaggedOutput(REPORTS, (candidate.window, report))
            return
        if carried_in:
            reported(carried_in)
            yield beam.pvalue.TaggedOutput(REPORTS, (candidate.window, Report(carried_in)))
        chosen.write(candidate.window)
        forget.set(self._clock().timestamp() + KEPT)
        yield candidate.window, [fate_of(unpack(candidate.packed), self._context, self._clock())]

    @on_timer(FORGET)
    def forget(
        self,
        chosen: Any = beam.DoFn.StateParam(CHOSEN),
        forget: Any = beam.DoFn.TimerParam(FORGET),
    ) -> None:
        """Clear the state, unless the window of the choice has not been committed yet."""
        window = chosen.read()
        if window is None or window <= self._committed_through():
            chosen.clear()
        else:
            forget.set(self._clock().timestamp() + KEPT)


def already_chosen(candidate: Candidate, window: int | None) -> bool:
    """Whether the entry has been chosen before, in `window`, and is not to be chosen again. Pure.

    An entry that the snapshot carries over is chosen again once the window of its last choice is part of the
    snapshot: that choice ended in its being carried. One that is only listed never is, as it is carried or known.
    """
    if window is None:
        return False
    return not candidate.carried or window > candidate.through
