"""The health of every feed: what `tocsin feeds` shows, from the feeds' states and the rows of their polls."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from schemas.dead_letters import Reason
from schemas.feed_fetches import FeedFetch, FeedOutcome
from schemas.feeds import FeedState

RATE_WINDOW = timedelta(days=30)
"""How far back new entries are counted for the rate."""
MISSED_WINDOW = timedelta(days=7)
"""How far back a poll without overlap still warns."""
UNLISTED_AFTER = timedelta(days=1)
"""How long a feed may have no row, while others have, before it counts as taken off the list."""
_SHORTEST_SPAN = timedelta(hours=1)
"""Polls closer together than this tell nothing of a day."""


class Condition(StrEnum):
    """How a feed is, in a word."""

    OK = "ok"
    FAILING = "failing"
    RESTING = "resting"
    NEVER_READ = "never_read"
    UNLISTED = "unlisted"


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """One feed, as whoever keeps the list needs to see it.

    `reason` and `detail` say why it fails or rests. `items_a_day` is None until two polls lie an hour apart.
    `missed` counts the polls of the last week that shared not one entry with the poll before: entries may have
    come and gone between them, and the feed should be polled more often.
    """

    feed_url: str
    condition: Condition
    last_success_at: datetime | None
    last_polled_at: datetime | None
    failures: int
    reason: str | None
    next_poll_at: datetime | None
    interval: timedelta | None
    entries: int | None
    items_a_day: float | None
    missed: int
    detail: str


def health_of_feeds(
    states: Iterable[FeedState], fetches: Iterable[FeedFetch], *, now: datetime
) -> tuple[FeedHealth, ...]:
    """The health of every feed of which a lake keeps a state, those that need attention first.

    A feed that was taken off the list comes last. Its state stays: were it listed again, its old entries must not
    come a second time.

    Args:
        states: the feeds' states.
        fetches: rows of feed_fetches, in any order; of feeds without a state they are left out.
        now: the current time.
    """
    by_feed: dict[str, list[FeedFetch]] = {}
    for fetch in fetches:
        by_feed.setdefault(fetch.feed_url, []).append(fetch)
    newest = max((fetch.fetched_at for rows in by_feed.values() for fetch in rows), default=now)
    rows = [_health(state, by_feed.get(state.feed_url, []), newest, now) for state in states]
    return tuple(sorted(rows, key=lambda row: (_URGENCY[row.condition], not row.missed, row.feed_url)))


_URGENCY = {
    Condition.NEVER_READ: 0,
    Condition.RESTING: 1,
    Condition.FAILING: 2,
    Condition.OK: 3,
    Condition.UNLISTED: 4,
}


def _health(state: FeedState, fetches: Sequence[FeedFetch], newest: datetime, now: datetime) -> FeedHealth:
    polls = sorted(
        (row for row in fetches if row.outcome != FeedOutcome.SKIPPED), key=lambda row: row.fetched_at
    )
    waiting = state.wait_until is not None and state.wait_until > now
    last_row = max((row.fetched_at for row in fetches), default=None)
    if not waiting and last_row is not None and last_row < newest - _longest_pause(state):
        condition = Condition.UNLISTED
    else:
        condition = _condition(state, waiting=waiting)
    missed = _missed(polls, now)
    return FeedHealth(
        feed_url=state.feed_url,
        condition=condition,
        last_success_at=state.last_success_at,
        last_polled_at=state.last_polled_at,
        failures=state.failures,
        reason=state.wait_reason if waiting else state.last_reason,
        next_poll_at=state.wait_until if waiting else state.next_poll_at,
        interval=None if state.interval_s is None else timedelta(seconds=state.interval_s),
        entries=next((row.entries for row in reversed(polls) if row.entries is not None), None),
        items_a_day=_items_a_day(polls, now),
        missed=missed,
        detail=_detail(state, condition, missed),
    )


def _longest_pause(state: FeedState) -> timedelta:
    """How long a listed feed may go without a row: a stream has rows of the feeds alone that were due."""
    return max(UNLISTED_AFTER, 3 * timedelta(seconds=state.interval_s or 0))


def _condition(state: FeedState, *, waiting: bool) -> Condition:
    if waiting and state.wait_reason == Reason.GONE:
        return Condition.RESTING
    if state.last_success_at is None:
        return Condition.NEVER_READ
    return Condition.FAILING if state.failures else Condition.OK


def _missed(polls: Sequence[FeedFetch], now: datetime) -> int:
    return sum(
        row.overlap == 0 and bool(row.entries) and row.fetched_at > now - MISSED_WINDOW
        for row in polls
        if row.outcome == FeedOutcome.FETCHED
    )


def _items_a_day(polls: Sequence[FeedFetch], now: datetime) -> float | None:
    """New entries a day between the first and the last good poll: those of the first poll itself are not new."""
    good = [row for row in polls if row.outcome != FeedOutcome.FAILED and row.fetched_at > now - RATE_WINDOW]
    if not good:
        return None
    span = good[-1].fetched_at - good[0].fetched_at
    if span < _SHORTEST_SPAN:
        return None
    return sum(row.new_entries or 0 for row in good[1:]) / (span / timedelta(days=1))


def _detail(state: FeedState, condition: Condition, missed: int) -> str:
    """What to know or do, in a sentence or two; empty where all is well."""
    said = []
    if condition is Condition.UNLISTED:
        return "It is no longer in the feed list."
    if condition is Condition.RESTING:
        said.append("The server says that the feed is gone (410); it rests, and is asked again after that.")
    elif condition is Condition.NEVER_READ and state.last_polled_at is not None:
        said.append("It could not be read even once; is its URL right?")
    elif condition is Condition.FAILING:
        said.append(f"It has failed {state.failures} times in a row.")
    if state.current_url is not None:
        said.append(f"It moved for good to {state.current_url}; update the list.")
    if missed:
        said.append(
            f"{missed} of the last week's polls shared no entry with the one before: poll it more often, "
            "entries may have been missed."
        )
    return " ".join(said)
