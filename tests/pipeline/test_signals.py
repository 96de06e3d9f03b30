"""SIGTERM and Ctrl-C: intake stops, what is done is committed within the grace, and the next run has the rest."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError
from pathlib import Path

import pytest

from pipeline.check import check
from pipeline.lake import Lake
from tests.support.news_site import TAXONOMY, paragraphs
from tests.support.runs import holds, manifests, rows, tocsin
from tests.support.site import Item, Site, article_page, rss
from transforms.workers.pool import WorkerPool, result_of
from transforms.workers.window import TaskWindow


@pytest.fixture
def scene(tmp_path):
    """A site whose page `hang` answers only when it is let go, and the arguments of a run over it."""
    with Site() as site:
        names = ["first", "hang", "last"]
        for name in names:
            site.pages[f"/{name}.html"] = article_page(name, paragraphs(name))
        site.pages["/feed.xml"] = rss([Item(f"{site.url}/{name}.html", name) for name in names])
        reached, let_go = threading.Event(), threading.Event()

        def barrier(path):
            if path == "/hang.html" and not let_go.is_set():
                reached.set()
                let_go.wait(60)

        site.barrier = barrier
        (tmp_path / "feeds.txt").write_text(f"{site.url}/feed.xml\n")
        (tmp_path / "taxonomy.yaml").write_text(TAXONOMY)
        arguments = [
            *("run", "--feeds", tmp_path / "feeds.txt", "--out", tmp_path / "lake", "--host-delay", 0),
            *(
                "--workers",
                1,
                "--taxonomy",
                tmp_path / "taxonomy.yaml",
                "--allow-host",
                f"127.0.0.1:{site.port}",
            ),
        ]
        yield Scene(site, tmp_path / "lake", list(map(str, arguments)), reached, let_go)
        let_go.set()


class Scene:
    def __init__(self, site, out, arguments, reached, let_go):
        self.site, self.out, self.arguments = site, out, arguments
        self.reached, self.let_go = reached, let_go

    def begin(self, *more):
        """Start a run and wait until it hangs."""
        program = str(Path(sys.executable).with_name("tocsin"))
        run = subprocess.Popen([program, *self.arguments, *more], stdout=subprocess.DEVNULL)
        assert self.reached.wait(60)
        return run

    def again(self):
        """A second run to its end."""
        self.let_go.set()
        done = tocsin(*self.arguments)
        assert done.returncode == 0, done.stderr
        assert sorted(row["title"] for row in rows(self.out, "articles")) == ["first", "hang", "last"]
        assert check(Lake(self.out)) == []


def test_fault_49_a_signal_ends_the_run_within_its_grace(scene):
    """What is done is committed, a request that hangs is broken off, and the rest is carried over."""
    run = scene.begin("--grace", "8")
    began = time.monotonic()
    os.kill(run.pid, signal.SIGTERM)
    assert run.wait(30) == 0
    assert time.monotonic() - began < 8
    (manifest,) = manifests(scene.out)
    assert manifest["balance"]["carried_out"] == 2
    assert holds(manifest["balance"])
    assert [row["title"] for row in rows(scene.out, "articles")] == ["first"]
    scene.again()


def test_a_second_signal_ends_at_once(scene):
    """Nothing is committed, nothing is visible, and the next run recovers."""
    run = scene.begin("--grace", "30")
    os.kill(run.pid, signal.SIGTERM)
    began = time.monotonic()
    while run.poll() is None and time.monotonic() - began < 10:
        os.kill(run.pid, signal.SIGTERM)
        os.sched_yield()
    assert run.wait(1) == 128 + signal.SIGTERM
    assert manifests(scene.out) == []
    assert not list(scene.out.glob("articles/**/*.parquet"))
    scene.again()


def test_a_second_signal_may_come_within_the_first_ones_handler(project_root):
    """After whichever of its instructions, the process ends at once; none lets it wait for itself."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.nested_signals"],
        cwd=project_root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    codes = [line.split()[1] for line in done.stdout.splitlines()]
    assert len(codes) > 50, done.stderr
    assert set(codes) == {str(128 + signal.SIGTERM)}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_requests_under_way_are_finished_where_they_answer_in_time(scene, number):
    """A page that comes within the grace is an article of this run; no other is begun."""
    run = scene.begin("--grace", "30")
    os.kill(run.pid, number)
    scene.site.barrier = lambda _: None
    scene.let_go.set()
    assert run.wait(30) == 0
    assert sorted(row["title"] for row in rows(scene.out, "articles"))[:2] == ["first", "hang"]
    assert holds(manifests(scene.out)[0]["balance"])
    scene.again()


def test_work_in_the_pool_is_broken_off():
    """A page that the extractor hangs on is not waited for once work is given up."""
    pool = WorkerPool(1)
    try:
        window = TaskWindow(4, lambda: True)
        list(window.add("page", pool.submit(60, time.sleep, 60)))
        began = time.monotonic()
        ((item, future),) = window.drain()
        assert time.monotonic() - began < 30
        assert item == "page"
        with pytest.raises(CancelledError):
            result_of(future)
    finally:
        pool.close()
