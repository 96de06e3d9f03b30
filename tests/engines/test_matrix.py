"""One graph, three engines: the same site gives the same records on each."""

import pytest

from pipeline.batch import run_batch
from tests.support.engines import records
from tests.support.news_site import news_site
from tests.support.runs import holds, manifests

FEEDS = 6
PAGES = 5


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with news_site(tmp_path_factory.mktemp("site"), feeds=FEEDS) as site:
        for feed in range(FEEDS):
            site.list(feed, [f"article{number}" for number in range(PAGES)])
        yield site


@pytest.fixture(scope="module")
def in_process(site, tmp_path_factory):
    lake = tmp_path_factory.mktemp("in-process")
    run_batch(site.options(lake))
    return records(lake)


@pytest.fixture(params=["prism", "flink"])
def engine(request):
    return request.getfixturevalue(request.param)


def test_the_same_records_as_in_process(site, in_process, engine, tmp_path):
    """Parallelism 2: every entry is one record, equal to that of the in-process engine, and the balance holds."""
    runner, flags = engine
    options = site.options(tmp_path / "lake", runner=runner, beam=(*flags, "--parallelism=2"))
    result = run_batch(options)
    assert len(in_process) == FEEDS * PAGES
    assert records(tmp_path / "lake") == in_process
    (manifest,) = manifests(tmp_path / "lake")
    assert holds(manifest["balance"])
    assert manifest["runner"] == runner
    assert result.manifest.feeds["fetched"] == FEEDS


def test_a_run_in_process_follows_one_on_an_engine(site, engine, tmp_path):
    """One output, one state: what the engine's run committed is known to the next run, wherever it runs."""
    runner, flags = engine
    run_batch(site.options(tmp_path / "lake", runner=runner, beam=(*flags, "--parallelism=2")))
    following = run_batch(site.options(tmp_path / "lake"))
    assert following.manifest.balance.articles == 0
    assert following.manifest.feeds["not_modified"] == FEEDS
