"""Workers in processes of their own, started by the pool of deploy/worker: what reaches them, and what they leave."""

import socket
import subprocess
import sys

import pytest

from pipeline.batch import run_batch
from tests.support.engines import records
from tests.support.news_site import news_site
from tests.support.runs import holds, manifests
from transforms.intake import resume_intake, stop_intake

PAGES = 40


@pytest.fixture
def site(tmp_path):
    with news_site(tmp_path, feeds=2) as site:
        for feed in range(2):
            site.list(feed, [f"article{number}" for number in range(PAGES)])
        yield site


@pytest.fixture
def prism_with_pool(prism, project_root, tmp_path):
    """Prism with workers of the pool, in place of threads of the driver."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        project_root / "deploy" / "worker" / "pool.py",
        f"--port={port}",
        f"--logs={tmp_path}",
    ]
    pool = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert "serving" in pool.stdout.readline()
    yield {
        "runner": prism[0],
        "beam": (*prism[1], "--environment_type=EXTERNAL", f"--environment_config=localhost:{port}"),
    }
    pool.terminate()
    pool.communicate(timeout=30)
    assert pool.returncode == 0


def test_workers_of_the_pool_give_the_same_records_on_prism(prism_with_pool, site, tmp_path):
    """A worker that shares nothing with the driver but the output folder writes what the driver would."""
    run_batch(site.options(tmp_path / "in-process"))
    run_batch(site.options(tmp_path / "lake", **prism_with_pool))
    assert len(records(tmp_path / "lake")) == 2 * PAGES
    assert records(tmp_path / "lake") == records(tmp_path / "in-process")


def test_a_stop_reaches_the_workers_on_prism(prism_with_pool, site, tmp_path):
    """A signal to the driver ends the intake of its workers: what is done is committed, the rest is carried over."""

    def stop_at_the_first_page(path):
        if path.endswith(".html"):
            stop_intake()

    site.site.barrier = stop_at_the_first_page
    try:
        run_batch(site.options(tmp_path / "lake", host_delay=0.1, **prism_with_pool))
    finally:
        resume_intake()
    (manifest,) = manifests(tmp_path / "lake")
    assert holds(manifest["balance"])
    assert manifest["balance"]["articles"] >= 1
    assert manifest["balance"]["carried_out"] >= 1
