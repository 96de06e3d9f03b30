"""How long a request may take: in all, and without a word from the server."""

import asyncio


class Patience:
    """The deadlines of one request, as one timer: `within` seconds in all, `silence` seconds without news.

    `before` is what may pass besides until the connection stands. Enter `timer` where the request begins.
    """

    __slots__ = ("_clock", "_ends", "_silence", "timer")

    def __init__(self, within: float, silence: float, before: float) -> None:
        self._clock = asyncio.get_running_loop().time
        now = self._clock()
        self._ends = now + within
        self._silence = silence
        self.timer = asyncio.timeout_at(min(now + before + silence, self._ends))

    def renew(self) -> None:
        """There was news from the server: it may be silent anew."""
        self.timer.reschedule(min(self._clock() + self._silence, self._ends))

    async def hold(self, semaphore: asyncio.Semaphore) -> None:
        """Wait for a permit of our own, which is not held against the server."""
        if not semaphore.locked():
            await semaphore.acquire()
            return
        since = self._clock()
        self.timer.reschedule(None)
        await semaphore.acquire()
        self._ends += self._clock() - since
        self.renew()
