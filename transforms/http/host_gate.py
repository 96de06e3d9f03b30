"""The host gate: one request at a time to a host, and a pause after each. It knows nothing of HTTP."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from transforms.http.errors import Deferred

_NEVER: Final = float("-inf")
_MARGIN: Final = 0.01
"""Seconds added to a pause: a busy host may note the end of its answer a little after we have read it, and its log
must not show a shorter pause than was asked for."""


@dataclass(slots=True)
class _Host:
    delay: float
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    ended: float = _NEVER
    not_before: float = _NEVER
    failures: int = 0
    closed: str | None = None
    retries: int = 0
    served: int = 0

    def ready_at(self) -> float:
        pause = self.delay + _MARGIN if self.delay else 0.0
        return max(self.ended + pause, self.not_before)


class HostGate:
    """Gives each host's turns one at a time, each `delay` seconds after the end of the one before.

    `longest_wait`: a turn that is further away than this many seconds is not waited for. `max_failures`: a
    host that has failed so often in a row is closed until `reopen`. `max_retries`: how often in all a host's
    requests may be sent again. `clock` counts seconds, `sleep` waits for them.
    """

    def __init__(
        self,
        *,
        delay: float,
        longest_wait: float,
        max_failures: int,
        max_retries: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._delay = delay
        self.longest_wait = longest_wait
        self._max_failures = max_failures
        self._max_retries = max_retries
        self.clock = clock
        self._sleep = sleep
        self._hosts: dict[str, _Host] = {}

    def turn(self, host: str, deadline: float | None = None, halt: asyncio.Event | None = None) -> "Turn":
        """The host's next turn, to be held by `async with`; the pause before the one after counts from its end.

        Entering waits for the turn. It raises Deferred, without waiting, where the turn would not come before
        `deadline` (on the gate's clock) or too far away, where the host is closed, and once `halt` is set.
        A task holds one turn at a time: whoever needs a second host's turn gives up the first, so that no two
        can wait for each other.
        """
        return Turn(self, self._record(host), host, deadline, halt)

    def slow_down(self, host: str, delay: float) -> None:
        """Have at least `delay` seconds between the host's turns from now on."""
        record = self._record(host)
        record.delay = max(self._delay, delay)

    def hold_back(self, host: str, seconds: float) -> None:
        """Give the host no turn for so many seconds from now."""
        record = self._record(host)
        record.not_before = max(record.not_before, self.clock() + seconds)

    def succeeded(self, host: str) -> None:
        """Note that the host answered."""
        self._record(host).failures = 0

    def failed(self, host: str, why: str) -> None:
        """Note that the host failed; too many in a row close it."""
        record = self._record(host)
        record.failures += 1
        if record.failures >= self._max_failures and record.closed is None:
            record.closed = why

    def may_retry(self, host: str) -> bool:
        """Take one retry out of the host's budget; False where it is spent or the host closed."""
        record = self._record(host)
        if record.closed is not None or record.retries >= self._max_retries:
            return False
        record.retries += 1
        return True

    def served(self, host: str) -> int:
        """How many turns the host has had."""
        record = self._hosts.get(host)
        return record.served if record else 0

    def reopen(self) -> None:
        """Begin a new run: closed hosts open, budgets are whole. Pauses that hosts asked for stay."""
        for record in self._hosts.values():
            record.failures = record.retries = 0
            record.closed = None

    def _record(self, host: str) -> _Host:
        record = self._hosts.get(host)
        if record is None:
            record = self._hosts[host] = _Host(self._delay)
        return record

    async def pause(self, seconds: float, halt: asyncio.Event | None) -> None:
        """Sleep, but no longer than until `halt` is set."""
        if halt is None:
            await self._sleep(seconds)
            return
        sleeping = asyncio.ensure_future(self._sleep(seconds))
        halting = asyncio.ensure_future(halt.wait())
        try:
            await asyncio.wait({sleeping, halting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            halting.cancel()


class Turn:
    """A turn at a host's gate, held from the start to the end of an `async with`."""

    __slots__ = ("_deadline", "_gate", "_halt", "_host", "_record")

    def __init__(
        self,
        gate: HostGate,
        record: _Host,
        host: str,
        deadline: float | None,
        halt: asyncio.Event | None,
    ) -> None:
        self._gate = gate
        self._record = record
        self._host = host
        self._deadline = deadline
        self._halt = halt

    async def __aenter__(self) -> None:
        lock = self._record.lock
        if lock.locked():
            self._wait()
        await lock.acquire()
        try:
            while (wait := self._wait()) > 0:
                await self._gate.pause(wait, self._halt)
        except BaseException:
            lock.release()
            raise

    async def __aexit__(self, *_: object) -> None:
        record = self._record
        record.ended = self._gate.clock()
        record.served += 1
        record.lock.release()

    def _wait(self) -> float:
        """Seconds until the turn, 0 for now; raises Deferred where they are not to be waited for."""
        record, host, deadline = self._record, self._host, self._deadline
        if self._halt is not None and self._halt.is_set():
            raise Deferred("the run is ending")
        now = self._gate.clock()
        asked = record.not_before - now if record.not_before > now else None
        if record.closed is not None:
            left = f"{host} is left to the next run after {record.failures} failures: {record.closed}"
            raise Deferred(left, retry_after=asked)
        if deadline is not None and now >= deadline:
            raise Deferred("the run's deadline has passed", retry_after=asked)
        ready = record.ready_at()
        if ready <= now:
            return 0.0
        wait = ready - now
        if wait > self._gate.longest_wait:
            raise Deferred(f"{host} is to be left alone for {wait:.0f} s", retry_after=asked)
        if deadline is not None and ready >= deadline:
            raise Deferred(f"{host}'s turn comes after the run's deadline", retry_after=asked)
        return wait
