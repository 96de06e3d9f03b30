"""Runs in this process, or in one of their own that a test may kill, forked from a server that is warm already."""

import logging
import multiprocessing
import multiprocessing.forkserver
import os
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipeline.batch import RunResult, run_batch
from pipeline.options import RunOptions

DONE = 0


def start_server() -> None:
    """Start the server that children are forked from; before a pool starts it, with less loaded in it."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(["pipeline.batch", "tests.support.warm"])
    multiprocessing.forkserver.ensure_running()


@dataclass(frozen=True)
class KillAt:
    """An `at` of the commit that kills its own process at a step, as a power cut would."""

    step: str

    def __call__(self, step: str) -> None:
        if step == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Later:
    """The clock, so much ahead."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def go_on(step: str) -> None:
    """An `at` that lets the commit go on."""


def start(function: Callable[..., object], *arguments: object) -> multiprocessing.process.BaseProcess:
    """Begin `function` in a child of the warm server; it must live in an importable module."""
    start_server()
    child = multiprocessing.get_context("forkserver").Process(target=_lead, args=(function, *arguments))
    child.start()
    return child


def ended(child: multiprocessing.process.BaseProcess, timeout: float = 120) -> int:
    """The child's exit code (the negative signal where one ended it)."""
    child.join(timeout)
    assert child.exitcode is not None, "the child did not end"
    return child.exitcode


def batch(
    options: RunOptions, at: Callable[[str], None] = go_on, clock: Callable[[], datetime] = Later()
) -> None:
    """One run."""
    logging.disable(logging.WARNING)
    run_batch(options, at=at, clock=clock)


def run_here(
    options: RunOptions, at: Callable[[str], None] = go_on, clock: Callable[[], datetime] = Later()
) -> RunResult:
    """One run in this process, whose pool and what it has loaded are used again."""
    return run_batch(options, at=at, clock=clock)


def run_to_end(
    options: RunOptions, at: Callable[[str], None] = go_on, clock: Callable[[], datetime] = Later()
) -> int:
    """One run in a child; its exit code."""
    return ended(start(batch, options, at, clock))


def _lead(function: Callable[..., object], *arguments: object) -> None:
    try:
        function(*arguments)
    except BaseException:  # noqa: BLE001 -- whatever it is, the parent is told by the exit code
        traceback.print_exc()
        os._exit(1)
    # Threads of pools and loops must not hold the child: what it leaves is the files alone.
    os._exit(DONE)
