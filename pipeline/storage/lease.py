"""One run at a time for an output in an object store: a lease, since no store frees a lock when its holder dies.

The lease is one object. It is created only where there is none (`If-None-Match: *`), renewed and taken over only
as it was read (`If-Match`), and freed by marking it so. It holds the run's token, and how long it is good for
without being renewed; a thread renews it four times in that span. Whoever finds it unrenewed for longer takes it
over. Both times are the store's own (`Date` less `Last-Modified`), so that clocks of machines may differ; the
holder counts from before it asked, by a clock that goes on while the machine sleeps.

What holds: of two runs that want the lease one gets it; a holder that has lost it, or can't reach the store to
renew it, publishes nothing more, as each step of the commit asks `check` first. What does not: between a `check`
and the step after it a process may be paused for longer than the lease, as no store ties a write to a lease. So
the commit does not rest on the lease alone: see `object_store` for what a process that wakes up late can do.
"""

import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from pipeline.storage.conditional_writes import ConditionalWrites, Found
from pipeline.storage.storage import LakeError, LockHeldError, LockLostError, LockUnavailableError

LEASE_SECONDS = 60.0
"""How long a lease is good for without being renewed: what the next run waits for after a machine has died."""

_RENEWALS = 4
_ATTEMPTS = 3
_JOIN_SECONDS = 5.0

_LOG = logging.getLogger(__name__)


def seconds_awake_or_not() -> float:
    """A clock that never goes back, and counts the time that a machine sleeps (CLOCK_BOOTTIME on Linux)."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Lease:
    """A context manager that holds the object at `key` in the name of `token`."""

    def __init__(
        self,
        writes: ConditionalWrites,
        key: str,
        token: str,
        *,
        seconds: float = LEASE_SECONDS,
        clock: Callable[[], float] = seconds_awake_or_not,
    ) -> None:
        self._writes = writes
        self._key = key
        self._token = token
        self._seconds = seconds
        self._clock = clock
        self._renewals = 0
        self._etag = ""
        self._good_until = 0.0
        self._lost: str | None = None
        self._ended = threading.Event()
        self._renewing = threading.Lock()
        self._thread = threading.Thread(target=self._keep, name="tocsin-lease", daemon=True)

    def __enter__(self) -> Self:
        """Take the lease, and begin to renew it.

        Raises:
            LockHeldError: another run has it; the message says which.
            LockUnavailableError: the store can't be asked, or written to.
            LakeError: it does not honour conditional writes.
        """
        try:
            self._take()
            if not self._writes.refuses_second_creation(self._key, self._content()):
                raise LakeError(
                    "the store does not honour conditional writes (If-None-Match), without which two runs at once "
                    "can't be told apart: use S3 or a store that does, or a folder on a local disk"
                )
        except OSError as error:
            said = f"the lease {error.filename} can't be taken: {error.strerror}"
            raise LockUnavailableError(said) from error
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Free the lease where it is still ours."""
        self._ended.set()
        self._thread.join(_JOIN_SECONDS)
        if self._lost is None:
            try:
                self._writes.replace(self._key, self._content(free=True), self._etag)
            except OSError as failed:
                _LOG.warning("the lease could not be freed (%s): it ends by itself", failed.strerror)

    def check(self) -> None:
        """Ask whether the lease is still ours, by our clock and by the store.

        Raises:
            LockLostError: it is not; nothing more may be published.
        """
        if self._lost is not None:
            raise LockLostError(self._lost)
        if self._clock() >= self._good_until:
            raise LockLostError("the lease could not be renewed in time")
        try:
            found = self._writes.read(self._key)
        except OSError as error:
            raise LockLostError(f"the lease can't be asked for: {error.strerror}") from error
        if found is None or _Holder.of(found).token != self._token:
            raise LockLostError("the lease is another run's now")

    def renew(self) -> None:
        """Renew the lease once.

        Raises:
            OSError: the store gave no answer; the lease is good for as long as it was.
        """
        with self._renewing:
            asked_at = self._clock()
            self._renewals += 1
            etag = self._writes.replace(self._key, self._content(), self._etag)
            if etag is None:
                # An answer that was lost leaves our own content with an ETag that we have not seen.
                found = self._writes.read(self._key)
                if found is None or _Holder.of(found).token != self._token:
                    self._lost = "the lease is another run's now"
                    return
                self._etag = found.etag
                return
            self._etag, self._good_until = etag, asked_at + self._seconds

    def _take(self) -> None:
        for _ in range(_ATTEMPTS):
            asked_at = self._clock()
            found = self._writes.read(self._key)
            if found is None:
                etag = self._writes.create(self._key, self._content())
            else:
                holder = _Holder.of(found)
                if not holder.free and found.age.total_seconds() <= holder.seconds:
                    raise LockHeldError(holder.told(found))
                etag = self._writes.replace(self._key, self._content(), found.etag)
            if etag is not None:
                self._etag, self._good_until = etag, asked_at + self._seconds
                return
        raise LockHeldError("a run that has just begun")

    def _keep(self) -> None:
        while self._lost is None and not self._ended.wait(self._seconds / _RENEWALS):
            try:
                self.renew()
            except OSError as error:
                _LOG.warning("the lease could not be renewed: %s", error.strerror)

    def _content(self, *, free: bool = False) -> bytes:
        # The count lets each renewal have an ETag of its own: it is a hash of the content.
        holder = _Holder(self._token, self._seconds, socket.gethostname(), os.getpid(), self._renewals, free)
        return holder.to_json()


@dataclass(frozen=True, slots=True)
class _Holder:
    """What the object says of whoever holds it."""

    token: str
    seconds: float
    host: str
    pid: int
    renewals: int
    free: bool

    def to_json(self) -> bytes:
        values = {name: getattr(self, name) for name in self.__slots__}
        return (json.dumps(values) + "\n").encode()

    @classmethod
    def of(cls, found: Found) -> "_Holder":
        try:
            return cls(**json.loads(found.data))
        except (ValueError, TypeError):
            # What can't be read holds the output no longer than a lease of ours would.
            return cls("something that is no lease", LEASE_SECONDS, "?", 0, 0, free=False)

    def told(self, found: Found) -> str:
        left = max(0.0, self.seconds - found.age.total_seconds())
        return (
            f"{self.token} pid {self.pid} on {self.host}; its lease ends in {left:.0f} s unless it is renewed"
        )
