"""The promises of transforms.feeds.dates."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.feeds.dates import EARLIEST, FUTURE_TOLERANCE, parse_date, published_at

MORNING = datetime(2022, 11, 16, 10, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2022-11-16T10:05:30Z",
        "2022-11-16T11:05:30+01:00",
        "2022-11-16 11:05:30 +0100",
        "20221116T100530Z",
        "Wed, 16 Nov 2022 10:05:30 GMT",
        "Wed, 16 Nov 2022 10:05:30 +0000",
        "Wed, 16 Nov 2022 10:05:30 -0000",
        "16 Nov 2022 10:05:30",
        "Wed,16 Nov 2022 19:5:30 GMT+9",
        "Wed, 16 November 22 05:05:30 EST",
        "Wed, 16 Nov 2022 13:05:30 MSK",
        "Wed, 16 Nov 2022 11:05:30 CET",
        "Wed, 16 Nov 2022 11:05:30 +01:00 (MEZ)",
        "mer, 16 nov 2022 11:05:30 +0100",
        "Qua, 16 Nov 2022 07:05:30 -0300",
        "Mi., 16. November 2022 10:05:30 UTC",
        "mié, 16 de noviembre de 2022 10:05:30",
        "Ср, 16 ноября 2022 13:05:30 +0300",
        "сәр, 16 қараша 2022 16:05:30 +0600",
        "الأربعاء، 16 نوفمبر 2022 10:05:30 GMT".replace("،", ","),
        "16-Nov-2022 10:05:30",
    ],
)
def test_dates_of_real_feeds_are_read(text):
    """ISO 8601 and RFC 822, with what feeds make of them in many languages, give one moment."""
    assert parse_date(text) == MORNING


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "16 Foo 2022",
        "16 lis 2022",  # November in Polish, October in Croatian
        "Wed, 99 Nov 2022 10:00:00 GMT",
        "16 Nov 2022 10:00 XYZZY0",
        "16/11/2022",
        "2022",
    ],
)
def test_what_is_no_date_is_none(text):
    """A date that is not written in full, or whose zone is no zone, is not guessed."""
    assert parse_date(text) is None


def test_the_first_possible_date_is_taken():
    """An impossible published date gives way to a possible updated one, with that one's words."""
    candidates = [("Thu, 01 Jan 1970 00:00:00 GMT", None), (None, None), ("2022-11-16T10:05:30Z", None)]
    assert published_at(candidates, MORNING) == (MORNING, "2022-11-16T10:05:30Z")
    assert published_at(candidates[:1], MORNING) == (None, "Thu, 01 Jan 1970 00:00:00 GMT")
    assert published_at([], MORNING) == (None, None)


def test_feedparsers_reading_is_used_where_ours_fails():
    """Formats that only feedparser knows still give a date."""
    raw = "2022년 11월 16일 오전 10:05:30"
    assert published_at([(raw, MORNING.timetuple())], MORNING) == (MORNING, raw)


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - Hypothesis adds the zone
def test_a_date_is_possible_or_none(moment):
    """A date between 1990 and two days from now comes back as it is, any other as none."""
    now = datetime(2026, 6, 15, tzinfo=UTC)
    found, raw = published_at([(moment.isoformat(), None)], now)
    assert raw == moment.isoformat()
    assert found == (moment if EARLIEST <= moment <= now + FUTURE_TOLERANCE else None)
    assert found is None or found.utcoffset() == timedelta(0)


@given(st.text(max_size=60))
def test_no_text_raises(text):
    """Any text is a date or none."""
    parse_date(text)
