"""Fetch as it comes: nothing waits for a host, what has come is passed on once, what has not is fetched again if need be."""

import dataclasses
import threading
from datetime import UTC, datetime, timedelta

import pytest

from schemas.feed_fetches import FeedOutcome
from schemas.feeds import FeedSource
from schemas.outcomes import Carried, FetchedPage
from schemas.polls import FeedBody, FeedTask
from tests.support.site import Site, article_page, rss
from transforms.fetch_as_it_comes import ARTICLES, FEEDS, FetchWaiting, Waiting
from transforms.http.settings import HttpSettings
from transforms.packing import pack
from transforms.run_context import utc_now
from transforms.shared_crawler import close_client

LATER = datetime.now(UTC) + timedelta(days=1)
"""Later than the end of any suite that this is a part of."""


@pytest.fixture
def site():
    with Site() as site:
        site.pages["/feed.xml"] = rss([])
        site.pages["/a.html"] = article_page("A", ["One.", "Two."])
        yield site


@pytest.fixture
def own_context(context, request):
    """A context of the test's own, as what is under way is shared by all that have the run's id."""
    settings = HttpSettings(user_agent="tocsin/test", host_delay=0.0, allow_hosts=("127.0.0.1",))
    own = dataclasses.replace(context, run_id=f"{context.run_id}-{request.node.name}", http=settings)
    yield own
    close_client(own.run_id)


class Bag:
    """The state of one key, and its timer, as Beam hands them to the stage."""

    def __init__(self):
        self.held = []
        self.timer = None

    def add(self, one):
        self.held.append(one)

    def read(self):
        return list(self.held)

    def clear(self):
        self.held = []

    def set(self, at):
        self.timer = at

    def looked(self, stage):
        """What a firing of the timer gives."""
        self.timer = None
        return list(stage.look(0, self, self))

    def looked_until(self, stage, number):
        """What the timer gives until so many items have come."""
        batches, pause = [], threading.Event()
        while sum(len(items) for _, items in batches) < number:
            batches += self.looked(stage)
            pause.wait(0.02)
        return batches


def feed_task(site):
    return FeedTask(FeedSource(f"{site.url}/feed.xml", None, 0, 1, f"{site.url}/feed.xml"), None)


def test_what_has_come_is_passed_on_with_its_window(site, own_context, make_entry):
    """The state is empty once all has come, and no timer is left."""
    stage, bag = FetchWaiting(ARTICLES, own_context, utc_now), Bag()
    stage.process((0, Waiting(7, LATER.timestamp(), pack(make_entry(f"{site.url}/a.html")))), bag, bag)
    assert bag.timer is not None
    ((window, (page,)),) = bag.looked_until(stage, 1)
    assert window == 7
    assert isinstance(page, FetchedPage)
    assert bag.held == []
    assert bag.timer is None


def test_a_slow_host_holds_up_nothing(site, own_context, make_entry):
    """While a host is slow the stage comes back at once, keeps what waits in its state, and looks again."""
    answer = threading.Event()
    site.barrier = lambda path: answer.wait(10) if path == "/a.html" else None
    stage, bag = FetchWaiting(ARTICLES, own_context, utc_now), Bag()
    bag.add(Waiting(0, LATER.timestamp(), pack(make_entry(f"{site.url}/a.html"))))
    assert bag.looked(stage) == []
    assert len(bag.held) == 1
    assert bag.timer is not None
    answer.set()
    assert len(bag.looked_until(stage, 1)) == 1


def test_what_was_lost_on_its_way_is_fetched_again(site, own_context, make_entry):
    """A bundle that fails gives its results up; the state that is restored has the item, and it is fetched again."""
    stage, bag = FetchWaiting(ARTICLES, own_context, utc_now), Bag()
    waiting = Waiting(0, LATER.timestamp(), pack(make_entry(f"{site.url}/a.html")))
    for _ in range(2):
        bag.add(waiting)
        bag.looked_until(stage, 1)
    assert site.fetched("/a.html") == 2


def test_what_could_not_be_begun_in_time_is_carried_over(site, own_context, make_entry):
    """A window does not wait for ever: what has not been begun by its time goes into the state of the lake."""
    stage, bag = FetchWaiting(ARTICLES, own_context, utc_now), Bag()
    bag.add(Waiting(0, utc_now().timestamp() - 1, pack(make_entry(f"{site.url}/a.html"))))
    ((_, (carried,)),) = bag.looked_until(stage, 1)
    assert isinstance(carried, Carried)
    assert carried.entry.attempts == 0
    assert site.fetched("/a.html") == 0


def test_a_feed_that_is_being_asked_is_not_asked_again_by_the_next_window(site, own_context):
    """However slow its host, a feed is asked once at a time; the later windows skip it."""
    answer = threading.Event()
    site.barrier = lambda path: answer.wait(10) if path == "/feed.xml" else None
    stage, bag = FetchWaiting(FEEDS, own_context, utc_now), Bag()
    for window in range(3):
        bag.add(Waiting(window, LATER.timestamp(), feed_task(site)))
    skipped = bag.looked_until(stage, 2)
    assert sorted(window for window, _ in skipped) == [1, 2]
    assert {poll.fetch.outcome for _, polls in skipped for poll in polls} == {FeedOutcome.SKIPPED}
    answer.set()
    ((window, (body,)),) = bag.looked_until(stage, 1)
    assert window == 0
    assert isinstance(body, FeedBody)
    assert site.fetched("/feed.xml") == 1
