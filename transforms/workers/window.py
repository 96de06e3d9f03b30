"""A bounded window of tasks under way, so that a DoFn overlaps with the pool without growing."""

import queue
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_LOOK_FOR_GIVING_UP = 0.2


class TaskWindow(Generic[Item, Result]):
    """Futures with the items they work on; `limit` of them may be under way. They come back as they are done.

    Once `give_up()` is true nothing is waited for any more: tasks that are not done are cancelled, which kills
    their workers, and come back as cancelled futures.
    """

    def __init__(self, limit: int, give_up: Callable[[], bool] = lambda: False) -> None:
        self._limit = limit
        self._give_up = give_up
        self._under_way: dict[Future[Result], Item] = {}
        self._done: queue.SimpleQueue[Future[Result]] = queue.SimpleQueue()

    def add(self, item: Item, future: "Future[Result]") -> Iterator[tuple[Item, "Future[Result]"]]:
        """Take a task in; give those that are done, waiting for one where the window is full."""
        self._under_way[future] = item
        future.add_done_callback(self._done.put)
        if len(self._under_way) >= self._limit:
            yield self._next()
        while not self._done.empty():
            yield self._next()

    def drain(self) -> Iterator[tuple[Item, "Future[Result]"]]:
        """Give all that is left, each as it is done."""
        while self._under_way:
            yield self._next()

    def _next(self) -> tuple[Item, "Future[Result]"]:
        while True:
            try:
                future = self._done.get(timeout=_LOOK_FOR_GIVING_UP)
            except queue.Empty:
                if self._give_up():
                    for waiting in list(self._under_way):
                        waiting.cancel()
            else:
                return self._under_way.pop(future), future
