"""Parse entries: feed bodies to entries, in the pool of processes, and the end of each poll."""

import dataclasses
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from datetime import datetime
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindows

from schemas.dead_letters import DeadLetter, Reason, Stage
from schemas.entries import Entry
from schemas.feed_fetches import FeedOutcome
from schemas.polls import FeedBody, PolledFeed
from transforms.feeds.parse import NotParsed, ParsedFeed
from transforms.feeds.schedule import PollResult, after_poll
from transforms.fetch_feeds import body_hash, failed_poll, feed_fetch, feed_letter, skipped
from transforms.intake import work_given_up
from transforms.metrics import took
from transforms.progress import advance
from transforms.run_context import RunContext, utc_now
from transforms.workers.pool import WorkerCrashedError, WorkerTimeoutError, result_of, shared_pool
from transforms.workers.tasks import Timed, parse
from transforms.workers.window import TaskWindow

FEED_DEADLINE = 60.0
"""Seconds of a worker that one feed may take; ten thousand items took under three."""

FEEDS_PER_WORKER = 4
"""Feeds under way for each worker."""

ENTRIES = "entries"


@dataclasses.dataclass(eq=False)
class ParseEntries(beam.PTransform[Any, Any]):
    """FeedBody, PolledFeed -> `feeds` (PolledFeed, one a feed) and `entries` (Entry)."""

    context: RunContext
    clock: Callable[[], datetime] = utc_now

    def expand(self, polls: Any) -> Any:
        """Polls -> their ends, and the entries listed."""
        return polls | "Parse feeds" >> beam.ParDo(self.stage()).with_outputs(ENTRIES, main="feeds")

    def stage(self) -> beam.DoFn:
        """What does it, also for a graph that gives it batches of its own."""
        return _ParseFeeds(self.context, self.clock)


class _ParseFeeds(beam.DoFn):
    def __init__(self, context: RunContext, clock: Callable[[], datetime]) -> None:
        self._context = context
        self._clock = clock
        self._window: TaskWindow[FeedBody, Timed[ParsedFeed | NotParsed]] | None = None

    def start_bundle(self) -> None:
        self._window = TaskWindow(self._context.workers * FEEDS_PER_WORKER, work_given_up)

    def process(self, poll: FeedBody | PolledFeed) -> Iterator[Any]:
        assert self._window is not None  # noqa: S101 -- Beam starts a bundle before it processes one
        if isinstance(poll, PolledFeed):
            yield poll
            return
        source = poll.task.source
        future = shared_pool(self._context.workers).submit(
            FEED_DEADLINE,
            parse,
            poll.body,
            poll.content_type,
            source.shown,
            poll.url,
            source.index,
            poll.fetched_at,
            cut=poll.truncated,
        )
        for body, done in self._window.add(poll, future):
            for feed, entries in self._ends(body, done):
                yield feed
                for entry in entries:
                    yield beam.pvalue.TaggedOutput(ENTRIES, entry)

    def finish_bundle(self) -> Iterator[Any]:
        assert self._window is not None  # noqa: S101 -- as above
        for body, done in self._window.drain():
            for feed, entries in self._ends(body, done):
                yield GlobalWindows.windowed_value_at_end_of_window(feed)
                for entry in entries:
                    value = GlobalWindows.windowed_value_at_end_of_window(entry)
                    yield beam.pvalue.TaggedOutput(ENTRIES, value)

    def _ends(
        self, body: FeedBody, done: "Future[Timed[ParsedFeed | NotParsed]]"
    ) -> Iterator[tuple[PolledFeed, tuple[Entry, ...]]]:
        parsed: ParsedFeed | NotParsed
        try:
            timed = result_of(done)
            parsed = timed.outcome
            took(Stage.PARSE_ENTRIES, timed.seconds)
        except CancelledError:
            yield skipped(body.task, "deferred", self._context, self._clock()), ()
            return
        except WorkerTimeoutError:
            parsed = NotParsed(Reason.PARSE_FAILED, f"parsing took over {FEED_DEADLINE:.0f} seconds")
        except WorkerCrashedError as error:
            parsed = NotParsed(Reason.PARSE_FAILED, f"the parser died: {error}")
        except Exception as error:  # noqa: BLE001 -- whatever a parser raises costs its feed alone
            parsed = NotParsed(Reason.PARSE_FAILED, f"{type(error).__name__}: {error}"[:500])
        if isinstance(parsed, NotParsed):
            yield (
                failed_poll(
                    body.task,
                    self._context,
                    self._clock(),
                    stage=Stage.PARSE_ENTRIES,
                    reason=parsed.reason,
                    detail=parsed.detail,
                    status=body.status,
                    elapsed_ms=body.elapsed_ms,
                    url=body.url,
                ),
                (),
            )
            return
        advance("entries_listed", len(parsed.entries))
        yield end_of_poll(body, parsed, self._context), parsed.entries


def end_of_poll(body: FeedBody, parsed: ParsedFeed, context: RunContext) -> PolledFeed:
    """The row and the state of a feed that was fetched and parsed. Pure."""
    before = body.task.state
    keys = tuple(dict.fromkeys(entry.key for entry in parsed.entries))
    last_keys = set(before.entry_keys) if before else set()
    new = sum(key not in last_keys for key in keys)
    overlap = (len(keys) - new) / len(keys) if last_keys and keys else None
    result = PollResult(
        outcome=FeedOutcome.FETCHED,
        http_status=body.status,
        etag=body.etag,
        last_modified=body.last_modified,
        body_hash=body_hash(body.body),
        entry_keys=keys,
        permanent_url=body.permanent_url,
        max_age=body.max_age,
        hints=parsed.hints,
    )
    state = after_poll(body.task.source, before, result, now=body.fetched_at)
    fetch = feed_fetch(
        body.task,
        FeedOutcome.FETCHED,
        context,
        body.fetched_at,
        state=state,
        final_url=body.url,
        status=body.status,
        elapsed_ms=body.elapsed_ms,
        entries=len(parsed.entries),
        new_entries=new,
        overlap=overlap,
        size=len(body.body),
        etag=body.etag,
        last_modified=body.last_modified,
    )
    listed = set(keys)
    departed = tuple(key for key in (before.entry_keys if before else ()) if key not in listed)
    return PolledFeed(fetch, state, _letter_of_cut(body, parsed, context), departed)


def _letter_of_cut(body: FeedBody, parsed: ParsedFeed, context: RunContext) -> DeadLetter | None:
    """What tells that a feed goes on past a limit; its whole entries were kept."""
    if not parsed.truncated:
        return None
    kept = f"{len(parsed.entries)} whole entries were kept"
    return feed_letter(
        body.task,
        context,
        body.fetched_at,
        stage=Stage.PARSE_ENTRIES,
        reason=Reason.TOO_LARGE,
        detail=f"the feed was truncated: it goes on past the limit; {kept}",
        status=body.status,
        url=body.url,
    )
