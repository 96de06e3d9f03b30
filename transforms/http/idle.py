"""How many connections stay open between requests, so that thousands of hosts don't exhaust descriptors."""

import time
from collections import OrderedDict
from collections.abc import Callable


class IdleConnections:
    """Which hosts may keep a connection open after their request: at most `limit`, each for `seconds`.

    A host has one request at a time, so one idle connection at most, which its server or the pool ends after
    `seconds`.
    """

    def __init__(self, limit: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._seconds = seconds
        self._clock = clock
        self._kept: OrderedDict[str, float] = OrderedDict()

    def ask(self, host: str) -> tuple[bool, bool]:
        """For a request about to be sent: is a connection likely to be open still, and may it be kept after?"""
        now = self._clock()
        while self._kept and now - next(iter(self._kept.values())) > self._seconds:
            self._kept.popitem(last=False)
        is_open = host in self._kept
        if not is_open and len(self._kept) >= self._limit:
            return False, False
        self._kept[host] = now
        self._kept.move_to_end(host)
        return is_open, True
