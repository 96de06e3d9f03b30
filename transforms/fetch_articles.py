"""Fetch articles: the pages of all hosts at once, one request at a time to a host."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from schemas.dead_letters import Reason, Stage
from schemas.entries import Entry
from schemas.outcomes import Carried, Ended, FetchedPage, PageMissing
from transforms.entry_failures import failed, put_off
from transforms.host_buckets import GroupByHostBucket
from transforms.http.crawl import Job
from transforms.http.errors import Deferred, FetchError
from transforms.http.response import Kind, Response
from transforms.metrics import fetched
from transforms.packing import pack, unpack
from transforms.progress import advance
from transforms.run_context import RunContext, utc_now
from transforms.shared_crawler import crawl_jobs
from transforms.stage_log import log_fetch

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclasses.dataclass(eq=False)
class FetchArticles(beam.PTransform[Any, Any]):
    """Entry, Ended, Carried -> FetchedPage or PageMissing for each entry; the others pass."""

    context: RunContext
    host_buckets: int = 1
    clock: Callable[[], datetime] = utc_now

    def expand(self, chosen: Any) -> Any:
        """Chosen entries -> pages."""
        return (
            chosen
            | "Pack entries" >> beam.Map(_packed)
            | "Group entries" >> GroupByHostBucket(self.host_buckets, _url_of)
            | "Fetch pages" >> beam.ParDo(_FetchPages(self.context, self.clock))
        )


class _FetchPages(beam.DoFn):
    """Fetches when all buckets of the bundle are there: one after another, each would wait for its slowest host."""

    def __init__(self, context: RunContext, clock: Callable[[], datetime]) -> None:
        self._context = context
        self._clock = clock
        self._jobs: list[Job[bytes]] = []

    def start_bundle(self) -> None:
        self._jobs = []

    def process(self, bucket: tuple[int, Iterable[bytes | Ended | Carried]]) -> Iterator[Ended | Carried]:
        before = len(self._jobs)
        for chosen in bucket[1]:
            if isinstance(chosen, bytes):
                url = unpack(chosen).url or ""
                self._jobs.append(Job(item=chosen, url=url, kind=Kind.PAGE, headers=_NO_HEADERS))
            else:
                yield chosen
        advance("pages_to_fetch", len(self._jobs) - before)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        jobs, self._jobs = self._jobs, []
        for packed, result in crawl_jobs(jobs, self._context, self._clock):
            advance("pages_done")
            fetched(Stage.FETCH_ARTICLES, result)
            outcome = outcome_of_fetch(unpack(packed), result, self._context, self._clock())
            log_fetch(self._context.run_id, outcome)
            yield GlobalWindows.windowed_value_at_end_of_window(outcome)


def outcome_of_fetch(
    entry: Entry, result: Response | FetchError | Deferred | Exception, context: RunContext, now: datetime
) -> FetchedPage | PageMissing | Carried:
    """What a fetch's result means for its entry. Pure."""
    stage = Stage.FETCH_ARTICLES
    match result:
        case Response():
            return FetchedPage(
                entry=entry,
                url=result.url,
                status=result.status,
                content_type=result.content_type,
                body=result.body,
                robots=result.robots,
                fetched_at=now,
            )
        case Deferred():
            return put_off(entry, result.detail, now, retry_after=result.retry_after)
        case FetchError():
            return failed(
                entry,
                context,
                now,
                stage=stage,
                reason=result.reason,
                detail=result.detail,
                http_status=result.http_status,
                retry_after=result.retry_after,
            )
        case _:
            detail = f"{type(result).__name__}: {result}"[:500]
            return failed(entry, context, now, stage=stage, reason=Reason.INTERNAL, detail=detail)


def _packed(chosen: Entry | Ended | Carried) -> bytes | Ended | Carried:
    return pack(chosen) if isinstance(chosen, Entry) else chosen


def _url_of(chosen: bytes | Ended | Carried) -> str | None:
    return unpack(chosen).url if isinstance(chosen, bytes) else None
