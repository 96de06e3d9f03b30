"""When an article was published, and from what that is known."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.extraction.making import NOW, URL, entry, page, parsed
from transforms.extraction.publication_time import EARLIEST, possible, publication_time
from transforms.extraction.structured_data import read

PLAIN = "https://www.harbour-echo.test/ferry"


def ld(published):
    record = json.dumps({"@type": "NewsArticle", "headline": "Ferry", "datePublished": published})
    return f'<script type="application/ld+json">{record}</script>'


def time_of(head="", body="", *, url=PLAIN, lang="en", **of_entry):
    root = parsed(page(body, head=head, lang=lang))
    found = publication_time(root, read(root), entry(**of_entry), url, NOW)
    return found.at, found.source, found.precision


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "at", "precision"),
    [
        ("2026-02-14T08:15:30+02:00", utc(2026, 2, 14, 6, 15, 30), "second"),
        ("2026-02-14T08:15:30.123Z", utc(2026, 2, 14, 8, 15, 30, 123000), "second"),
        ("2026-02-14T08:15+0530", utc(2026, 2, 14, 2, 45), "minute"),
        ("2026-02-14 08:15:30 +01:00", utc(2026, 2, 14, 7, 15, 30), "second"),
        ("Sat, 14 Feb 2026 08:15:30 GMT", utc(2026, 2, 14, 8, 15, 30), "second"),
        ("Sat Feb 14 08:15:30 CET 2026", utc(2026, 2, 14, 7, 15, 30), "second"),
        ("1771056930", utc(2026, 2, 14, 8, 15, 30), "second"),
        ("1771056930000", utc(2026, 2, 14, 8, 15, 30), "second"),
        ("2026-02-14", utc(2026, 2, 14), "day"),
        ("February 14, 2026", utc(2026, 2, 14), "day"),
    ],
)
def test_notations(written, at, precision):
    """Each notation that sites use gives the moment, its zone heeded, and how exact it is."""
    assert time_of(ld(written)) == (at, "json_ld", precision)


@pytest.mark.parametrize(
    "written",
    [
        "2099-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "soon",
        "",
        "0000-00-00",
        "2026-13-40",
        "May 2024",
        "2024 edition",
    ],
)
def test_impossible_times_are_none(written):
    """A time in the future, before news pages, or that is none, is null rather than a guess."""
    assert time_of(ld(written)) == (None, "none", "none")


def test_sources_in_their_order():
    """JSON-LD before meta before time elements before the feed before the URL."""
    meta = '<meta property="article:published_time" content="2026-02-15T10:00:00Z">'
    element = '<time class="published" datetime="2026-02-16T10:00:00Z">16 February</time>'
    listed = {"published_at": utc(2026, 2, 17, 10)}
    assert time_of(ld("2026-02-14T10:00:00Z") + meta, element, **listed)[1] == "json_ld"
    assert time_of(meta, element, **listed)[:2] == (utc(2026, 2, 15, 10), "meta")
    assert time_of("", element, **listed)[:2] == (utc(2026, 2, 16, 10), "page_text")
    assert time_of("", "", **listed)[:2] == (utc(2026, 2, 17, 10), "feed")
    assert time_of(url=URL) == (utc(2026, 2, 14), "url", "day")
    assert time_of() == (None, "none", "none")


def test_an_impossible_time_gives_way_to_the_next_source():
    """A first source that cannot be right does not hide a second."""
    assert time_of(ld("2199-01-01T00:00:00Z"), published_at=utc(2026, 2, 17, 10))[1] == "feed"


def test_a_day_gives_way_to_the_feeds_time_of_that_day():
    """Where the page knows but the day, the feed's time on it is finer."""
    assert time_of(ld("2026-02-14"), published_at=utc(2026, 2, 14, 9, 30)) == (
        utc(2026, 2, 14, 9, 30),
        "feed",
        "second",
    )
    assert time_of(ld("2026-02-14"), published_at=utc(2026, 2, 20, 9, 30))[2] == "day"


def test_a_clock_without_zone_takes_the_zone_of_another_source():
    """The same wall clock with a zone elsewhere on the page, or the feed's moment, tells the zone."""
    meta = '<meta name="date" content="2026-02-14T08:15:30+02:00">'
    assert time_of(ld("2026-02-14T08:15:30") + meta) == (utc(2026, 2, 14, 6, 15, 30), "json_ld", "second")
    listed = utc(2026, 2, 14, 3, 15, 30)
    assert time_of(ld("2026-02-14T08:15:30"), published_at=listed)[0] == listed
    assert time_of(ld("2026-02-14T08:15:30"))[0] == utc(2026, 2, 14, 8, 15, 30)


@pytest.mark.parametrize(
    ("shown", "lang", "at", "precision"),
    [
        ("14.02.2026, 08:15 Uhr", "de", utc(2026, 2, 14, 8, 15), "minute"),
        ("Stand: 14. Februar 2026, 08:15", "de", utc(2026, 2, 14, 8, 15), "minute"),
        ("14 février 2026", "fr", utc(2026, 2, 14), "day"),
        ("14/02/2026", "es", utc(2026, 2, 14), "day"),
    ],
)
def test_dates_in_the_text(shown, lang, at, precision):
    """A date that the page shows in an element marked as one is read, in its language, where nothing better is there."""
    assert time_of("", f"<div class='article-date'>{shown}</div>", lang=lang) == (at, "page_text", precision)


def test_dates_of_other_articles_are_not_taken():
    """Dates in teasers and comments are not the article's."""
    assert time_of("", "<aside><span class='date'>14.02.2026</span></aside>") == (None, "none", "none")


def test_updates_are_no_publication():
    """A time element that tells of an update is passed over."""
    body = '<time class="updated" datetime="2026-02-16T10:00:00Z"></time><time datetime="2026-02-14T10:00:00Z"></time>'
    assert time_of("", body)[0] == utc(2026, 2, 14, 10)


@given(st.datetimes(timezones=st.timezones(), min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)))  # noqa: DTZ001 -- zones are drawn
def test_possible_times_lie_between_the_first_pages_and_tomorrow(at):
    """What is given back is the same moment within bounds, or null."""
    found = possible(at, NOW)
    assert found is None or (found == at.astimezone(UTC) and EARLIEST <= found <= NOW + timedelta(days=1))


@given(
    st.datetimes(min_value=datetime(1995, 1, 1), max_value=datetime(2026, 2, 27)),  # noqa: DTZ001 -- zones are added
    st.integers(-48, 56),
)
def test_any_zone_gives_its_moment(wall, quarters):
    """Whatever quarter-hour offset a page writes, the stored moment is the written one."""
    at = wall.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=15 * quarters)))
    assert time_of(ld(at.isoformat()))[0] == at
