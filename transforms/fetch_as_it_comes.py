"""Fetch as it comes: the two fetch stages of an unbounded graph, which has no last element to wait for.

What is to be fetched waits in keyed state, a key for each host bucket. A timer looks every so often what has come,
passes it on and leaves the rest: no bundle waits for a host, so that checkpoints pass, and all hosts of a process
are asked at the same time, one request at a time to each. After a failure the state still holds what had not been
passed on, and it is fetched again.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import apache_beam as beam
from apache_beam.coders import PickleCoder
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import BagStateSpec, TimerSpec, on_timer

from schemas.dead_letters import Stage
from transforms.feeds.schedule import request_headers
from transforms.fetch_articles import outcome_of_fetch
from transforms.fetch_feeds import asked_url, outcome_of_poll
from transforms.http.crawl import Job, Result
from transforms.http.errors import Deferred
from transforms.http.response import Kind
from transforms.metrics import fetched
from transforms.packing import unpack
from transforms.run_context import RunContext, utc_now
from transforms.stage_log import log_fetch
from transforms.urls import host_bucket
from transforms.waiting_crawls import shared_waiting_crawls

_WINDOW_BYTES = 8

LOOK_EVERY = 0.2
"""Seconds between two looks at what has come."""


@dataclasses.dataclass(frozen=True, slots=True)
class Waiting:
    """An item that waits to be fetched: of which window, and until when (seconds since 1970) it may be begun."""

    window: int
    until: float
    item: Any


@dataclasses.dataclass(frozen=True, slots=True)
class Fetching:
    """What differs between the stages that fetch; every function is pure.

    Args:
        stage: the stage's name.
        url: where an item is to be had; None or "" where it says none.
        job: the request for an item, under a name.
        outcome: what a result means for its item.
    """

    stage: Stage
    url: Callable[[Any], str | None]
    job: Callable[[Any, bytes], Job[bytes]]
    outcome: Callable[[Any, Any, RunContext, datetime], Any]


@dataclasses.dataclass(eq=False)
class FetchAsItComes(beam.PTransform[Any, Any]):
    """Waiting -> (window, outcomes of some of its items)."""

    fetching: Fetching
    context: RunContext
    host_buckets: int
    clock: Callable[[], datetime] = utc_now

    def expand(self, waiting: Any) -> Any:
        """What is to be fetched -> what came of it."""
        url, buckets = self.fetching.url, self.host_buckets
        return (
            waiting
            | "Key by host bucket" >> beam.Map(_keyed, url, buckets).with_output_types(tuple[int, Any])
            | "Fetch" >> beam.ParDo(FetchWaiting(self.fetching, self.context, self.clock))
        )


class FetchWaiting(beam.DoFn):
    """The stage itself: (host bucket, Waiting) -> (window, outcomes)."""

    WAITING = BagStateSpec("waiting", PickleCoder())
    LOOK = TimerSpec("look", TimeDomain.REAL_TIME)

    def __init__(self, fetching: Fetching, context: RunContext, clock: Callable[[], datetime]) -> None:
        self._fetching = fetching
        self._context = context
        self._clock = clock

    def process(
        self,
        keyed: tuple[int, Waiting],
        waiting: Any = beam.DoFn.StateParam(WAITING),
        look: Any = beam.DoFn.TimerParam(LOOK),
    ) -> None:
        """Have an item wait, and look soon."""
        waiting.add(keyed[1])
        look.set(self._clock().timestamp())

    @on_timer(LOOK)
    def look(
        self,
        bucket: Any = beam.DoFn.KeyParam,
        waiting: Any = beam.DoFn.StateParam(WAITING),
        look: Any = beam.DoFn.TimerParam(LOOK),
    ) -> Iterator[tuple[int, list[Any]]]:
        """Pass on what has come; look again while something waits."""
        held = {name_of(entry, self._fetching): entry for entry in waiting.read()}
        asked, results = without_repeats(held)
        crawls = shared_waiting_crawls(self._context, self._fetching.stage, self._clock)
        results |= crawls.look(
            bucket,
            {
                name: (self._fetching.job(entry.item, name), datetime.fromtimestamp(entry.until, UTC))
                for name, entry in asked.items()
            },
            max((entry.window for entry in asked.values()), default=-1),
        )
        by_window: defaultdict[int, list[Any]] = defaultdict(list)
        for name, result in results.items():
            entry = held.pop(name)
            fetched(self._fetching.stage, result)
            outcome = self._fetching.outcome(entry.item, result, self._context, self._clock())
            log_fetch(self._context.run_id, outcome)
            by_window[entry.window].append(outcome)
        if results:
            waiting.clear()
            for entry in held.values():
                waiting.add(entry)
        if held:
            look.set(self._clock().timestamp() + LOOK_EVERY)
        yield from by_window.items()


def name_of(waiting: Waiting, fetching: Fetching) -> bytes:
    """What tells a waiting item from others of its bucket."""
    item = waiting.item
    own = unpack(item).key if isinstance(item, bytes) else str(fetching.url(item)).encode()
    return waiting.window.to_bytes(_WINDOW_BYTES, "big") + own


def without_repeats(
    held: Mapping[bytes, Waiting],
) -> tuple[dict[bytes, Waiting], dict[bytes, Result]]:
    """What is to be fetched, and what is put off since an earlier window has it fetched already. Pure.

    A feed whose host is slow is not to be asked once more by each window that begins meanwhile.
    """
    first: dict[bytes, bytes] = {}
    for name in sorted(held):
        first.setdefault(name[_WINDOW_BYTES:], name)
    asked = {name: held[name] for name in first.values()}
    repeated = {name: Deferred("an earlier window is asking for it") for name in held.keys() - asked.keys()}
    return asked, dict(repeated)


def _keyed(waiting: Waiting, url_of: Callable[[Any], str | None], buckets: int) -> tuple[int, Waiting]:
    url = url_of(waiting.item)
    return (host_bucket(url, buckets) if url else 0), waiting


def _feed_job(task: Any, name: bytes) -> Job[bytes]:
    return Job(item=name, url=asked_url(task), kind=Kind.FEED, headers=request_headers(task.state))


def _article_url(packed: bytes) -> str | None:
    return unpack(packed).url


def _article_job(packed: bytes, name: bytes) -> Job[bytes]:
    return Job(item=name, url=unpack(packed).url or "", kind=Kind.PAGE)


def _article_outcome(packed: bytes, result: Any, context: RunContext, now: datetime) -> Any:
    return outcome_of_fetch(unpack(packed), result, context, now)


FEEDS = Fetching(Stage.FETCH_FEEDS, asked_url, _feed_job, outcome_of_poll)
"""FeedTask -> FeedBody or PolledFeed."""

ARTICLES = Fetching(Stage.FETCH_ARTICLES, _article_url, _article_job, _article_outcome)
"""A packed entry -> FetchedPage, PageMissing or Carried."""
