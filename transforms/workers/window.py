"""A bounded window of tasks under way, so that a DoFn overlaps with the pool without growing."""

import concurrent.futures
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class TaskWindow(Generic[Item, Result]):
    """Futures with the items they work on; `limit` of them may be under way."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._under_way: dict[Future[Result], Item] = {}

    def add(self, item: Item, future: "Future[Result]") -> Iterator[tuple[Item, "Future[Result]"]]:
        """Take a task in; give those that are done, waiting for one where the window is full."""
        self._under_way[future] = item
        timeout = 0 if len(self._under_way) < self._limit else None
        yield from self._done(timeout)

    def drain(self) -> Iterator[tuple[Item, "Future[Result]"]]:
        """Give all that is left, each as it is done."""
        while self._under_way:
            yield from self._done(None)

    def _done(self, timeout: float | None) -> Iterator[tuple[Item, "Future[Result]"]]:
        done, _ = concurrent.futures.wait(
            self._under_way, timeout=timeout, return_when=concurrent.futures.FIRST_COMPLETED
        )
        # In order of submission, so that what one run writes does not depend on the set's order.
        for future in [f for f in self._under_way if f in done]:
            yield self._under_way.pop(future), future
