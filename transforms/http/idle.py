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

    def keeps(self, host: str) -> bool:
        """Whether a connection to this host is likely to be open still."""
        since = self._kept.get(host)
        return since is not None and self._clock() - since <= self._seconds

    def may_keep(self, host: str) -> bool:
        """Whether the request that is about to be sent to this host may keep its connection open."""
        now = self._clock()
        while self._kept and now - next(iter(self._kept.values())) > self._seconds:
            self._kept.popitem(last=False)
        if host not in self._kept and len(self._kept) >= self._limit:
            return False
        self._kept[host] = now
        self._kept.move_to_end(host)
        return True
