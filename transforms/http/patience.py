"""How long requests may take: in all, and without a word from the server."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

_TICK: Final = 0.1
"""Seconds between two looks at the deadlines, and so the most by which one is late."""


class Watch:
    """Looks after the deadlines of all requests under way, a few times a second.

    One timer serves all: a timer of its own for each request, set anew at each read, costs more than the rest
    of the request's keeping. It runs only while there are requests.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._patiences: set[Patience] = set()
        self._handle: asyncio.TimerHandle | None = None

    def patience(self, within: float, silence: float, before: float) -> "Patience":
        """The deadlines of one request: `within` seconds in all, `silence` seconds without news.

        `before` is what may pass besides until the connection stands.
        """
        return Patience(self, self._loop.time, within, silence, before)

    def add(self, patience: "Patience") -> None:
        """Look after these deadlines."""
        self._patiences.add(patience)
        if self._handle is None:
            self._handle = self._loop.call_later(_TICK, self._look)

    def remove(self, patience: "Patience") -> None:
        """Look after these deadlines no more."""
        self._patiences.discard(patience)

    def _look(self) -> None:
        now = self._loop.time()
        for patience in [patience for patience in self._patiences if patience.until <= now]:
            patience.expire()
        self._handle = self._loop.call_later(_TICK, self._look) if self._patiences else None


class Patience:
    """The deadlines of one request, as a context: TimeoutError leaves it when one has passed.

    It cancels the task that entered it, and tells its own cancellation from others' as asyncio.Timeout does.
    """

    __slots__ = ("_cancelling", "_clock", "_ends", "_expired", "_silence", "_task", "_watch", "until")

    def __init__(
        self, watch: Watch, clock: Callable[[], float], within: float, silence: float, before: float
    ) -> None:
        self._watch = watch
        self._clock = clock
        self._silence = silence
        self._expired = False
        now = clock()
        self._ends = now + within
        self.until = min(now + before + silence, self._ends)

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a request is made within a task")
        self._task = task
        self._cancelling = task.cancelling()
        self._watch.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._watch.remove(self)
        if self._expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def expire(self) -> None:
        """The time is over: cancel the request."""
        self._watch.remove(self)
        self._expired = True
        self._task.cancel()

    def renew(self) -> None:
        """There was news from the server: it may be silent anew."""
        self.until = min(self._clock() + self._silence, self._ends)

    async def hold(self, semaphore: asyncio.Semaphore) -> None:
        """Wait for a permit of our own, which is not held against the server."""
        since = self._clock()
        self.until = float("inf")
        await semaphore.acquire()
        self._ends += self._clock() - since
        self.renew()
