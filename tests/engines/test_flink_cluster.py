"""A run over many hosts on a Flink cluster of two task managers: polite, shared, and recovered when one is killed."""

import json
import os
import signal
import threading
import urllib.request
from collections import defaultdict
from itertools import pairwise

import pytest

from pipeline.batch import run_batch
from tests.support.engines import records
from tests.support.news_site import news_site
from tests.support.runs import holds, manifests, tocsin

HOSTS = int(os.environ.get("TOCSIN_ENGINE_HOSTS", "60"))
PAGES = 10
DELAY = 0.05


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with news_site(tmp_path_factory.mktemp("hosts"), feeds=HOSTS) as site:
        for feed in range(HOSTS):
            site.list(feed, [f"article{number}" for number in range(PAGES)])
        yield site


@pytest.fixture(scope="module")
def undisturbed(site, tmp_path_factory):
    lake = tmp_path_factory.mktemp("undisturbed")
    run_batch(site.options(lake))
    assert len(records(lake)) == HOSTS * PAGES
    return records(lake)


def let_pass(_):
    """No barrier."""


@pytest.fixture
def requests(site):
    """The requests of one test alone."""
    site.site.requests.clear()
    yield site.site.requests
    site.site.barrier = let_pass


def on_flink(flags, site, lake):
    options = site.options(lake, runner="FlinkRunner", host_delay=DELAY, beam=(*flags, "--parallelism=2"))
    return run_batch(options)


def gaps(requests):
    """The shortest pause between the end of a request and the beginning of the next, over all hosts, in seconds."""
    by_host = defaultdict(list)
    for request in requests:
        by_host[request.headers["Host"]].append((request.began, request.ended))
    return min(
        later[0] - earlier[1] for spans in by_host.values() for earlier, later in pairwise(sorted(spans))
    )


def of_the_job_manager(cluster, path):
    with urllib.request.urlopen(f"http://localhost:{cluster['rest']}{path}") as answer:
        return json.load(answer)


def test_politeness_holds_over_both_task_managers(
    flink_cluster, flags_of, site, undisturbed, requests, tmp_path
):
    """Two task managers share the hosts; by the server's log no host sees two requests at once or too soon."""
    on_flink(flags_of(flink_cluster), site, tmp_path / "lake")
    assert records(tmp_path / "lake") == undisturbed
    assert gaps(requests) >= DELAY * 0.9
    cluster = json.loads((flink_cluster / "cluster.json").read_text())
    jobs = of_the_job_manager(cluster, "/jobs/overview")["jobs"]
    newest = max(jobs, key=lambda job: job["start-time"])["jid"]
    vertices = of_the_job_manager(cluster, f"/jobs/{newest}")["vertices"]
    fetching = [vertex["id"] for vertex in vertices if "Write articles" in vertex["name"]]
    assert fetching
    managers = {
        subtask["taskmanager-id"]
        for vertex in fetching
        for subtask in of_the_job_manager(cluster, f"/jobs/{newest}/vertices/{vertex}")["subtasks"]
        if subtask["metrics"]["read-records"] > 0
    }
    assert len(managers) == 2


def test_a_job_brings_no_jars(own_flink_cluster, flags_of, site, tmp_path):
    """What the cluster has on its class path is not sent to it again with every job."""
    on_flink(flags_of(own_flink_cluster), site, tmp_path / "lake")
    folders = [*own_flink_cluster.glob("tmp/tm_*/blobStorage")]
    sent = [file for folder in folders for file in folder.glob("job_*/*")]
    assert len(folders) == 2
    assert sum(file.stat().st_size for file in sent) < 1_000_000


def test_a_killed_task_manager_costs_nothing(
    own_flink_cluster, flags_of, site, undisturbed, requests, tmp_path
):
    """SIGKILL to a task manager in the middle: the job recovers, nothing is lost, nothing is doubled."""
    cluster = json.loads((own_flink_cluster / "cluster.json").read_text())
    killed = threading.Event()

    def kill_in_the_middle(_):
        pages = sum(request.path.endswith(".html") for request in requests)
        if pages >= HOSTS * PAGES // 4 and not killed.is_set():
            killed.set()
            os.kill(cluster["processes"]["taskmanager-2"], signal.SIGKILL)

    site.site.barrier = kill_in_the_middle
    on_flink(flags_of(own_flink_cluster), site, tmp_path / "lake")
    assert killed.is_set()
    assert records(tmp_path / "lake") == undisturbed
    (manifest,) = manifests(tmp_path / "lake")
    assert holds(manifest["balance"])
    assert manifest["balance"]["articles"] == HOSTS * PAGES
    assert len(requests) > HOSTS * (PAGES + 1)
    checked = tocsin("check", tmp_path / "lake")
    assert checked.returncode == 0, checked.stdout + checked.stderr
