"""A bounded window of tasks under way, so that a DoFn overlaps with the pool without growing."""

import concurrent.futures
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_LOOK_FOR_GIVING_UP = 0.2


class TaskWindow(Generic[Item, Result]):
    """Futures with the items they work on; `limit` of them may be under way.

    Once `give_up()` is true nothing is waited for any more: tasks that are not done are cancelled, which kills
    their workers, and come back as cancelled futures.
    """

    def __init__(self, limit: int, give_up: Callable[[], bool] = lambda: False) -> None:
        self._limit = limit
        self._give_up = give_up
        self._under_way: dict[Future[Result], Item] = {}

    def add(self, item: Item, future: "Future[Result]") -> Iterator[tuple[Item, "Future[Result]"]]:
        """Take a task in; give those that are done, waiting for one where the window is full."""
        self._under_way[future] = item
        yield from self._done(wait=len(self._under_way) >= self._limit)

    def drain(self) -> Iterator[tuple[Item, "Future[Result]"]]:
        """Give all that is left, each as it is done."""
        while self._under_way:
            yield from self._done(wait=True)

    def _done(self, *, wait: bool) -> Iterator[tuple[Item, "Future[Result]"]]:
        timeout = _LOOK_FOR_GIVING_UP if wait else 0
        while True:
            done, _ = concurrent.futures.wait(
                self._under_way, timeout=timeout, return_when=concurrent.futures.FIRST_COMPLETED
            )
            if done or not wait:
                break
            if self._give_up():
                for future in self._under_way:
                    future.cancel()
        # In order of submission, so that what one run writes does not depend on the set's order.
        for future in [f for f in self._under_way if f in done]:
            yield self._under_way.pop(future), future
