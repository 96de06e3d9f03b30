"""Fetch feeds: conditional GETs of the feeds that may be asked now, one request at a time to a host."""

import dataclasses
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from schemas.dead_letters import RETRYABLE, DeadLetter, Level, Reason, Stage
from schemas.feed_fetches import FeedFetch, FeedOutcome
from schemas.polls import FeedBody, FeedTask, PolledFeed
from transforms.feeds.schedule import PollResult, after_poll, due, request_headers
from transforms.host_buckets import GroupByHostBucket
from transforms.http.crawl import Job
from transforms.http.errors import Deferred, FetchError
from transforms.http.redaction import redact
from transforms.http.response import Kind, Response
from transforms.metrics import fetched
from transforms.progress import advance
from transforms.run_context import RunContext, utc_now
from transforms.shared_crawler import crawl_jobs
from transforms.urls import host_of

_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_PERMANENT = frozenset({301, 308})


@dataclasses.dataclass(eq=False)
class FetchFeeds(beam.PTransform[Any, Any]):
    """FeedTask -> FeedBody, or PolledFeed where there is no body to parse (skipped, not modified, failed)."""

    context: RunContext
    host_buckets: int = 1
    clock: Callable[[], datetime] = utc_now

    def expand(self, tasks: Any) -> Any:
        """Feeds -> what came of asking them."""
        return (
            tasks
            | "Group feeds" >> GroupByHostBucket(self.host_buckets, asked_url)
            | "Poll feeds" >> beam.ParDo(_PollFeeds(self.context, self.clock))
        )


class _PollFeeds(beam.DoFn):
    """Polls when all buckets of the bundle are there: one after another, each would wait for its slowest host."""

    def __init__(self, context: RunContext, clock: Callable[[], datetime]) -> None:
        self._context = context
        self._clock = clock
        self._jobs: list[Job[FeedTask]] = []

    def start_bundle(self) -> None:
        self._jobs = []

    def process(self, bucket: tuple[int, Iterable[FeedTask]]) -> Iterator[PolledFeed]:
        for task in bucket[1]:
            skip = due(task.state, now=self._clock(), only_due=self._context.only_due)
            if skip is None:
                headers = request_headers(task.state)
                self._jobs.append(Job(item=task, url=asked_url(task), kind=Kind.FEED, headers=headers))
            else:
                advance("feeds_done")
                yield skipped(task, skip.reason, self._context, self._clock())

    def finish_bundle(self) -> Iterator[WindowedValue]:
        jobs, self._jobs = self._jobs, []
        for task, result in crawl_jobs(jobs, self._context, self._clock):
            advance("feeds_done")
            fetched(Stage.FETCH_FEEDS, result)
            outcome = outcome_of_poll(task, result, self._context, self._clock())
            yield GlobalWindows.windowed_value_at_end_of_window(outcome)


def asked_url(task: FeedTask) -> str:
    """Where to ask: the listed URL, or the one that a permanent redirect was adopted to."""
    return (task.state.current_url if task.state else None) or task.source.url


def outcome_of_poll(
    task: FeedTask, result: Response | FetchError | Deferred | Exception, context: RunContext, now: datetime
) -> FeedBody | PolledFeed:
    """What a poll's result means. Pure."""
    if isinstance(result, Deferred):
        return skipped(task, "deferred", context, now)
    if isinstance(result, FetchError):
        return failed_poll(
            task,
            context,
            now,
            stage=Stage.FETCH_FEEDS,
            reason=result.reason,
            detail=result.detail,
            status=result.http_status,
            retry_after=result.retry_after,
        )
    if isinstance(result, Exception):
        detail = f"{type(result).__name__}: {result}"[:500]
        return failed_poll(task, context, now, stage=Stage.FETCH_FEEDS, reason=Reason.INTERNAL, detail=detail)
    if result.status == 304 or _same_body(task, result):
        return _not_modified(task, result, context, now)
    return FeedBody(
        task=task,
        url=result.url,
        status=result.status,
        content_type=result.content_type,
        body=result.body,
        truncated=result.truncated,
        elapsed_ms=result.elapsed_ms,
        etag=result.headers.get("ETag"),
        last_modified=result.headers.get("Last-Modified"),
        max_age=max_age(result.headers.get("Cache-Control")),
        permanent_url=permanent_target(result),
        fetched_at=now,
    )


def skipped(task: FeedTask, reason: str, context: RunContext, now: datetime) -> PolledFeed:
    """A feed that was not asked: its state stays as it was. Pure."""
    fetch = feed_fetch(task, FeedOutcome.SKIPPED, context, now, state=task.state, reason=reason)
    return PolledFeed(fetch, task.state, None, ())


def failed_poll(
    task: FeedTask,
    context: RunContext,
    now: datetime,
    *,
    stage: Stage,
    reason: str,
    detail: str,
    status: int | None = None,
    retry_after: float | None = None,
    elapsed_ms: int | None = None,
    url: str | None = None,
) -> PolledFeed:
    """A poll that gave no entries: its row, its dead letter, and the state with one failure more. Pure."""
    result = PollResult(
        outcome=FeedOutcome.FAILED, http_status=status, reason=reason, retry_after=retry_after
    )
    state = after_poll(task.source, task.state, result, now=now)
    letter = feed_letter(
        task,
        context,
        now,
        stage=stage,
        reason=reason,
        detail=detail,
        status=status,
        url=url,
        failures=state.failures,
    )
    fetch = feed_fetch(
        task,
        FeedOutcome.FAILED,
        context,
        now,
        state=state,
        reason=reason,
        status=status,
        elapsed_ms=elapsed_ms,
    )
    return PolledFeed(fetch, state, letter, ())


def feed_letter(
    task: FeedTask,
    context: RunContext,
    now: datetime,
    *,
    stage: Stage,
    reason: str,
    detail: str,
    status: int | None = None,
    url: str | None = None,
    failures: int = 1,
) -> DeadLetter:
    """The dead letter of a feed, without secrets of its URL. Pure."""
    return DeadLetter(
        stage=stage,
        level=Level.FEED,
        reason=reason,
        url=redact(url or asked_url(task)),
        feed_url=task.source.shown,
        entry_id=None,
        host=host_of(asked_url(task)),
        detail=detail,
        http_status=status,
        retryable=reason in RETRYABLE,
        attempts=failures,
        occurred_at=now,
        run_id=context.run_id,
    )


def feed_fetch(
    task: FeedTask,
    outcome: FeedOutcome,
    context: RunContext,
    now: datetime,
    *,
    state: Any,
    final_url: str | None = None,
    status: int | None = None,
    reason: str | None = None,
    elapsed_ms: int | None = None,
    entries: int | None = None,
    new_entries: int | None = None,
    overlap: float | None = None,
    size: int | None = None,
    etag: str | None = None,
    last_modified: str | None = None,
) -> FeedFetch:
    """A row of feed_fetches. Pure."""
    return FeedFetch(
        feed_url=task.source.shown,
        final_url=redact(final_url) if final_url else None,
        outcome=outcome,
        http_status=status,
        entries=entries,
        new_entries=new_entries,
        overlap=overlap,
        bytes=size,
        elapsed_ms=elapsed_ms,
        etag=etag,
        last_modified=last_modified,
        next_poll_at=(state.wait_until or state.next_poll_at) if state else None,
        reason=reason,
        failures=state.failures if state else 0,
        fetched_at=now,
        run_id=context.run_id,
    )


def body_hash(body: bytes) -> bytes:
    """The first 128 bits of a body's SHA-256."""
    return hashlib.sha256(body).digest()[:16]


def max_age(cache_control: str | None) -> int | None:
    """Seconds that Cache-Control's max-age gives (RFC 9111, 5.2.2.1), None without one."""
    found = _MAX_AGE.search(cache_control or "")
    return int(found[1]) if found else None


def permanent_target(response: Response) -> str | None:
    """Where a chain of redirects that are all permanent ended; None for any other, or one that holds a secret."""
    if not response.redirects or any(hop.status not in _PERMANENT for hop in response.redirects):
        return None
    return response.url if redact(response.url) == response.url else None


def _same_body(task: FeedTask, response: Response) -> bool:
    """A body that is byte for byte the last one was not modified, whatever the status says."""
    return task.state is not None and task.state.body_hash == body_hash(response.body)


def _not_modified(task: FeedTask, response: Response, context: RunContext, now: datetime) -> PolledFeed:
    result = PollResult(
        outcome=FeedOutcome.NOT_MODIFIED,
        http_status=response.status,
        etag=response.headers.get("ETag"),
        last_modified=response.headers.get("Last-Modified"),
        max_age=max_age(response.headers.get("Cache-Control")),
        permanent_url=permanent_target(response),
    )
    state = after_poll(task.source, task.state, result, now=now)
    fetch = feed_fetch(
        task,
        FeedOutcome.NOT_MODIFIED,
        context,
        now,
        state=state,
        final_url=response.url,
        status=response.status,
        elapsed_ms=response.elapsed_ms,
        size=len(response.body),
        etag=result.etag,
        last_modified=result.last_modified,
    )
    return PolledFeed(fetch, state, None, ())
