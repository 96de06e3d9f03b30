"""The stream on the in-process engine: bounded runs, one after another, in one warm process.

That engine fires no window of an unbounded source before the source ends, so a stream there is a run every so
often, each with its own commit. What one run leaves, any other takes up: `tocsin run` can follow a stream on the
same output, and a stream a run.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.batch import RunFailedError, RunResult, run_batch
from pipeline.lock import LockHeldError
from pipeline.options import RunOptions, UsageError
from transforms.intake import intake_stopped, wait_unless_stopped
from transforms.run_context import utc_now

FAILURES_IN_A_ROW = 3
"""Runs that may fail one after another before the stream ends: what is wrong is then none that time mends."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StreamResult:
    """What a stream did until it was stopped."""

    runs: int
    articles: int
    dead_letters: int


def run_stream(
    options: RunOptions,
    every: timedelta,
    *,
    committed: Callable[[RunResult], None],
    clock: Callable[[], datetime] = utc_now,
    seconds: Callable[[], float] = time.monotonic,
    wait: Callable[[float], bool] = wait_unless_stopped,
) -> StreamResult:
    """Run every so often until intake is stopped; a run under way then is committed first.

    Runs begin `every` apart; one that took longer is followed at once. The feed list and the taxonomy are read anew
    by each run. The first run's errors end the stream, so that a wrong option is told at the start; a later run
    that fails has published nothing, and the next one takes up its work.

    Args:
        options: what each run is to do.
        every: from the beginning of one run to that of the next.
        committed: told what each run did.
        clock: the time of the runs; tests give another.
        seconds: a clock that never goes back.
        wait: waits so many seconds and gives whether intake was stopped meanwhile.

    Raises:
        UsageError: as a run, at the first, or FAILURES_IN_A_ROW times after.
        LockHeldError: another run holds the output at the start.
        RunFailedError: as a run, at the first, or FAILURES_IN_A_ROW times after.
    """
    runs = articles = dead_letters = failures = 0
    while True:
        began = seconds()
        try:
            result = run_batch(options, clock=clock)
        except LockHeldError as error:
            if not runs:
                raise
            _LOG.warning("another run holds the output (%s): this one is left out", error)
        except (RunFailedError, UsageError) as error:
            failures += 1
            if not runs or failures >= FAILURES_IN_A_ROW:
                raise
            _LOG.error("%s; the stream goes on, with failure %d in a row", error, failures)
        else:
            failures = 0
            runs += 1
            articles += result.manifest.balance.articles
            dead_letters += result.manifest.balance.dead_letters
            committed(result)
        left = max(0.0, began + every.total_seconds() - seconds())
        if intake_stopped() or wait(left):
            return StreamResult(runs, articles, dead_letters)
