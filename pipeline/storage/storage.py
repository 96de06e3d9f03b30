"""What a lake asks of the place that it is kept in; `local_disk` and `object_store` are such places.

Files are named by keys: paths below the lake, with slashes, the same in manifests, intents and here.

The commit (`pipeline.commit`) is written against this. What is special to a place is how staged files become
visible: a disk renames folders, a store copies objects. A place lays that down beforehand as a `Plan` of plain
values, which is stored in the run's intent, and carries it out as often as it is asked to.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol, Self

STAGING = "staging"
INTENT = "intent.json"

Plan = dict[str, Any]
"""How a run's staged files become visible, as JSON can hold it; only the place that made it reads it."""

At = Callable[[str], None]
"""Told each step of the commit by its name."""


class LakeError(Exception):
    """The output cannot be used: where, and how to mend it."""


class LockUnavailableError(LakeError):
    """The lock can be neither taken nor told from a held one, as where an output can only be read."""


class LockHeldError(Exception):
    """Another run holds the output."""


class LockLostError(Exception):
    """The output is no longer ours: nothing more may be published."""


class Lock(Protocol):
    """One run at a time for an output, as a context manager."""

    def __enter__(self) -> Self:
        """Take it.

        Raises:
            LockHeldError: another run has it; the message says which.
            LockUnavailableError: it can't be asked for.
        """

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Free it."""

    def check(self) -> None:
        """Ask whether it is still ours.

        Raises:
            LockLostError: it is not.
        """


class Storage(Protocol):
    """A place that holds a lake. Whatever fails is an OSError with number and text."""

    location: str
    """The place itself: an absolute path, or a URL."""

    @property
    def folder(self) -> Path:
        """The folder on a local disk. Raises LakeError where the place is none."""

    def create(self) -> None:
        """Make the place ready to be written to. Raises LakeError where it can't be."""

    def lock(self, token: str) -> Lock:
        """The lock of the output, in the name of a run."""

    def locate(self, key: str) -> str:
        """Where a file is: a path or a URL that `transforms.files` opens."""

    def open(self, key: str) -> BinaryIO:
        """A file, for reading. Raises FileNotFoundError where it is not."""

    def size(self, key: str) -> int | None:
        """Bytes of a file; None where there is none."""

    def files(self, folder: str) -> list[str]:
        """Keys of all files below a folder, however deep, in order."""

    def delete(self, keys: Iterable[str]) -> None:
        """Remove files, and folders that are empty then; those that are gone already are no matter."""

    def staged_runs(self) -> list[str]:
        """Runs that have left something in the staging for a recovery to look at."""

    def plan(
        self, run_id: str, staged: Mapping[str, str], *, rewritten: Sequence[str], replaced: Collection[str]
    ) -> Plan:
        """Make staged files ready and durable, and say how they become visible.

        Args:
            run_id: whose files.
            staged: key of each new file as published -> its key under the staging.
            rewritten: date folders whose files are all new versions of published ones, which go.
            replaced: the published files of those folders.
        """

    def decide(self, run_id: str, intent: str) -> None:
        """Store the intent, after which the run is published whatever happens.

        Raises:
            LockLostError: another has decided that it never will be.
        """

    def intent(self, run_id: str) -> str | None:
        """The intent of a run that is over; None says that it has none and never will."""

    def intents(self) -> list[str]:
        """Runs that have an intent now; asking changes nothing."""

    def carry_out(self, run_id: str, plan: Plan, check: Callable[[], None], at: At) -> None:
        """Make the files of a plan visible; what has been done already is left as it is.

        Raises:
            LakeError: a file is neither staged nor published.
            LockLostError: from `check`, which is called before each step.
        """

    def publish_manifest(self, key: str, text: str) -> None:
        """Store a manifest whole, once: the commit."""

    def clear(self, run_id: str, plan: Plan | None) -> None:
        """Remove what a plan has replaced, then all that the run has staged; its intent goes last."""

    def require_rewritable(self) -> None:
        """Raise LakeError where published files can't be replaced by new versions."""
