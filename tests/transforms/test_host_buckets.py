"""Host buckets: a host is in one of them, and a bundle serves all hosts of all its buckets at once."""

import contextlib
import dataclasses
import threading
from datetime import UTC, datetime, timedelta

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that

from schemas.feeds import FeedSource
from schemas.outcomes import FetchedPage
from schemas.polls import FeedBody, FeedTask
from tests.support.site import Site, article_page, rss
from transforms.fetch_articles import FetchArticles
from transforms.fetch_feeds import FetchFeeds
from transforms.http.settings import HttpSettings
from transforms.shared_crawler import close_client
from transforms.urls import host_bucket

LATER = datetime.now(UTC) + timedelta(days=1)
"""Later than the end of any suite that this is a part of."""

HOSTS = 6
BUCKETS = 1 << 30


@pytest.fixture
def sites():
    """Hosts in buckets of their own, none of which answers before each has been asked."""
    all_asked = threading.Barrier(HOSTS, timeout=20)
    with contextlib.ExitStack() as stack:
        sites = [stack.enter_context(Site(f"127.0.0.{number + 1}")) for number in range(HOSTS)]
        for site in sites:
            site.pages["/feed.xml"] = rss([])
            site.pages["/a.html"] = article_page("A", ["One.", "Two."])
            site.barrier = lambda path: all_asked.wait() if path != "/robots.txt" else None
        assert len({host_bucket(site.url, BUCKETS) for site in sites}) == HOSTS
        yield sites


@pytest.fixture
def own_context(context, request):
    settings = HttpSettings(user_agent="tocsin/test", host_delay=0.0, allow_hosts=("127.0.0.0/8",))
    own = dataclasses.replace(
        context, run_id=f"{context.run_id}-{request.node.name}", http=settings, deadline_at=LATER
    )
    yield own
    close_client(own.run_id)


def all_are(kind):
    def check(outcomes):
        assert [type(outcome) for outcome in outcomes] == [kind] * HOSTS

    return check


def test_the_articles_of_all_buckets_are_fetched_at_once(sites, own_context, make_entry):
    """A bucket does not wait for the slowest host of another."""
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        entries = pipeline | beam.Create([make_entry(f"{site.url}/a.html") for site in sites])
        assert_that(entries | FetchArticles(own_context, BUCKETS), all_are(FetchedPage))


def test_the_feeds_of_all_buckets_are_polled_at_once(sites, own_context):
    """A bucket does not wait for the slowest feed of another."""
    urls = [f"{site.url}/feed.xml" for site in sites]
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        tasks = pipeline | beam.Create([FeedTask(FeedSource(url, None, 0, 1, url), None) for url in urls])
        assert_that(tasks | FetchFeeds(own_context, BUCKETS), all_are(FeedBody))
