"""Entries carried over: tried again with growing distance, at most so often, whether or not a feed lists them."""

from datetime import timedelta

import pytest

from pipeline.check import check
from pipeline.lake import Lake
from pipeline.state import load_state
from tests.support.child_run import Later, run_here
from tests.support.news_site import news_site
from tests.support.reading import articles
from tests.support.runs import holds, manifests, rows
from tests.support.site import Page
from transforms.entry_failures import MAX_ATTEMPTS, RETRY_DISTANCES

SECOND = timedelta(seconds=1)
MOMENT = timedelta(seconds=90)
"""More than a run takes, less than the shortest distance."""


@pytest.fixture
def scene(tmp_path):
    with news_site(tmp_path, feeds=1) as site:
        yield Scene(site, tmp_path / "lake")


class Scene:
    def __init__(self, site, out):
        self.site, self.out = site, out
        self.ahead = timedelta()

    def run(self, after=timedelta(), **options):
        """One run, so long after the last; its balance."""
        self.ahead += after
        run_here(self.site.options(self.out, **options), clock=Later(self.ahead))
        assert check(Lake(self.out)) == []
        balance = manifests(self.out)[-1]["balance"]
        assert holds(balance)
        return balance

    def break_page(self, name):
        self.site.site.pages[f"/0/{name}.html"] = Page(b"", "text/plain", 503)

    def pending(self):
        return load_state(Lake(self.out)).pending

    def asked(self, name):
        return self.site.site.fetched(f"/0/{name}.html")


def test_tried_with_growing_distance_and_given_up_after_so_many(scene):
    """Each failure waits longer; before its time it isn't tried; after MAX_ATTEMPTS it is retries_exhausted."""
    scene.site.list(0, ["fails"])
    scene.break_page("fails")
    assert list(RETRY_DISTANCES) == sorted(RETRY_DISTANCES)
    assert scene.run()["carried_out"] == 1
    for attempt, distance in enumerate(RETRY_DISTANCES, start=1):
        (entry,) = scene.pending()
        assert (entry.attempts, entry.reason) == (attempt, "http_5xx")
        if attempt == 1:
            assert scene.run(distance - MOMENT)["carried_out"] == 1
            assert scene.asked("fails") == attempt
            scene.run(MOMENT + SECOND)
        else:
            scene.run(distance + SECOND)
        assert scene.asked("fails") == attempt + 1
    assert scene.pending() == ()
    (letter,) = rows(scene.out, "dead_letters")
    assert (letter["reason"], letter["attempts"]) == ("retries_exhausted", MAX_ATTEMPTS)
    assert "http_5xx" in letter["detail"]
    assert scene.run(timedelta(days=2))["carried_out"] == 0
    assert scene.asked("fails") == MAX_ATTEMPTS
    assert len(rows(scene.out, "dead_letters")) == 1


def test_deferred_then_a_304(scene):
    """An entry that was put off is had by a later run, though the feed has not changed since."""
    scene.site.list(0, ["one", "two"])
    assert scene.run(deadline=timedelta())["listed"] == 0
    scene.run()
    scene.site.list(0, ["one", "two", "three"])
    scene.break_page("three")
    assert scene.run(timedelta(hours=1))["carried_out"] == 1
    scene.site.site.pages.pop("/0/three.html")
    scene.site.list(0, ["one", "two", "three"])
    balance = scene.run(timedelta(hours=1))
    assert manifests(scene.out)[-1]["feeds"]["not_modified"] == 1
    assert (balance["listed"], balance["carried_in"], balance["articles"]) == (0, 1, 1)
    assert len(articles(scene.out)) == 3


def test_deferred_then_scrolled_off(scene):
    """An entry carried over is had though no feed lists it any more, and is not had twice when listed again."""
    scene.site.list(0, ["old"])
    scene.break_page("old")
    assert scene.run()["carried_out"] == 1
    scene.site.list(0, ["new"])
    assert scene.run(timedelta(minutes=1))["carried_out"] == 1
    scene.site.site.pages.pop("/0/old.html")
    scene.site.list(0, ["old"])
    scene.site.list(0, ["new"])
    balance = scene.run(timedelta(hours=1))
    assert (balance["carried_in"], balance["articles"], balance["carried_out"]) == (1, 1, 0)
    scene.site.list(0, ["new", "old"])
    balance = scene.run(timedelta(hours=1))
    assert (balance["listed"], balance["known"], balance["articles"]) == (2, 2, 0)
    assert len(articles(scene.out)) == 2


def test_listed_again_while_it_is_carried(scene):
    """What is listed and carried at once is one entry with its attempts, and the other a duplicate."""
    scene.site.list(0, ["twice"])
    scene.break_page("twice")
    scene.run()
    scene.site.list(0, ["twice", "more"])
    balance = scene.run(timedelta(minutes=1))
    assert (balance["listed"], balance["carried_in"], balance["duplicates"]) == (2, 1, 1)
    (entry,) = scene.pending()
    assert entry.attempts == 1
