"""The promises of pipeline.stream: runs one after another in one process, each with its own commit."""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.batch import RunFailedError, run_batch
from pipeline.lock import OutputLock
from pipeline.options import UsageError
from pipeline.stream import FAILURES_IN_A_ROW, run_stream
from tests.support.news_site import news_site
from tests.support.reading import articles
from tests.support.runs import holds, manifests
from tests.support.site import Item, rss

EVERY = timedelta(minutes=15)


class Between:
    """What happens between two runs, in place of waiting: the steps one by one, then the end.

    It is the stream's monotonic clock too, and goes on by what is waited, so that no test waits for one.
    """

    def __init__(self, *steps):
        self.steps = list(steps)
        self.now = 0.0
        self.waited = []

    def seconds(self):
        return self.now

    def wait(self, seconds):
        self.waited.append(seconds)
        self.now += seconds
        if not self.steps:
            return True
        self.steps.pop(0)()
        return False


@pytest.fixture
def site(tmp_path):
    with news_site(tmp_path, feeds=2) as site:
        site.list(0, ["harbour"])
        site.list(1, ["bridge"])
        yield site


def stream(options, between, committed=None):
    return run_stream(
        options, EVERY, committed=(committed or [].append), seconds=between.seconds, wait=between.wait
    )


def test_every_item_published_meanwhile_is_a_record_once(site, tmp_path):
    """A site that publishes as it goes: each item is one article, in the commit after it appeared."""
    done = []
    between = Between(
        lambda: site.list(0, ["harbour", "market"]),
        lambda: site.list(1, ["school", "bridge"]),
        lambda: None,
    )
    result = stream(site.options(tmp_path / "lake"), between, done.append)
    assert [run.manifest.balance.articles for run in done] == [2, 1, 1, 0]
    assert (result.runs, result.articles) == (4, 4)
    assert len({article_id for article_id, _ in articles(tmp_path / "lake")}) == 4
    assert len(articles(tmp_path / "lake")) == 4
    committed = manifests(tmp_path / "lake")
    assert len(committed) == 4
    assert all(holds(manifest["balance"]) for manifest in committed)


def test_pages_are_fetched_once_over_all_runs(site, tmp_path):
    """What one run has read is known to the next: no page is asked for twice."""
    stream(site.options(tmp_path / "lake"), Between(*[lambda: None] * 3))
    assert site.site.fetched("/0/harbour.html") == 1
    assert site.site.fetched("/0.xml") == 4


def test_runs_begin_an_interval_apart(site, tmp_path):
    """The wait is what the run left of the interval; a run that took longer is followed at once."""
    between = Between(lambda: None, lambda: None)
    took = iter([100.0, 2000.0, 0.0])

    def committed(_):
        between.now += next(took)

    stream(site.options(tmp_path / "lake"), between, committed)
    assert between.waited == [800.0, 0.0, 900.0]


def test_a_run_can_follow_a_stream_and_a_stream_a_run(site, tmp_path):
    """One output, one state: whoever comes next adds only what is new."""
    options = site.options(tmp_path / "lake")
    stream(options, Between())
    site.list(0, ["harbour", "market"])
    assert run_batch(options).manifest.balance.articles == 1
    site.list(1, ["bridge", "school"])
    assert stream(options, Between()).articles == 1
    assert len(articles(tmp_path / "lake")) == 4


def test_the_feed_list_is_read_anew(site, tmp_path):
    """A list that is broken for a moment costs runs, not the stream, and what it says then is followed."""
    options = site.options(tmp_path / "lake")
    feed_list = Path(options.feeds)
    whole = feed_list.read_text()
    feed_list.write_text(whole.splitlines()[0])
    between = Between(lambda: feed_list.write_text("not a url\n"), lambda: feed_list.write_text(whole))
    result = stream(options, between)
    assert (result.runs, result.articles) == (2, 2)


def test_an_error_at_the_start_is_told_at_once(site, tmp_path):
    """A wrong list is no matter of waiting."""
    with pytest.raises(UsageError):
        stream(site.options(tmp_path / "lake", feeds=str(tmp_path / "none.txt")), Between())


def test_a_stream_that_only_fails_ends(site, tmp_path):
    """An output that can no longer be written to is told of, after a few tries; what was committed stands."""
    options = site.options(tmp_path / "lake")

    def break_the_output():
        state = tmp_path / "lake" / "state"
        state.rename(tmp_path / "state")
        state.write_text("in the way")

    between = Between(break_the_output, *[lambda: None] * 10)
    with pytest.raises((RunFailedError, UsageError)):
        stream(options, between)
    assert len(between.waited) == FAILURES_IN_A_ROW
    assert len(articles(tmp_path / "lake")) == 2


def test_a_run_of_another_leaves_one_out(site, tmp_path):
    """While another run holds the output the stream waits for its next turn, however often."""
    options = site.options(tmp_path / "lake")
    lock = OutputLock(tmp_path / "lake" / ".lock", "other")
    held = [lambda: None] * (FAILURES_IN_A_ROW + 1)
    between = Between(lock.__enter__, *held, lambda: lock.__exit__(None, None, None))
    assert stream(options, between).runs == 2


def test_sigterm_ends_a_stream_after_the_commit(site, tmp_path):
    """A signal in the middle of a run: what was done (here pages that are not there) is committed, the rest is carried over, the exit code is 0."""
    options = site.options(tmp_path / "lake")
    command = [
        str(Path(sys.executable).with_name("tocsin")), "stream", "--every", "1h", "--feeds", "feeds.txt",
        "--out", str(tmp_path / "lake"), "--allow-host", "127.0.0.1", "--host-delay", "0.1", "--workers", "1",
        "--taxonomy", options.taxonomy,
    ]  # fmt: skip
    (tmp_path / "feeds.txt").write_text(f"{site.site.url}/0.xml\n")
    links = [f"{site.site.url}/{number}.html" for number in range(100)]
    site.site.pages["/0.xml"] = rss([Item(link) for link in links])
    started = subprocess.Popen(
        command, cwd=tmp_path, text=True, stdout=subprocess.PIPE, env={**os.environ, "PYTHONSAFEPATH": "1"}
    )

    told = threading.Event()

    def stop_at_the_first_page(path):
        if path.endswith(".html") and not told.is_set():
            told.set()
            started.send_signal(signal.SIGTERM)

    site.site.barrier = stop_at_the_first_page
    output, _ = started.communicate(timeout=120)
    assert started.returncode == 0
    (manifest,) = manifests(tmp_path / "lake")
    assert holds(manifest["balance"])
    assert manifest["balance"]["dead_letters"] + manifest["balance"]["carried_out"] == len(links)
    assert manifest["balance"]["carried_out"] >= 1
    assert "in-process engine" in output
    assert "stopped after 1 runs" in output
