"""An object store for the tests of this room."""

import pytest

from tests.support.child_run import start_server
from tests.support.news_site import news_site
from tests.support.object_store import store_server

start_server()


@pytest.fixture(scope="session")
def store():
    with store_server() as started:
        yield started


@pytest.fixture
def place(store):
    """The URL of a lake that is not there yet."""
    return store.new_place()


@pytest.fixture
def site(tmp_path):
    """Two feeds that list two articles each."""
    with news_site(tmp_path, feeds=2) as served:
        for feed in range(2):
            served.list(feed, ["a", "b"])
        yield served
