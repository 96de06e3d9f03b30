"""Room for results that wait to be taken: a bound on their number and on their bytes."""

import asyncio
from collections import deque
from typing import Final

_EXPECTED: Final = 128 * 1024
"""Bytes that a request under way is expected to bring: a news page is 170 KB on average, a feed less."""


class Room:
    """Lets requests begin only while there is room for what they bring. For one event loop.

    At most `results` results and `size` bytes of them may wait; requests under way count as one result of an
    expected size each. One request may always run, so that nothing stops for good.
    """

    def __init__(self, results: int, size: int) -> None:
        self._most_results = results
        self._most_bytes = size
        self._waiting = 0
        self._bytes = 0
        self._under_way = 0
        self._queue: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Wait until a request may begin; first come, first served. Pair it with `exit`."""
        if not self._queue and self._has_room():
            self._under_way += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # let in and cancelled in the same moment
                self.exit()
            elif turn in self._queue:
                self._queue.remove(turn)
            raise

    def exit(self) -> None:
        """A request is done."""
        self._under_way -= 1
        self._wake()

    def arrive(self, size: int) -> None:
        """A result of so many bytes waits to be taken."""
        self._waiting += 1
        self._bytes += size

    def leave(self, results: int, size: int) -> None:
        """So many results, of so many bytes in all, were taken."""
        self._waiting -= results
        self._bytes -= size
        self._wake()

    def _has_room(self) -> bool:
        if self._under_way == 0 and self._waiting == 0:
            return True
        return (
            self._waiting + self._under_way < self._most_results
            and self._bytes + (self._under_way + 1) * _EXPECTED <= self._most_bytes
        )

    def _wake(self) -> None:
        """Let in those who wait and for whom there is room now."""
        while self._queue and self._has_room():
            turn = self._queue.popleft()
            if not turn.done():
                self._under_way += 1
                turn.set_result(None)
