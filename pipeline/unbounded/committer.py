"""The committer: complete windows, in their order, each as a commit of its own.

It runs in the driver, which holds the output's lock: a job that goes on after its driver has ended can publish
nothing, since all that it does is to leave windows in a staging that the next run sweeps.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pipeline.balance import UnbalancedError, require_balance
from pipeline.commit import verify
from pipeline.commit_report import CommitPlan, commit_report
from pipeline.lake import Lake, new_run_id
from pipeline.state import State, read_state
from pipeline.storage.storage import STAGING, Lock
from pipeline.unbounded.reconcile import reconcile
from pipeline.unbounded.snapshot import snapshot_of_manifest, tell_snapshot
from pipeline.unbounded.windows import Window, handed_over, is_complete
from schemas.dead_letters import DeadLetter
from schemas.manifest import Manifest
from schemas.report import Report
from transforms.run_context import RunContext

STATES_KEPT = 8
"""Commits whose state stays while a stream runs: workers read a snapshot that may be a few commits old."""

NAMES_KEPT = 100_000
"""Names of staged files that are remembered; an engine repeats at most what came since its last checkpoint."""

_LOG = logging.getLogger(__name__)


def stream_folder(run_id: str) -> str:
    """Key of the folder that a stream's job stages under; each of its commits has one of its own beside it."""
    return f"{STAGING}/stream-{run_id}"


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What every commit of a stream says of it."""

    context: RunContext
    every: timedelta
    runner: str
    options: dict[str, Any]
    taxonomy_version: str


class Committer:
    """Commits what the job hands over.

    Args:
        lake: where to.
        lock: ours.
        stream: what commits say of the stream.
        state: of the newest commit.
        clock: the time.
    """

    def __init__(
        self,
        lake: Lake,
        lock: Lock,
        stream: StreamInfo,
        state: State,
        clock: Callable[[], datetime],
    ) -> None:
        self._lake = lake
        self._lock = lock
        self._stream = stream
        self._state = state
        self._clock = clock
        self._committed: dict[str, None] = {}
        self._staging = stream_folder(stream.context.run_id)
        self.next_window = 0
        self.stopped_at: int | None = None

    @property
    def all_done(self) -> bool:
        """Whether intake has stopped and every window before that is committed."""
        return self.stopped_at is not None and self.next_window >= self.stopped_at

    def commit_what_is_there(self, letters: Sequence[DeadLetter] = ()) -> Iterator[tuple[Manifest, Report]]:
        """Commit every window whose turn it is; gives what each commit published.

        `letters` are further dead letters, for the first of them.

        Raises:
            UnbalancedError, CommitError, LockLostError, OSError, PublishInterruptedError: nothing more is published.
        """
        for key, window in handed_over(self._lake, self._staging):
            if window.report.counts.get("window.stopped"):
                before = window.number if self.stopped_at is None else self.stopped_at
                self.stopped_at = min(before, window.number)
            elif window.number > self.next_window:
                continue
            else:
                done = self._commit(window, letters)
                if window.number == self.next_window:
                    self.next_window += 1
                if done is not None:
                    letters = ()
                    yield done
            self._lake.storage.delete([key])

    def _commit(self, window: Window, letters: Sequence[DeadLetter]) -> tuple[Manifest, Report] | None:
        whole = window.report
        if not is_complete(whole):
            raise UnbalancedError(f"window {window.number} was handed over, and is not complete")
        fresh = [
            file for report in window.reports for file in report.files if file.path not in self._committed
        ]
        if not fresh and not letters:
            return None
        verify(self._lake, fresh)
        run_id = self._run_id(window)
        reconciled = reconcile(
            self._lake,
            window.reports,
            frozenset(self._committed),
            self._state,
            letters,
            run_id=run_id,
            folder=f"{STAGING}/{run_id}/merged",
        )
        report = reconciled.report
        balance = require_balance(
            report,
            feeds_listed=int(report.counts.get("feeds.listed", 0)),
            carried_in=int(whole.counts.get("window.carried_in", 0)) + len(reconciled.kept_pending),
        )
        manifest = commit_report(
            self._lake,
            self._lock,
            CommitPlan(
                run_id=run_id,
                started_at=self._begun_at(window),
                runner=self._stream.runner,
                options=self._options(window),
                taxonomy_version=self._stream.taxonomy_version,
                before=self._state,
                kept_pending=reconciled.kept_pending,
                states_kept=STATES_KEPT,
            ),
            report,
            balance,
            now=self._clock(),
        )
        self._state = read_state(self._lake, manifest.state)
        tell_snapshot(
            self._stream.context.staging,
            snapshot_of_manifest(self._lake, manifest, max(window.number, self.next_window - 1)),
        )
        self._clear([file.path for file in fresh])
        return manifest, report

    def _begun_at(self, window: Window) -> datetime:
        return self._stream.context.started_at + window.number * self._stream.every

    def _run_id(self, window: Window) -> str:
        """The run id that follows from the stream's and the window's number, or the next after it that is free."""
        suffix = self._stream.context.run_id.partition("Z-")[2]
        return self._lake.run_id_after_all(new_run_id(self._begun_at(window), suffix))

    def _options(self, window: Window) -> dict[str, Any]:
        """The options as recorded, with the stream and the window; a commit that adds to a window says so."""
        stream = {
            "id": self._stream.context.run_id,
            "every_seconds": self._stream.every.total_seconds(),
            "window": window.number,
            "supplement": window.number < self.next_window,
        }
        return {**self._stream.options, "stream": stream}

    def _clear(self, paths: Sequence[str]) -> None:
        """Remove the staged files of a commit; their names stay, as a window that is carried out again may tell of them."""
        self._committed.update(dict.fromkeys(paths))
        while len(self._committed) > NAMES_KEPT:
            del self._committed[next(iter(self._committed))]
        self._lake.storage.delete(paths)
