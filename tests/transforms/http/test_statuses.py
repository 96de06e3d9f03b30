"""Statuses and Retry-After, as pure functions."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.http.statuses import reason_of, retry_after

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@settings(deadline=None)
@given(st.integers(100, 999), st.one_of(st.none(), st.floats(0, 86_400)))
def test_every_status_has_a_reason(status, wait):
    """No status is without a reason and a sentence."""
    reason, detail = reason_of(status, retry_after=wait)
    assert reason
    assert detail


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_retry_after_is_survived(value):
    """Any text gives none, or seconds from nothing to a day."""
    wait = retry_after({"Retry-After": value}, NOW)
    assert wait is None or 0 <= wait <= 86_400


@settings(deadline=None)
@given(st.integers(0, 10**9))
def test_seconds_are_taken(seconds):
    """A number of seconds is taken as it is, up to a day."""
    assert retry_after({"Retry-After": str(seconds)}, NOW) == min(seconds, 86_400)


@settings(deadline=None)
@given(st.integers(-(10**9), 10**9))
def test_dates_are_taken(away):
    """A date gives the seconds until it, up to a day."""
    when = NOW + timedelta(seconds=away)
    wait = retry_after({"Retry-After": format_datetime(when, usegmt=True)}, NOW)
    assert wait == min(max((when - NOW).total_seconds(), 0), 86_400)


def test_a_date_is_measured_from_the_servers_own_clock():
    """Where the server gives its Date, a clock that is off by a day does no harm."""
    servers_now = NOW + timedelta(days=3)
    headers = {
        "Retry-After": format_datetime(servers_now + timedelta(minutes=5), usegmt=True),
        "Date": format_datetime(servers_now, usegmt=True),
    }
    assert retry_after(headers, NOW) == 300


@pytest.mark.parametrize(
    "value",
    [
        "Sun, 01 Mar 2026 12:01:00 GMT",
        "Sunday, 01-Mar-26 12:01:00 GMT",
        "Sun Mar  1 12:01:00 2026",
        "Sun, 01 Mar 2026 13:01:00 +0100",
    ],
)
def test_all_forms_of_dates_are_read(value):
    """The three forms of dates that RFC 9110 has, and one with an offset."""
    assert retry_after({"Retry-After": value}, NOW) == 60
