"""The promises of pipeline.feed_health."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.feed_health import Condition, health_of_feeds
from schemas.dead_letters import Reason
from schemas.feed_fetches import FeedFetch, FeedOutcome
from schemas.feeds import FeedState

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
URL = "https://news.test/feed"


def state(**changed):
    good = FeedState(
        feed_url=URL,
        interval_s=3600,
        next_poll_at=NOW + timedelta(hours=1),
        last_polled_at=NOW,
        last_success_at=NOW,
    )
    return dataclasses.replace(good, **changed)


def poll(hours_ago, **changed):
    row = FeedFetch(
        feed_url=URL,
        final_url=URL,
        outcome=FeedOutcome.FETCHED,
        http_status=200,
        entries=20,
        new_entries=5,
        overlap=0.75,
        bytes=1000,
        elapsed_ms=100,
        etag=None,
        last_modified=None,
        next_poll_at=None,
        reason=None,
        failures=0,
        fetched_at=NOW - timedelta(hours=hours_ago),
        run_id="r",
    )
    return dataclasses.replace(row, **changed)


def health(feed, *polls):
    (row,) = health_of_feeds([feed], polls, now=NOW)
    return row


def test_a_healthy_feed_says_nothing_but_its_figures():
    """The first poll's entries are no news: the rate counts what came after it."""
    row = health(state(), poll(0), poll(12), poll(24, new_entries=20, overlap=None))
    assert (row.condition, row.detail, row.missed, row.entries) == (Condition.OK, "", 0, 20)
    assert row.items_a_day == pytest.approx(10)
    assert row.next_poll_at == NOW + timedelta(hours=1)
    assert row.interval == timedelta(hours=1)


def test_polls_that_gave_nothing_new_lower_the_rate():
    """A 304 is a poll with no news; a failure and a skipped feed are no polls at all."""
    nothing = {"entries": None, "new_entries": None, "overlap": None}
    row = health(
        state(),
        poll(48, overlap=None),
        poll(24),
        poll(12, outcome=FeedOutcome.FAILED, **nothing),
        poll(6, outcome=FeedOutcome.SKIPPED, **nothing),
        poll(0, outcome=FeedOutcome.NOT_MODIFIED, **nothing),
    )
    assert row.items_a_day == pytest.approx(2.5)
    assert row.entries == 20


def test_no_rate_from_too_little():
    """One poll, or two a minute apart, tell nothing of a day."""
    assert health(state(), poll(0)).items_a_day is None
    assert health(state(), poll(0), poll(0.01)).items_a_day is None
    assert health(state()).items_a_day is None


def test_a_poll_without_overlap_warns():
    """Entries may have come and gone between two polls that share none; a first or an old poll does not warn."""
    row = health(state(), poll(30 * 24, overlap=0.0), poll(24, overlap=None), poll(12, overlap=0.0), poll(0))
    assert row.missed == 1
    assert "more often" in row.detail


def test_failures_say_how_often_and_why():
    """A failing feed shows its failures, the reason, and when it is asked again."""
    later = NOW + timedelta(hours=3)
    row = health(
        state(failures=5, last_reason=Reason.TIMEOUT, wait_until=later, wait_reason=Reason.TIMEOUT), poll(2)
    )
    assert (row.condition, row.failures, row.reason, row.next_poll_at) == (
        Condition.FAILING,
        5,
        Reason.TIMEOUT,
        later,
    )
    assert "5 times" in row.detail


def test_a_feed_that_is_gone_rests_and_says_so():
    """A 410 is no silent death."""
    row = health(
        state(failures=1, last_reason="gone", wait_until=NOW + timedelta(days=7), wait_reason="gone"), poll(2)
    )
    assert (row.condition, row.reason) == (Condition.RESTING, "gone")
    assert "410" in row.detail


def test_a_feed_that_moved_tells_its_new_place():
    """An adopted permanent redirect is shown, so that the list can be mended."""
    assert "https://new.test/feed" in health(state(current_url="https://new.test/feed")).detail


def test_those_that_need_attention_come_first():
    """Never read, resting, failing, then the rest, warnings before the quiet."""
    feeds = [
        state(feed_url="a"),
        state(feed_url="b", failures=1, last_reason="dns"),
        state(feed_url="c", last_success_at=None, failures=2, last_reason="not_a_feed"),
        state(feed_url="d"),
    ]
    rows = health_of_feeds(feeds, [poll(1, feed_url="d", overlap=0.0)], now=NOW)
    assert [row.feed_url for row in rows] == ["c", "b", "d", "a"]
    assert "URL right" in rows[0].detail


def test_a_feed_taken_off_the_list_is_told_as_such():
    """While others are polled on and it is not, its old failure is nobody's concern; a resting feed is still listed."""
    gone = state(feed_url="https://gone.test/feed", last_polled_at=NOW - timedelta(days=3), failures=4)
    resting = state(
        feed_url="https://resting.test/feed",
        wait_until=NOW + timedelta(days=20),
        wait_reason=Reason.GONE,
        last_polled_at=NOW - timedelta(days=10),
    )
    rows = health_of_feeds(
        [gone, resting, state()],
        [
            poll(72, feed_url="https://gone.test/feed", outcome=FeedOutcome.FAILED),
            poll(240, feed_url="https://resting.test/feed"),
            poll(0),
        ],
        now=NOW,
    )
    assert [row.condition for row in rows] == [Condition.RESTING, Condition.OK, Condition.UNLISTED]
    assert rows[-1].detail == "It is no longer in the feed list."
