"""A lake of four runs on two days, and copies of it for tests to change."""

import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.lake import Lake
from tests.support.child_run import Later, run_here, start_server
from tests.support.news_site import NewsSite, news_site
from tests.support.site import Page

start_server()

BEGINS = (timedelta(), timedelta(minutes=1), timedelta(days=1), timedelta(days=1, minutes=1))
LISTED = (
    ["a", "b"],
    ["a", "b", "gone", "later"],
    ["a", "b", "gone", "later", "c"],
    ["a", "b", "gone", "later", "c", "d"],
)


@dataclass(frozen=True)
class Kept:
    """The lake as it was made, never changed, and the site that it came from."""

    out: Path
    site: NewsSite
    pages: dict[str, Page]


@pytest.fixture(scope="session")
def kept(tmp_path_factory):
    """Two feeds; runs 1 and 2 today, 3 and 4 tomorrow. One page is gone for good, one fails for now."""
    folder = tmp_path_factory.mktemp("kept")
    out = folder / "lake"
    with news_site(folder, feeds=2) as site:
        for number, names in enumerate(LISTED):
            for feed in range(2):
                site.list(feed, names)
            if number == 1:
                del site.site.pages["/0/gone.html"]
                site.site.pages["/1/later.html"] = Page(b"", "text/plain", 503)
            run_here(site.options(out), clock=Later(BEGINS[number]))
        yield Kept(out, site, dict(site.site.pages))


@pytest.fixture
def lake(kept, tmp_path):
    """A copy of the lake to change; the site is as the last run saw it."""
    kept.site.site.pages.clear()
    kept.site.site.pages.update(kept.pages)
    out = tmp_path / "lake"
    shutil.copytree(kept.out, out)
    return Lake(out)
