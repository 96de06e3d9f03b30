"""When to ask a feed again: pure functions of what is remembered of it, what came back, and the clock.

Two clocks stand side by side in a feed's state. `wait_until` binds every run: a server's Retry-After, a 410, the
backoff after failures. `next_poll_at` is the adaptive schedule and binds only runs that poll what is due.
"""

import dataclasses
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.dead_letters import Reason
from schemas.feed_fetches import FeedOutcome
from schemas.feeds import FeedSource, FeedState
from transforms.feeds.hints import PollHints

MIN_INTERVAL = timedelta(minutes=5)
MAX_INTERVAL = timedelta(days=1)
FIRST_INTERVAL = timedelta(hours=1)
"""The interval of a feed of which nothing is known yet."""
TURNOVER = 0.25
"""Share of a feed's entries that may be new at a poll: the interval aims at it, far from missing any."""

BACKOFF_STEP = timedelta(hours=1)
"""What each failure after the free ones adds to the wait."""
FREE_FAILURES = 2
"""Failures in a row without any wait: an hourly run asks again at once."""
MAX_BACKOFF = timedelta(days=1)
"""A failing feed is asked at least this often, for ever: it never dies silently."""
_MISSING = frozenset({404})
_EARLY = timedelta(minutes=5)
"""What a wait is shortened by, so that a run an hour later does not come a second too early."""

MAX_RETRY_AFTER = timedelta(days=1)
GONE_REST = timedelta(days=7)
"""How long a feed rests after a 410; it may come back, as servers are misconfigured for days."""

REDIRECT_CONFIRMATIONS = 3
"""Polls in a row that must see the same permanent redirect before its target is asked instead."""
_FAILURES_BEFORE_LISTED_URL = 5
"""Failures in a row after which an adopted target is given up for the URL of the list."""
UNCONDITIONAL_EVERY = 10
"""Each so many polls one is unconditional: some servers answer 304 for ever (Media Cloud's rss-fetcher)."""

NOT_DUE = "not_due"
"""Why a feed is skipped whose schedule does not ask yet."""
_MAX_COUNT = 32_767


@dataclass(frozen=True, slots=True)
class Skip:
    """A feed is not to be asked before `until`; `reason` is a dead-letter reason, or NOT_DUE."""

    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class PollResult:
    """What one poll of a feed gave.

    `retry_after` and `max_age` are seconds. `permanent_url` is where a chain of only 301 and 308 ended, None for
    any other chain or none. `body_hash` and `entry_keys` are those of a body that was fetched and parsed.
    """

    outcome: FeedOutcome
    http_status: int | None = None
    reason: str | None = None
    retry_after: float | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_hash: bytes | None = None
    entry_keys: tuple[bytes, ...] = ()
    permanent_url: str | None = None
    max_age: int | None = None
    hints: PollHints = dataclasses.field(default_factory=PollHints)


def due(state: FeedState | None, *, now: datetime, only_due: bool) -> Skip | None:
    """Why a feed is not to be asked now, or None if it is.

    Moments further off than any wait can be come from a clock that was wrong, and do not bind.
    """
    if state is None:
        return None
    if state.wait_until is not None and now < state.wait_until <= now + GONE_REST:
        return Skip(state.wait_reason or Reason.INTERNAL, state.wait_until)
    if only_due and state.next_poll_at is not None and now < state.next_poll_at <= now + GONE_REST:
        return Skip(NOT_DUE, state.next_poll_at)
    return None


def request_headers(state: FeedState | None) -> dict[str, str]:
    """The conditional headers of the next request (RFC 9110, section 13.1).

    None while no body was kept that a 304 could stand for, and none at every UNCONDITIONAL_EVERYth poll.
    """
    if state is None or state.body_hash is None or state.conditional_polls >= UNCONDITIONAL_EVERY - 1:
        return {}
    headers = {}
    if state.etag:
        headers["If-None-Match"] = state.etag
    if state.last_modified:
        headers["If-Modified-Since"] = state.last_modified
    return headers


def after_poll(
    source: FeedSource, state: FeedState | None, result: PollResult, *, now: datetime
) -> FeedState:
    """What is remembered of a feed after a poll at `now`."""
    before = state if state is not None else FeedState(feed_url=source.shown or source.url)
    if result.outcome == FeedOutcome.FAILED:
        return _after_failure(before, result, now)
    return _after_success(source, before, result, now)


def backoff(failures: int, status: int | None = None) -> timedelta:
    """How long every run waits after so many failures in a row: linear, nothing at first, at most MAX_BACKOFF.

    A 404 has one free failure less than others: a page that is not there seldom comes back within the hour.
    """
    free = FREE_FAILURES - 1 if status in _MISSING else FREE_FAILURES
    steps = min(max(0, failures - free), MAX_BACKOFF // BACKOFF_STEP)
    return max(timedelta(0), min(steps * BACKOFF_STEP, MAX_BACKOFF) - (_EARLY if steps else timedelta(0)))


def _after_failure(before: FeedState, result: PollResult, now: datetime) -> FeedState:
    failures = min(before.failures + 1, _MAX_COUNT)
    wait = backoff(failures, result.http_status)
    if result.retry_after is not None:
        wait = max(wait, _within(result.retry_after, MAX_RETRY_AFTER))
    if result.reason == Reason.GONE:
        wait = GONE_REST
    interval = timedelta(seconds=before.interval_s or FIRST_INTERVAL.total_seconds())
    adopted = before.current_url if failures < _FAILURES_BEFORE_LISTED_URL else None
    return dataclasses.replace(
        before,
        current_url=adopted,
        next_poll_at=now + max(min(interval, MAX_INTERVAL), wait),
        wait_until=now + wait if wait else None,
        wait_reason=result.reason if wait else None,
        failures=failures,
        last_polled_at=now,
        last_reason=result.reason or Reason.INTERNAL,
    )


def _after_success(source: FeedSource, before: FeedState, result: PollResult, now: datetime) -> FeedState:
    interval = _interval(before, result, now)
    seconds = int(interval.total_seconds())
    common = dataclasses.replace(
        _after_redirect(source, before, result.permanent_url),
        conditional_polls=min(before.conditional_polls + 1, _MAX_COUNT) if request_headers(before) else 0,
        interval_s=seconds,
        next_poll_at=_outside_skipped(now + interval, result.hints, now + MAX_INTERVAL),
        wait_until=None,
        wait_reason=None,
        failures=0,
        last_polled_at=now,
        last_success_at=now,
        last_reason=None,
    )
    if result.outcome == FeedOutcome.NOT_MODIFIED:
        return dataclasses.replace(
            common,
            etag=result.etag or before.etag,
            last_modified=result.last_modified or before.last_modified,
        )
    trusted = not _validators_lie(before, result)
    return dataclasses.replace(
        common,
        etag=result.etag if trusted else None,
        last_modified=result.last_modified if trusted else None,
        body_hash=result.body_hash,
        entry_keys=result.entry_keys,
    )


def _validators_lie(before: FeedState, result: PollResult) -> bool:
    """Whether the body changed under the very validators that 304s were given for."""
    changed = before.body_hash is not None and before.body_hash != result.body_hash
    same = (before.etag, before.last_modified) == (result.etag, result.last_modified)
    return changed and same and before.conditional_polls > 0


def _after_redirect(source: FeedSource, before: FeedState, target: str | None) -> FeedState:
    """Permanent redirects are adopted once several polls in a row have seen the same target."""
    asked = before.current_url or source.url
    if target is None or target == asked:
        return dataclasses.replace(before, moved_to=None, moved_seen=0)
    seen = before.moved_seen + 1 if target == before.moved_to else 1
    if seen < REDIRECT_CONFIRMATIONS:
        return dataclasses.replace(before, moved_to=target, moved_seen=seen)
    adopted = None if target == source.url else target
    return dataclasses.replace(before, current_url=adopted, moved_to=None, moved_seen=0)


def _interval(before: FeedState, result: PollResult, now: datetime) -> timedelta:
    """The time to the next poll: by how much was new since the last, and not against what the feed asks for."""
    hints = result.hints
    asked = max(hints.ttl_minutes * 60 if hints.ttl_minutes else 0, result.max_age or 0)
    floor = min(max(timedelta(seconds=min(asked, MAX_INTERVAL.total_seconds())), MIN_INTERVAL), MAX_INTERVAL)
    if before.interval_s is None:
        period = hints.update_period_s
        first = FIRST_INTERVAL if period is None else timedelta(seconds=period)
        return min(max(first, floor), MAX_INTERVAL)
    interval = timedelta(seconds=before.interval_s)
    elapsed = _elapsed(before, now)
    new = _new_share(before, result)
    if new >= 1:
        # Not one entry of the last poll is left: some may have come and gone unseen, whatever the feed asks for.
        return max(min(interval, elapsed or interval, MAX_INTERVAL) / 2, MIN_INTERVAL)
    if new > 0:
        wanted = (elapsed or interval) * (TURNOVER / new)
        interval = min(max(wanted, interval / 2), interval * 2)
    else:
        interval += min(elapsed, interval) / 2
    return min(max(interval, floor, MIN_INTERVAL), MAX_INTERVAL)


def _elapsed(before: FeedState, now: datetime) -> timedelta:
    """Time since the last success, as far as the clock can be trusted."""
    if before.last_success_at is None:
        return timedelta(0)
    return min(max(now - before.last_success_at, timedelta(0)), MAX_INTERVAL)


def _new_share(before: FeedState, result: PollResult) -> float:
    if result.outcome == FeedOutcome.NOT_MODIFIED or not result.entry_keys or not before.entry_keys:
        return 0.0
    keys = set(result.entry_keys)
    return len(keys - set(before.entry_keys)) / len(keys)


def _outside_skipped(moment: datetime, hints: PollHints, latest: datetime) -> datetime:
    """The first full hour at or after `moment` that the feed does not ask to skip, but never after `latest`."""
    while moment < latest and (moment.hour in hints.skip_hours or moment.weekday() in hints.skip_days):
        moment = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return min(moment, latest)


def _within(seconds: float, most: timedelta) -> timedelta:
    """A number of seconds as a time, not negative and at most `most`; nonsense is nothing."""
    if not seconds > 0:
        return timedelta(0)
    return min(timedelta(seconds=min(seconds, most.total_seconds())), most)
