"""Fault 47 on a disk of its own: full, or read-only, in the middle of a run."""

import os
import shutil
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.batch import RunFailedError
from pipeline.check import check
from pipeline.lake import Lake
from tests.support.child_run import Later, run_here
from tests.support.news_site import TAXONOMY, paragraphs
from tests.support.reading import TABLES, articles, glob
from tests.support.runs import tocsin
from tests.support.site import Item, Site, article_page, rss
from tests.support.small_disk import read_only, small_disk


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk") as made:
        yield made


@pytest.mark.parametrize("room", [4_096, 16_384, 40_960])
def test_fault_47_a_disk_that_gets_full(kept, lake, disk, room):
    """Wherever there is no room left, the run fails, nothing of it is visible, and the next run has it all."""
    out = disk.folder / "lake"
    shutil.copytree(lake.root, out)
    before = {table: glob(out, table, "run_id") for table in TABLES}
    for feed in range(2):
        kept.site.list(feed, [f"full{number}" for number in range(30)])
    disk.leave(room)
    with pytest.raises(RunFailedError, match="No space left"):
        run_here(kept.site.options(out), clock=Later(timedelta(days=2)))
    assert {table: glob(out, table, "run_id") for table in TABLES} == before
    disk.change("size=64m")
    run_here(kept.site.options(out), clock=Later(timedelta(days=2)))
    assert len(articles(out)) == len(before["articles"]) + 60
    assert check(Lake(out)) == []


def test_fault_47_a_disk_that_gets_read_only_in_mid_run(tmp_path):
    """The program ends with 1 and says so; nothing of the run is visible, and the next run has it all."""
    out = tmp_path / "lake"
    reached, let_go = threading.Event(), threading.Event()

    def barrier(path):
        if path == "/a.html" and not let_go.is_set():
            reached.set()
            let_go.wait(60)

    with Site() as site:
        site.pages["/a.html"] = article_page("News of a", paragraphs("a"))
        site.pages["/feed.xml"] = rss([Item(f"{site.url}/a.html", "News of a")])
        site.barrier = barrier
        (tmp_path / "feeds.txt").write_text(f"{site.url}/feed.xml\n")
        (tmp_path / "taxonomy.yaml").write_text(TAXONOMY)
        arguments = [
            *(
                "run",
                "--feeds",
                tmp_path / "feeds.txt",
                "--out",
                out,
                "--taxonomy",
                tmp_path / "taxonomy.yaml",
            ),
            *("--workers", "1", "--host-delay", "0", "--allow-host", "127.0.0.1"),
        ]
        program = Path(sys.executable).with_name("tocsin")
        run = subprocess.Popen(
            [program, *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "COLUMNS": "200"},
        )
        assert reached.wait(60)
        try:
            with read_only(out):
                let_go.set()
                told = run.communicate(timeout=60)[1]
        finally:
            let_go.set()
            run.kill()
        assert run.returncode == 1, told
        assert "published nothing" in told
        assert "Read-only file system" in told
        assert articles(out) == []
        assert tocsin(*arguments).returncode == 0
    assert len(articles(out)) == 1
    assert check(Lake(out)) == []
