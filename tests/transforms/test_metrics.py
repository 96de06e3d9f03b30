"""The promises of transforms.metrics: engines see what each stage did, under names that stay few."""

import re

import pytest

from schemas.dead_letters import Reason, Stage
from tests.support.child_run import run_here
from tests.support.news_site import news_site
from tests.support.site import Page
from transforms.http.errors import Deferred, FetchError
from transforms.http.response import Response
from transforms.metrics import fetched


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A run over two feeds: three articles, a page that is gone, a page that fails for now, a feed that is none."""
    folder = tmp_path_factory.mktemp("metrics")
    with news_site(folder, feeds=2) as site:
        site.list(0, ["harbour", "bridge", "gone"], date="Mon, 23 Nov 2026 08:00:00 GMT")
        site.list(1, ["school", "later"])
        del site.site.pages["/0/gone.html"]
        site.site.pages["/1/later.html"] = Page(b"", "text/plain", 503)
        yield run_here(site.options(folder / "lake"))


def test_the_engine_counts_what_the_records_say(done):
    """In process, where no bundle is repeated, the engine's counters and the report agree in every number."""
    counted = done.measured.counters
    reported = {name.replace(".", "_"): n for name, n in done.report.counts.items() if n}
    assert reported.items() <= counted.items()
    assert counted["balance_articles"] == 3
    assert counted["dead_http_4xx"] == counted["carried_http_5xx"] == 1


def test_fetches_are_counted_by_class_of_status(done):
    """Both fetch stages: how many responses of each class, their bytes and their time."""
    counted, measured = done.measured.counters, done.measured.distributions
    assert counted["fetch_feeds_status_2xx"] == 2
    assert [counted[f"fetch_articles_status_{kind}"] for kind in ("2xx", "4xx", "5xx")] == [3, 1, 1]
    assert measured["fetch_articles_bytes"].count == measured["fetch_articles_microseconds"].count == 3
    assert 200 < measured["fetch_articles_bytes"].min <= measured["fetch_articles_bytes"].max < 5_000


def test_every_stage_tells_its_time(done):
    """Requests, parsing, extraction and detection each have a distribution, and the summary's seconds come from it."""
    stages = {
        Stage.FETCH_FEEDS,
        Stage.PARSE_ENTRIES,
        Stage.FETCH_ARTICLES,
        Stage.EXTRACT_TEXT,
        Stage.DETECT_TOPICS,
    }
    assert done.measured.stage_seconds.keys() == stages
    for stage in stages - {Stage.FETCH_FEEDS, Stage.FETCH_ARTICLES}:
        assert done.measured.stage_seconds[stage] > 0
    assert done.measured.distributions["detect_topics_microseconds"].count == 3


def test_freshness_leaves_out_what_no_date_tells(done):
    """Only articles whose publication is known to the minute tell how long it took them to be rows."""
    assert done.measured.distributions["publication_to_row_seconds"].count == 2


def test_names_are_few_and_hold_nothing_of_the_web(done):
    """No host, no URL: a name is made of stages, reasons, classes of status and the taxonomy's topics."""
    names = {*done.measured.counters, *done.measured.distributions}
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in names)
    assert not [name for name in names if "test" in name or "harbour" in name]


@pytest.mark.parametrize(
    "result",
    [
        FetchError(Reason.DNS, "no such host", url="http://n.test/"),
        Deferred("left for the next run"),
        ValueError("what nobody thought of"),
        Response("http://n.test/", 304, {}, b"", False, (), 3, "allowed", None),  # noqa: FBT003 -- its order of fields
    ],
)
def test_metrics_outside_an_engine_are_nothing(result):
    """What is called without an engine under it, as tests and commands do, costs nothing and fails at nothing."""
    fetched(Stage.FETCH_FEEDS, result)
