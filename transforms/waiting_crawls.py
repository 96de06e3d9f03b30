"""Crawls under way in this process, of stages that look at them now and then.

What waits is in the stage's keyed state, which the engine keeps safe; here is only what of it is being fetched. A
process that begins anew knows nothing of it, and fetches again what still waits.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from transforms.http.crawl import Crawling, Job, Result
from transforms.run_context import RunContext
from transforms.shared_crawler import begin_crawl, reopen_hosts

ABANDONED_AFTER = 300.0
"""Seconds after which crawls that nobody looks at are broken off: what they fetch for was taken elsewhere."""

Begin = Callable[[list[Job[bytes]], datetime], Crawling[bytes]]


@dataclass(slots=True)
class _Bucket:
    begun: set[bytes] = field(default_factory=set)
    crawls: list[Crawling[bytes]] = field(default_factory=list)
    looked_at: float = 0.0


class WaitingCrawls:
    """The crawls of one stage, by host bucket.

    Args:
        begin: begins to fetch jobs, none after the moment that is given with them.
        reopen: lets hosts that had failed too often be asked again.
        seconds: a clock that never goes back.
    """

    def __init__(
        self, begin: Begin, reopen: Callable[[], None], seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._begin = begin
        self._reopen = reopen
        self._newest = -1
        self._seconds = seconds
        self._lock = threading.Lock()
        self._buckets: dict[int, _Bucket] = {}

    def look(
        self, bucket: int, waiting: Mapping[bytes, tuple[Job[bytes], datetime]], newest_window: int
    ) -> dict[bytes, Result]:
        """The results that have come for what waits; what is not under way yet is begun.

        `waiting` maps the name of each job, which is the job's item too, to it and to the moment after which it is
        not to be begun. A result is given once: whoever loses it has the job fetched again. With each window, as with
        each run, hosts begin anew.
        """
        with self._lock:
            held = self._buckets.setdefault(bucket, _Bucket())
            held.looked_at = self._seconds()
            if newest_window > self._newest:
                self._newest = newest_window
                self._reopen()
            self._begin_new(held, waiting)
            done = {name: result for crawl in held.crawls for name, result in crawl.take()}
            held.begun -= done.keys()
            held.crawls = [crawl for crawl in held.crawls if not crawl.ended]
            self._leave_abandoned()
        return {name: result for name, result in done.items() if name in waiting}

    def _begin_new(self, held: _Bucket, waiting: Mapping[bytes, tuple[Job[bytes], datetime]]) -> None:
        by_deadline: dict[datetime, list[Job[bytes]]] = {}
        for name, (job, deadline_at) in waiting.items():
            if name not in held.begun:
                by_deadline.setdefault(deadline_at, []).append(job)
        for deadline_at, jobs in by_deadline.items():
            held.crawls.append(self._begin(jobs, deadline_at))
            held.begun.update(job.item for job in jobs)

    def _leave_abandoned(self) -> None:
        oldest = self._seconds() - ABANDONED_AFTER
        for bucket in [bucket for bucket, held in self._buckets.items() if held.looked_at < oldest]:
            for crawl in self._buckets.pop(bucket).crawls:
                crawl.cancel()


_shared: dict[tuple[str, str], WaitingCrawls] = {}
_shared_lock = threading.Lock()


def shared_waiting_crawls(context: RunContext, stage: str, clock: Callable[[], datetime]) -> WaitingCrawls:
    """The crawls of a run's stage in this process."""
    with _shared_lock:
        name = (context.run_id, stage)
        if name not in _shared:
            _shared[name] = WaitingCrawls(
                lambda jobs, deadline_at: begin_crawl(jobs, context, deadline_at, clock),
                lambda: reopen_hosts(context),
            )
        return _shared[name]
