"""Many fetches at once, for synchronous code: every host's URLs in order, all hosts at the same time."""

import asyncio
import queue
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar, cast

from schemas.dead_letters import Reason
from transforms.http.client import Client
from transforms.http.errors import Deferred, FetchError
from transforms.http.loop import BackgroundLoop
from transforms.http.response import Kind, Response
from transforms.http.room import Room
from transforms.http.target import Target

Item = TypeVar("Item")

_LOOK_FOR_STOP: Final = 0.2


@dataclass(frozen=True, slots=True)
class Job(Generic[Item]):
    """One URL to fetch. `item` is the caller's own and comes back with the result."""

    item: Item
    url: str
    kind: Kind
    headers: Mapping[str, str] = field(default_factory=dict)


Result = Response | FetchError | Deferred
_Walk = deque[Job[Item]]
"""The jobs of one host that are still to be done. Their URLs are parsed again when their turn comes: that takes
five microseconds, and what a parsed URL holds would be more than half of what waits in memory."""


def crawl(
    client: Client,
    jobs: Iterable[Job[Item]],
    *,
    loop: BackgroundLoop,
    stop: Callable[[], bool] = lambda: False,
    give_up: Callable[[], bool] = lambda: False,
    deadline: float | None = None,
    chance: random.Random | None = None,
    max_waiting: int = 1000,
    max_waiting_bytes: int = 64 * 1024 * 1024,
) -> Iterator[tuple[Item, Result]]:
    """Fetch all jobs and give each its result as it is done, in no order across hosts.

    `client` must have been entered on `loop`. `jobs` is read to its end first. Each host's jobs are walked in
    order, one at a time; hosts don't wait for each other. No request is begun while `max_waiting` results, or
    bodies of `max_waiting_bytes` in all, wait to be taken, so that memory stays flat when the caller is slow.
    Once `stop()` is true (it is called on the loop's thread every 0.2 s) or the client's clock has passed
    `deadline`, no request is begun and the rest comes back as Deferred; requests under way are finished, but
    for those that are so once `give_up()` is true after `stop()`: they are broken off and come back as Deferred.
    A request whose connection broke is sent again, after a pause with jitter by `chance`, within the budget of
    its host; one that timed out is not. Leaving the iterator early cancels what runs.
    """
    crawling = Crawling(
        client,
        jobs,
        loop=loop,
        stop=stop,
        give_up=give_up,
        deadline=deadline,
        chance=chance,
        max_waiting=max_waiting,
        max_waiting_bytes=max_waiting_bytes,
    )
    try:
        yield from crawling.take(wait=True)
    finally:
        crawling.cancel()


class Crawling(Generic[Item]):
    """A crawl as `crawl`, for a caller that looks at it now and then and waits for nothing.

    `stop`, `give_up`, `deadline` and `chance` are those of `crawl`. `client` must have been entered on `loop`.
    """

    def __init__(
        self,
        client: Client,
        jobs: Iterable[Job[Item]],
        *,
        loop: BackgroundLoop,
        stop: Callable[[], bool] = lambda: False,
        give_up: Callable[[], bool] = lambda: False,
        deadline: float | None = None,
        chance: random.Random | None = None,
        max_waiting: int = 1000,
        max_waiting_bytes: int = 16 * 1024 * 1024,
    ) -> None:
        hosts, unfit = _by_host(client, jobs)
        self._unfit = deque(unfit)
        self._loop = loop
        self._crawl: _Crawl[Item] = _Crawl(
            client,
            stop,
            give_up,
            deadline,
            chance or random.Random(),  # noqa: S311 - jitter, no secret
            Room(max_waiting, max_waiting_bytes),
        )
        self._task = loop.run(self._crawl.start(hosts)) if hosts else None

    @property
    def ended(self) -> bool:
        """Whether every result has been taken."""
        return self._task is None and not self._unfit

    def take(self, *, wait: bool = False) -> Iterator[tuple[Item, Result]]:
        """The results that are there, each once; with `wait`, all that are still to come too.

        Raises:
            Exception: whatever made the crawl itself fail.
        """
        while self._unfit:
            yield self._unfit.popleft()
        while self._task is not None:
            try:
                batch = self._crawl.results.get(block=wait)
            except queue.Empty:
                return
            if not batch:
                self.cancel()
                return
            count, size = len(batch), sum(size for _, _, size in batch)
            while batch:
                item, result, _ = batch.popleft()
                yield item, result
                del item, result
            self._loop.loop.call_soon_threadsafe(self._crawl.room.leave, count, size)

    def cancel(self) -> None:
        """Break off what runs."""
        task, self._task = self._task, None
        self._unfit.clear()
        if task is not None:
            self._loop.run(self._crawl.end(task))


def _by_host(
    client: Client, jobs: Iterable[Job[Item]]
) -> tuple[dict[str, _Walk[Item]], list[tuple[Item, FetchError]]]:
    """The jobs by the gate of their host, and those whose URL can't be fetched with the reason."""
    hosts: dict[str, _Walk[Item]] = {}
    unfit: list[tuple[Item, FetchError]] = []
    for job in jobs:
        try:
            gate = client.target(job.url).gate
        except FetchError as error:
            unfit.append((job.item, error))
        else:
            hosts.setdefault(gate, deque()).append(job)
    return hosts, unfit


class _Crawl(Generic[Item]):
    """A crawl under way: a task per host on the loop, and the queue from which the caller takes results."""

    def __init__(
        self,
        client: Client,
        stop: Callable[[], bool],
        give_up: Callable[[], bool],
        deadline: float | None,
        chance: random.Random,
        room: Room,
    ) -> None:
        self.results: queue.SimpleQueue[deque[tuple[Item, Result, int]]] = queue.SimpleQueue()
        self.room = room
        self._client = client
        self._stop = stop
        self._give_up = give_up
        self._given_up = False
        self._under_way: set[asyncio.Task[None]] = set()
        self._deadline = deadline
        self._chance = chance
        self._halt = asyncio.Event()
        self._outbox: deque[tuple[Item, Result, int]] = deque()

    async def start(self, hosts: dict[str, _Walk[Item]]) -> asyncio.Task[None]:
        """Begin to walk all hosts."""
        return asyncio.create_task(self._run(hosts))

    async def end(self, task: asyncio.Task[None]) -> None:
        """Cancel what still runs; raises what made the crawl fail, if anything did."""
        if not task.done():
            task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def _run(self, hosts: dict[str, _Walk[Item]]) -> None:
        """Walk all hosts; puts an empty batch into the queue when there is nothing more to come."""
        watch = asyncio.create_task(self._watch())
        try:
            async with asyncio.TaskGroup() as group:
                for key, jobs in hosts.items():
                    group.create_task(self._walk(key, jobs))
        finally:
            watch.cancel()
            self._hand_over()
            self.results.put(deque())

    async def _watch(self) -> None:
        while not self._stop():  # noqa: ASYNC110 - stop is a plain flag, set by a signal handler
            await asyncio.sleep(_LOOK_FOR_STOP)
        self._halt.set()
        while not self._give_up():  # noqa: ASYNC110 - likewise
            await asyncio.sleep(_LOOK_FOR_STOP)
        self._given_up = True
        for walk in self._under_way:
            walk.cancel()

    async def _walk(self, key: str, jobs: _Walk[Item]) -> None:
        while jobs:
            job = jobs.popleft()
            result = await self._result(key, job, self._client.target(job.url))
            self._done(job.item, result)
            if not isinstance(result, Response):
                await asyncio.sleep(0)  # a host of refusals alone must not hold up the loop

    def _done(self, item: Item, result: Result) -> None:
        """Have a result handed over with all others of this turn of the loop: one wake-up for many."""
        size = len(result.body) if isinstance(result, Response) else 0
        self.room.arrive(size)
        if not self._outbox:
            asyncio.get_running_loop().call_soon(self._hand_over)
        self._outbox.append((item, result, size))

    def _hand_over(self) -> None:
        if self._outbox:
            self.results.put(self._outbox)
            self._outbox = deque()

    async def _result(self, key: str, job: Job[Item], target: Target) -> Result:
        retries = 0
        while True:
            try:
                return await self._attempt(job, target)
            except Deferred as deferred:
                return deferred
            except FetchError as error:
                settings = self._client.settings
                if (
                    error.reason is not Reason.CONNECT
                    or retries >= settings.max_retries
                    or not self._client.gate.may_retry(key)
                ):
                    return error
                pause = settings.retry_delay * 2**retries * self._chance.uniform(0.5, 1.5)
                self._client.gate.hold_back(key, pause)
                retries += 1
            except Exception as error:  # noqa: BLE001 - one URL's surprise must not end all others'
                return FetchError(Reason.INTERNAL, f"{type(error).__name__}: {error}", url=job.url)

    async def _attempt(self, job: Job[Item], target: Target) -> Response:
        entered = False

        async def begin() -> None:
            nonlocal entered
            await self.room.enter()
            entered = True
            if self._halt.is_set() or (self._deadline is not None and self._client.clock() >= self._deadline):
                raise Deferred("the run is ending")

        walk = cast("asyncio.Task[None]", asyncio.current_task())
        self._under_way.add(walk)
        try:
            return await self._client.fetch(
                target,
                kind=job.kind,
                headers=job.headers,
                deadline=self._deadline,
                begin=begin,
                halt=self._halt,
            )
        except asyncio.CancelledError:
            if self._given_up and walk.uncancel() == 0:
                raise Deferred("the run is ending, and the answer did not come in time") from None
            raise
        finally:
            self._under_way.discard(walk)
            if entered:
                self.room.exit()
