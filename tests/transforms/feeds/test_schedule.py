"""The promises of transforms.feeds.schedule: a table of polls, and what holds for all of them."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dead_letters import Reason
from schemas.feed_fetches import FeedOutcome
from schemas.feeds import FeedSource, FeedState
from transforms.feeds.hints import PollHints
from transforms.feeds.schedule import (
    FIRST_INTERVAL,
    GONE_REST,
    MAX_BACKOFF,
    MAX_INTERVAL,
    MAX_RETRY_AFTER,
    MIN_INTERVAL,
    NOT_DUE,
    REDIRECT_CONFIRMATIONS,
    UNCONDITIONAL_EVERY,
    PollResult,
    after_poll,
    backoff,
    due,
    request_headers,
)

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SOURCE = FeedSource(url="https://news.test/feed", title=None, index=0, line=1, shown="https://news.test/feed")
OLD = "https://news.test/feed"
NEW = "https://news.test/new"


def keys(*names: str) -> tuple[bytes, ...]:
    return tuple(name.encode().ljust(16) for name in names)


def fetched(*names: str, **changed: object) -> PollResult:
    return PollResult(
        FeedOutcome.FETCHED,
        http_status=200,
        body_hash="".join(names).encode().ljust(16),
        entry_keys=keys(*names),
        **changed,
    )


def failed(status: int | None = None, reason: Reason = Reason.HTTP_5XX, **changed: object) -> PollResult:
    return PollResult(FeedOutcome.FAILED, http_status=status, reason=reason, **changed)


def known(**changed: object) -> FeedState:
    """A feed with a body of four entries, polled an hour ago."""
    base = FeedState(
        feed_url=OLD,
        etag='"1"',
        last_modified="Mon, 15 Jun 2026 11:00:00 GMT",
        body_hash=b"abcd".ljust(16),
        entry_keys=keys("a", "b", "c", "d"),
        interval_s=3600,
        last_polled_at=NOW - HOUR,
        last_success_at=NOW - HOUR,
    )
    return dataclasses.replace(base, **changed)


def test_a_new_feed_is_asked_without_conditions():
    """Nothing is known: it is due, and no header pretends otherwise."""
    assert due(None, now=NOW, only_due=True) is None
    assert request_headers(None) == {}


@pytest.mark.parametrize(
    ("result", "interval"),
    [
        # No hint: an hour. What the feed says of itself: that, within the bounds.
        (fetched("a"), FIRST_INTERVAL),
        (fetched("a", hints=PollHints(ttl_minutes=90)), timedelta(minutes=90)),
        (fetched("a", hints=PollHints(ttl_minutes=100_000)), MAX_INTERVAL),
        (fetched("a", max_age=7200), 2 * HOUR),
        (fetched("a", max_age=60), FIRST_INTERVAL),
        (fetched("a", hints=PollHints(update_period_s=1800)), HOUR / 2),
        (fetched("a", hints=PollHints(update_period_s=1)), MIN_INTERVAL),
        (fetched("a", hints=PollHints(update_period_s=31_536_000)), MAX_INTERVAL),
    ],
)
def test_the_first_poll_sets_the_interval(result, interval):
    """A feed's own words decide how soon it is asked the second time."""
    state = after_poll(SOURCE, None, result, now=NOW)
    assert state.interval_s == interval.total_seconds()
    assert state.next_poll_at == NOW + interval
    assert (state.failures, state.wait_until, state.last_success_at) == (0, None, NOW)


@pytest.mark.parametrize(
    ("before", "result", "interval"),
    [
        # A quarter new in an hour is what is aimed at.
        (known(), fetched("a", "b", "c", "e"), HOUR),
        # More is new: sooner, but never less than half at once.
        (known(), fetched("a", "b", "e", "f"), HOUR / 2),
        (known(), fetched("a", "e", "f", "g"), HOUR / 2),
        # Nothing left of the last poll: entries may have been missed, sooner whatever the feed asks for.
        (known(), fetched("e", "f", "g", "h", hints=PollHints(ttl_minutes=600)), HOUR / 2),
        # Little or nothing new: later.
        (known(entry_keys=keys(*"abcdefgh")), fetched(*"abcdefgi"), 2 * HOUR),
        (known(), fetched("a", "b", "c", "d"), 1.5 * HOUR),
        (known(), PollResult(FeedOutcome.NOT_MODIFIED, http_status=304), 1.5 * HOUR),
        # Asked again after a minute, as by hand: no reason to wait much longer.
        (
            known(last_success_at=NOW - timedelta(minutes=1)),
            PollResult(FeedOutcome.NOT_MODIFIED),
            HOUR + timedelta(seconds=30),
        ),
        # The feed's own wish is a floor, and the bounds hold.
        (known(), fetched("a", "b", "e", "f", hints=PollHints(ttl_minutes=180)), 3 * HOUR),
        (known(interval_s=86_000), PollResult(FeedOutcome.NOT_MODIFIED), MAX_INTERVAL),
        (known(interval_s=400), fetched("e", "f"), MIN_INTERVAL),
        # 56: a clock that went back tells nothing of how fast the feed is.
        (known(last_success_at=NOW + timedelta(days=1)), PollResult(FeedOutcome.NOT_MODIFIED), HOUR),
    ],
)
def test_the_interval_follows_what_is_new(before, result, interval):
    """The share of new entries between two polls moves the interval, gently and within its bounds."""
    state = after_poll(SOURCE, before, result, now=NOW)
    assert timedelta(seconds=state.interval_s) == interval
    assert state.next_poll_at == NOW + interval


def test_hours_and_days_to_skip_are_skipped():
    """The next poll falls in no hour or day that the feed asks to skip, and never past the maximum."""
    hints = PollHints(skip_hours=(13, 14))
    assert after_poll(SOURCE, None, fetched("a", hints=hints), now=NOW).next_poll_at == NOW + 3 * HOUR
    monday = PollHints(skip_days=(0,))
    state = after_poll(SOURCE, None, fetched("a", hints=monday), now=NOW)
    assert state.next_poll_at == datetime(2026, 6, 16, tzinfo=UTC)
    always = PollHints(skip_days=(0, 1, 2, 3, 4))
    assert after_poll(SOURCE, None, fetched("a", hints=always), now=NOW).next_poll_at == NOW + MAX_INTERVAL


def test_the_first_failures_do_not_skip_the_next_hourly_run():
    """Two failures are forgiven; then the wait grows by an hour a failure, to a day and no further."""
    state: FeedState | None = None
    waits = []
    now = NOW
    for _ in range(40):
        state = after_poll(SOURCE, state, failed(500), now=now)
        waits.append(timedelta(0) if state.wait_until is None else state.wait_until - now)
        now = state.wait_until or now + HOUR
    assert waits[:2] == [timedelta(0), timedelta(0)]
    assert waits[2] < HOUR
    assert HOUR < waits[3] < 2 * HOUR
    assert max(waits) <= MAX_BACKOFF
    assert state.failures == 40
    assert state.wait_reason == state.last_reason == Reason.HTTP_5XX


def test_a_success_ends_all_waiting():
    """Failures, waits and reasons are forgotten at the first answer, a 304 included."""
    state = known(failures=9, wait_until=NOW, wait_reason="timeout", last_reason="timeout")
    for result in (fetched("a"), PollResult(FeedOutcome.NOT_MODIFIED, http_status=304)):
        after = after_poll(SOURCE, state, result, now=NOW)
        assert (after.failures, after.wait_until, after.wait_reason, after.last_reason) == (
            0,
            None,
            None,
            None,
        )


@pytest.mark.parametrize(
    ("seconds", "wait"),
    [
        (120, timedelta(seconds=120)),
        (0, timedelta(0)),
        (-5, timedelta(0)),
        (float("nan"), timedelta(0)),
        (float("inf"), MAX_RETRY_AFTER),
        (315_360_000, MAX_RETRY_AFTER),
    ],
)
def test_18_retry_after_is_obeyed_and_clamped(seconds, wait):
    """Fault 18: the server's wait binds every run, but no longer than a day, and nonsense is no wait."""
    state = after_poll(SOURCE, known(), failed(429, Reason.RATE_LIMITED, retry_after=seconds), now=NOW)
    assert (state.wait_until or NOW) - NOW == wait
    skip = due(state, now=NOW + timedelta(seconds=1), only_due=False)
    assert (skip is not None) == (wait > timedelta(seconds=1))
    if skip is not None:
        assert skip.reason == Reason.RATE_LIMITED


def test_19_a_permanent_redirect_is_adopted_after_confirmation():
    """Fault 19: three polls in a row must see the same target; another target, or none, starts again."""
    state = known()
    for seen in range(1, REDIRECT_CONFIRMATIONS):
        state = after_poll(SOURCE, state, fetched("a", permanent_url=NEW), now=NOW)
        assert (state.current_url, state.moved_to, state.moved_seen) == (None, NEW, seen)
    interrupted = after_poll(SOURCE, state, fetched("a"), now=NOW)
    assert (interrupted.moved_to, interrupted.moved_seen) == (None, 0)
    other = after_poll(SOURCE, state, fetched("a", permanent_url=NEW + "2"), now=NOW)
    assert (other.moved_to, other.moved_seen) == (NEW + "2", 1)
    failing = after_poll(SOURCE, state, failed(500), now=NOW)
    assert failing.moved_seen == REDIRECT_CONFIRMATIONS - 1
    adopted = after_poll(SOURCE, state, PollResult(FeedOutcome.NOT_MODIFIED, permanent_url=NEW), now=NOW)
    assert (adopted.current_url, adopted.moved_to, adopted.moved_seen) == (NEW, None, 0)
    assert adopted.feed_url == OLD


def test_20_a_temporary_redirect_changes_nothing():
    """Fault 20: a chain with a 302 or 307 in it gives no permanent target, and none is adopted."""
    state = known()
    for _ in range(10):
        state = after_poll(SOURCE, state, fetched("a", permanent_url=None), now=NOW)
    assert (state.current_url, state.moved_to) == (None, None)


def test_an_adopted_target_that_fails_is_given_up():
    """The list's own URL is asked again once the adopted one has failed five times in a row."""
    state = known(current_url=NEW)
    for _ in range(4):
        state = after_poll(SOURCE, state, failed(500), now=NOW)
        assert state.current_url == NEW
    assert after_poll(SOURCE, state, failed(500), now=NOW).current_url is None


def test_a_redirect_back_to_the_listed_url_is_adopted_as_such():
    """A feed that comes home is asked at the URL of the list."""
    state = known(current_url=NEW)
    for _ in range(REDIRECT_CONFIRMATIONS):
        state = after_poll(SOURCE, state, fetched("a", permanent_url=OLD), now=NOW)
    assert state.current_url is None


def test_21_a_404_backs_off_and_a_410_rests():
    """Fault 21: a missing feed waits sooner than a failing one; a feed that is gone rests a week, and says so."""
    for failures in range(1, 30):
        assert backoff(failures, 404) >= backoff(failures, 500)
    assert backoff(2, 404) > timedelta(0)
    gone = after_poll(SOURCE, known(), failed(410, Reason.GONE), now=NOW)
    assert gone.wait_until == NOW + GONE_REST
    skip = due(gone, now=NOW + timedelta(days=6), only_due=False)
    assert (skip.reason, skip.until) == (Reason.GONE, NOW + GONE_REST)
    assert due(gone, now=NOW + GONE_REST, only_due=False) is None


def test_22_no_condition_without_a_body_kept():
    """Fault 22: a 304 would answer for a body that we have not; so validators alone make no condition."""
    assert request_headers(known(body_hash=None)) == {}
    assert request_headers(known()) == {
        "If-None-Match": '"1"',
        "If-Modified-Since": "Mon, 15 Jun 2026 11:00:00 GMT",
    }
    assert request_headers(known(etag=None, last_modified=None)) == {}


def test_one_poll_in_ten_is_unconditional():
    """A server that answers 304 for ever is found out."""
    state = known()
    conditional = []
    for _ in range(3 * UNCONDITIONAL_EVERY):
        headers = request_headers(state)
        conditional.append(bool(headers))
        result = PollResult(FeedOutcome.NOT_MODIFIED, http_status=304 if headers else 200)
        state = after_poll(SOURCE, state, result, now=NOW)
    assert conditional.count(False) == 3
    assert all(False in conditional[at : at + UNCONDITIONAL_EVERY] for at in range(2 * UNCONDITIONAL_EVERY))


def test_validators_that_lied_are_not_asked_with():
    """A body that changed under the same ETag, after 304s for it: the next poll is unconditional too."""
    state = known(conditional_polls=UNCONDITIONAL_EVERY - 1)
    lied = after_poll(
        SOURCE, state, fetched("z", etag=state.etag, last_modified=state.last_modified), now=NOW
    )
    assert request_headers(lied) == {}
    honest = after_poll(SOURCE, state, fetched("z", etag='"2"'), now=NOW)
    assert request_headers(honest) == {"If-None-Match": '"2"'}


def test_a_304_keeps_what_was_kept():
    """The entries of the last body stay listed, so their keys stay known."""
    state = after_poll(SOURCE, known(), PollResult(FeedOutcome.NOT_MODIFIED, http_status=304), now=NOW)
    assert (state.entry_keys, state.body_hash, state.etag) == (
        known().entry_keys,
        known().body_hash,
        known().etag,
    )
    failing = after_poll(SOURCE, known(), failed(500), now=NOW)
    assert failing.entry_keys == known().entry_keys


def test_the_schedule_binds_only_runs_of_what_is_due():
    """A run over the whole list asks early; a run of what is due waits for next_poll_at."""
    state = known(next_poll_at=NOW + HOUR)
    assert due(state, now=NOW, only_due=False) is None
    assert due(state, now=NOW, only_due=True).reason == NOT_DUE
    assert due(state, now=NOW + HOUR, only_due=True) is None


def test_56_a_clock_that_was_wrong_binds_nobody():
    """Fault 56: moments further off than any wait can be are not believed."""
    far = NOW + timedelta(days=400)
    assert due(known(wait_until=far, wait_reason="timeout", next_poll_at=far), now=NOW, only_due=True) is None


_results = st.builds(
    PollResult,
    outcome=st.sampled_from([FeedOutcome.FETCHED, FeedOutcome.NOT_MODIFIED, FeedOutcome.FAILED]),
    http_status=st.sampled_from([None, 200, 304, 404, 410, 429, 500]),
    reason=st.sampled_from([None, Reason.GONE, Reason.TIMEOUT, Reason.RATE_LIMITED]),
    retry_after=st.none() | st.floats(),
    etag=st.none() | st.just('"1"'),
    body_hash=st.binary(min_size=16, max_size=16),
    entry_keys=st.lists(st.sampled_from(keys(*"abcdef")), unique=True).map(tuple),
    permanent_url=st.sampled_from([None, OLD, NEW]),
    max_age=st.none() | st.integers(0, 10**9),
    hints=st.builds(
        PollHints,
        ttl_minutes=st.none() | st.integers(1, 10**8),
        update_period_s=st.none() | st.integers(1, 10**8),
        skip_hours=st.lists(st.integers(0, 23), max_size=23, unique=True).map(tuple),
        skip_days=st.lists(st.integers(0, 6), max_size=6, unique=True).map(tuple),
    ),
)
_moments = st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone


@given(st.lists(st.tuples(_results, _moments), min_size=1, max_size=12))
def test_no_wait_is_negative_or_past_its_maximum(polls):
    """Whatever comes back and however the clock jumps, the next poll is ahead, and within the stated bounds."""
    state: FeedState | None = None
    for result, now in polls:
        state = after_poll(SOURCE, state, result, now=now)
        assert now + MIN_INTERVAL <= state.next_poll_at <= now + GONE_REST
        assert state.wait_until is None or now <= state.wait_until <= now + GONE_REST
        if result.reason != Reason.GONE:
            assert state.next_poll_at <= now + MAX_INTERVAL
        if state.interval_s is not None:
            assert MIN_INTERVAL.total_seconds() <= state.interval_s <= MAX_INTERVAL.total_seconds()
        assert due(state, now=now + GONE_REST, only_due=True) is None
        assert state.failures >= 0


@given(st.integers(0, 100_000), st.sampled_from([None, 404, 410, 500]))
def test_backoff_is_monotone_in_failures(failures, status):
    """One failure more never shortens the wait, and no number of them passes the maximum."""
    assert timedelta(0) <= backoff(failures, status) <= backoff(failures + 1, status) <= MAX_BACKOFF


@given(st.floats(0.01, 1), st.floats(0.01, 1))
def test_the_interval_is_monotone_in_what_is_new(less, more):
    """The more of a feed is new, the sooner it is asked again."""
    less, more = sorted((less, more))
    intervals = []
    for share in (less, more):
        names = tuple(f"n{number}".encode().ljust(16) for number in range(100))
        new = max(1, round(share * 100))
        before = known(entry_keys=names)
        now_listed = names[new:] + tuple(f"m{number}".encode().ljust(16) for number in range(new))
        result = PollResult(FeedOutcome.FETCHED, body_hash=b"x" * 16, entry_keys=now_listed)
        intervals.append(after_poll(SOURCE, before, result, now=NOW).interval_s)
    assert intervals[0] >= intervals[1]
