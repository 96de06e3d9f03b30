"""The life of a feed over several runs: what is asked, what is waited for, and what is remembered."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.runs import batch, manifests, rows
from tests.support.site import Item, Page, Site, article_page, rss

START = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def site():
    with Site() as site:
        for number in range(4):
            site.pages[f"/{number}.html"] = article_page(
                f"Part {number}", [f"Part {number} of the quay works."] * 5
            )
        site.pages["/feed.xml"] = _feed(site, 0, 1)
        yield site


@pytest.fixture
def run(site, tmp_path, clock):
    """Run once at the clock's time, then move the clock; gives the run's row of feed_fetches."""

    def start(*, then=timedelta(hours=1), **options):
        (tmp_path / "feeds.txt").write_text(f"{site.url}/feed.xml")
        batch(tmp_path / "feeds.txt", tmp_path / "lake", clock=clock, **options)
        clock.now += then
        run_id = manifests(tmp_path / "lake")[-1]["run_id"]
        (row,) = (row for row in rows(tmp_path / "lake", "feed_fetches") if row["run_id"] == run_id)
        return row

    return start


def _feed(site, *numbers):
    return rss([Item(f"{site.url}/{number}.html", title=f"Part {number}") for number in numbers])


def test_conditions_are_asked_with_and_a_304_is_not_modified(run, site):
    """The second poll asks with the validators of the first, and a 304 costs no body."""
    assert run()["outcome"] == "fetched"
    row = run()
    assert (row["outcome"], row["http_status"]) == ("not_modified", 304)
    asked = [request for request in site.requests if request.path == "/feed.xml"]
    assert "If-None-Match" in asked[1].headers


def test_the_same_body_without_a_304_is_not_modified_either(run, site):
    """A server that never says 304 does not have its feed parsed again: the body's hash tells."""
    site.pages["/feed.xml"] = Page(site.pages["/feed.xml"].body, "application/rss+xml")
    assert run()["outcome"] == "fetched"
    assert (run()["outcome"], run()["http_status"]) == ("not_modified", 200)


def test_fault_22_a_false_304_is_found_out_by_asking_without_conditions(run, site):
    """Now and then a feed is asked without conditions, so that a 304 for ever does not lose what it lists."""
    run()
    tag = site.pages["/feed.xml"].headers["ETag"]
    site.pages["/feed.xml"] = Page(_feed(site, 2).body, "application/rss+xml", headers={"ETag": tag})
    outcomes = [run()["outcome"] for _ in range(12)]
    assert "fetched" in outcomes


def test_fault_18_retry_after_is_waited_for(run, site):
    """A feed that asks for two hours is skipped by the run an hour later, and says so; after that it is asked."""
    good = site.pages["/feed.xml"]
    site.pages["/feed.xml"] = Page(b"", status=429, headers={"Retry-After": "7200"})
    assert run()["reason"] == "rate_limited"
    site.pages["/feed.xml"] = good
    skipped = run()
    assert (skipped["outcome"], skipped["reason"]) == ("skipped", "rate_limited")
    assert skipped["next_poll_at"] == START + timedelta(hours=2)
    assert run()["outcome"] == "fetched"
    assert site.fetched("/feed.xml") == 2


def test_fault_19_a_permanent_redirect_is_adopted_after_it_is_confirmed(run, site):
    """Three polls that see the same 301 make its target the feed's address; the feed's name stays as listed."""
    site.pages["/moved.xml"] = site.pages["/feed.xml"]
    site.pages["/feed.xml"] = Page(b"", status=301, headers={"Location": "/moved.xml"})
    for _ in range(3):
        assert run()["final_url"].endswith("/moved.xml")
    asked = site.fetched("/feed.xml")
    row = run()
    assert site.fetched("/feed.xml") == asked == 3
    assert row["feed_url"].endswith("/feed.xml")


def test_fault_20_a_temporary_redirect_is_never_adopted(run, site):
    """A 302 is followed each time anew."""
    site.pages["/elsewhere.xml"] = site.pages["/feed.xml"]
    site.pages["/feed.xml"] = Page(b"", status=302, headers={"Location": "/elsewhere.xml"})
    for _ in range(5):
        run()
    assert site.fetched("/feed.xml") == 5


def test_fault_21_a_feed_that_is_gone_rests_and_says_so(run, site):
    """A 410 rests for days, with a row a run that says why; it is asked again in the end."""
    good = site.pages["/feed.xml"]
    site.pages["/feed.xml"] = Page(b"", status=410)
    assert run(then=timedelta(days=1))["reason"] == "gone"
    site.pages["/feed.xml"] = good
    resting = [run(then=timedelta(days=1)) for _ in range(6)]
    assert {(row["outcome"], row["reason"]) for row in resting} == {("skipped", "gone")}
    run(then=timedelta(days=1))
    assert run()["outcome"] in {"fetched", "not_modified"}


def test_fault_21_a_missing_feed_is_asked_less_and_less_but_for_ever(run, site):
    """A 404 backs off by the hour to once a day, and every failure is a row."""
    del site.pages["/feed.xml"]
    outcomes = [run(then=timedelta(hours=4))["outcome"] for _ in range(20)]
    assert outcomes[:2] == ["failed", "failed"]
    assert 5 < outcomes.count("failed") < 16
    assert "failed" in outcomes[-6:]


def test_only_due_leaves_alone_what_the_schedule_does_not_ask(run, site):
    """With --only-due a feed just asked is skipped as not due; without, it is asked."""
    run(then=timedelta(minutes=1))
    assert (run(only_due=True, then=timedelta())["reason"], site.fetched("/feed.xml")) == ("not_due", 1)
    run()
    assert site.fetched("/feed.xml") == 2


def test_fault_56_a_clock_that_was_a_year_ahead_stops_no_feed(run, site, clock):
    """What a wrong clock left in the state does not bind: the feed is asked as soon as the clock is right."""
    clock.now = START + timedelta(days=365)
    site.pages["/feed.xml"] = Page(b"", status=429, headers={"Retry-After": "7200"})
    run()
    clock.now = START
    site.pages["/feed.xml"] = _feed(site, 0)
    assert run()["outcome"] == "fetched"
