"""One run at a time for an output: an flock, which the kernel frees when its holder dies.

Holds on local disks. Descriptors are not inherited (PEP 446), so that no worker process keeps the lock alive.
The token says whose lock it is; every publish asks whether it is still ours.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.storage.storage import LockHeldError, LockLostError, LockUnavailableError

__all__ = ["LockHeldError", "LockLostError", "OutputLock"]


class OutputLock:
    """A context manager that holds the lock file at `path` with `token` in it."""

    def __init__(self, path: Path, token: str) -> None:
        self._path = path
        self._token = token
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        """Take the lock.

        Raises:
            LockHeldError: another process has it; the message says which.
            LockUnavailableError: the lock file can't be opened.
        """
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            said = f"the lock file {self._path} can't be opened ({error.strerror}): move it away, or mend its rights"
            raise LockUnavailableError(said) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip()
            os.close(descriptor)
            raise LockHeldError(holder or "a run that has just begun") from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, self._line, 0)
        os.fsync(descriptor)
        self._descriptor = descriptor
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Free the lock; the file stays, since removing it would let two runs hold two files."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def check(self) -> None:
        """Ask whether the lock at the path is still ours.

        Raises:
            LockLostError: it is not; nothing more may be published.
        """
        try:
            held = self._path.read_bytes()
        except OSError as error:
            raise LockLostError(f"the lock file {self._path} is gone") from error
        if held != self._line:
            raise LockLostError(f"the lock file {self._path} is another run's now")

    @property
    def _line(self) -> bytes:
        return f"{self._token} pid {os.getpid()}\n".encode()
