"""The unbounded stream on engines: every published item becomes one record, whatever is stopped or killed."""

import json
import os
import signal
import threading
import time
import urllib.error
import urllib.request
from datetime import timedelta

import pytest

from pipeline.check import check
from pipeline.flink_jobs import job_prefix
from pipeline.unbounded.driver import run_unbounded
from tests.support.news_site import news_site
from tests.support.object_store import store_server
from tests.support.publishing import Publishing, freshness, records_of, streaming, wait_until
from tests.support.runs import holds, manifests, tocsin
from tests.support.site import Site
from transforms.intake import resume_intake, stop_intake

SECONDS = float(os.environ.get("TOCSIN_STREAM_SECONDS", "60"))
EVERY = 2.0
ITEMS_A_SECOND = 3.0
ANSWERED_WITHIN = 20
"""Seconds that a job server may take for an answer, fewer than a stream of this length runs."""

BEFORE_STOP = 5.0
"""Seconds before a stop whose items may have to wait for the next start."""


@pytest.fixture
def publishing(tmp_path):
    with Site() as site:
        publishing = Publishing(site, ITEMS_A_SECOND)
        (tmp_path / "feeds.txt").write_text(publishing.feed_list())
        yield publishing
        publishing.end()


@pytest.fixture(params=["prism", "flink"])
def flags(request):
    runner, given = request.getfixturevalue(request.param)
    return (f"--runner={runner}", *given, "--parallelism=2", f"--job_server_timeout={ANSWERED_WITHIN}")


def pass_time(seconds):
    threading.Event().wait(seconds)


def commits(lake):
    return len(manifests(lake))


def all_are_records(publishing, lake):
    publishing.end()
    wait_until(lambda: records_of(lake) >= len(publishing.published), "all published items are records")


def require_whole(lake, publishing):
    """Each item once, every balance holds, and `tocsin check` finds nothing."""
    found = freshness(lake, publishing.published)
    assert not found.lost
    assert not found.doubled
    assert len(found.seconds) == len(publishing.published)
    assert all(holds(manifest["balance"]) for manifest in manifests(lake))
    checked = tocsin("check", lake)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    return found


def windows_of(lake):
    """The windows of each stream, in the order of their commits; those that add to one are left out."""
    streams = {}
    for manifest in manifests(lake):
        stream = manifest["options"]["stream"]
        if not stream["supplement"]:
            streams.setdefault(stream["id"], []).append(stream["window"])
    return streams


def test_every_item_is_a_record_once(flags, publishing, tmp_path, capsys):
    """Stopped with SIGTERM in the middle and started again: nothing lost, nothing doubled, windows in their order."""
    lake, running = tmp_path / "lake", []
    publishing.start()
    for last in (False, True):
        before = commits(lake)
        with streaming(tmp_path, EVERY, flags) as stream:
            wait_until(lambda before=before: commits(lake) > before, "the stream has committed a window")
            began = time.time()
            pass_time(SECONDS / 2)
            running.append((began, time.time() - BEFORE_STOP))
            if last:
                all_are_records(publishing, lake)
        assert stream.returncode == 0, (tmp_path / "log").read_text()[-2000:]
    found = require_whole(lake, publishing)
    streams = windows_of(lake)
    assert len(streams) == 2
    assert all(windows == sorted(set(windows)) for windows in streams.values())
    up = {
        url: at
        for url, at in publishing.published.items()
        if any(began <= at < end for began, end in running)
    }
    with capsys.disabled():
        print(
            f"\n{len(publishing.published)} items, a window every {EVERY:g} s, {commits(lake)} commits, "
            f"stopped and started once: {found}"
            f"\nof these the {len(up)} that were published while the stream was up, not just before its stop: "
            f"{freshness(lake, up)}"
        )
    # What a stream leaves, a run takes up.
    following = tocsin(
        "run",
        "--feeds",
        tmp_path / "feeds.txt",
        "--out",
        lake,
        "--host-delay",
        0,
        "--allow-host",
        "127.0.0.1",
    )
    assert following.returncode == 0, following.stderr
    assert manifests(lake)[-1]["balance"]["articles"] == 0


def test_ctrl_c_in_a_terminal_ends_a_stream_in_order_on_prism(prism, publishing, tmp_path):
    """SIGINT to the whole process group, as a terminal sends it: what is in flight is committed, nothing is lost."""
    lake, flags = tmp_path / "lake", (f"--runner={prism[0]}", *prism[1])
    publishing.start()
    with streaming(tmp_path, EVERY, flags) as stream:
        wait_until(lambda: commits(lake) >= 2, "windows are committed")
        all_are_records(publishing, lake)
        os.killpg(stream.pid, signal.SIGINT)
        stream.wait(timeout=60)
    assert stream.returncode == 0, (tmp_path / "log").read_text()[-2000:]
    require_whole(lake, publishing)


def test_a_stream_into_a_store_on_prism(prism, tmp_path):
    """The output may be an object store: windows are committed there, whole, and nothing stays behind."""
    with news_site(tmp_path, feeds=3) as site, store_server() as store:
        place, runner = store.new_place(), prism[0]
        for feed in range(3):
            site.list(feed, ["a", "b"])
        options = site.options(place, runner=runner, beam=(*prism[1], *store.beam))
        results = []

        def stop_after_all(result):
            results.append(result)
            if sum(done.manifest.balance.articles for done in results) == 6:
                stop_intake()

        try:
            run_unbounded(options, timedelta(seconds=EVERY), committed=stop_after_all)
        finally:
            resume_intake()
        assert sum(done.manifest.balance.articles for done in results) == 6
        assert check(store.lake(place)) == []
        assert not [key for key in store.keys(place) if key.startswith("staging/stream-")]


def test_a_task_manager_killed_in_mid_stream_costs_nothing_on_flink(
    own_flink_cluster, flags_of, publishing, tmp_path, capsys
):
    """SIGKILL to a task manager: the job recovers from its checkpoint, nothing is lost, nothing is doubled."""
    cluster = json.loads((own_flink_cluster / "cluster.json").read_text())
    lake = tmp_path / "lake"
    flags = ("--runner=FlinkRunner", *flags_of(own_flink_cluster), "--parallelism=2")
    publishing.start()
    with streaming(tmp_path, EVERY, flags) as stream:
        wait_until(lambda: checkpoints(cluster)["counts"]["completed"] >= 1, "a checkpoint is complete")
        wait_until(lambda: commits(lake) >= 3, "windows are committed")
        os.kill(cluster["processes"]["taskmanager-2"], signal.SIGKILL)
        wait_until(lambda: checkpoints(cluster)["latest"]["restored"] is not None, "the job is restored")
        before = commits(lake)
        wait_until(lambda: commits(lake) > before + 3, "windows are committed after the restart")
        all_are_records(publishing, lake)
    assert stream.returncode == 0, (tmp_path / "log").read_text()[-2000:]
    found = require_whole(lake, publishing)
    supplements = sum(manifest["options"]["stream"]["supplement"] for manifest in manifests(lake))
    with capsys.disabled():
        print(
            f"\n{len(publishing.published)} items, a task manager killed: {found}; {supplements} commits added to windows"
        )


def test_a_killed_driver_is_followed_by_the_next_on_flink(flink_cluster, flags_of, publishing, tmp_path):
    """SIGKILL to the driver leaves a job that commits nothing; the next stream cancels it and goes on."""
    cluster = json.loads((flink_cluster / "cluster.json").read_text())
    lake = tmp_path / "lake"
    flags = ("--runner=FlinkRunner", *flags_of(flink_cluster), "--parallelism=2")
    publishing.start()
    with streaming(tmp_path, EVERY, flags) as stream:
        wait_until(lambda: commits(lake) >= 2, "windows are committed")
        stream.kill()
        stream.wait()
    assert [job["state"] for job in jobs_into(lake, cluster)] == ["RUNNING"]
    before = commits(lake)
    with streaming(tmp_path, EVERY, flags) as stream:
        wait_until(lambda: commits(lake) > before, "the next stream has committed a window")
        states = {job["state"] for job in jobs_into(lake, cluster)}
        all_are_records(publishing, lake)
    assert stream.returncode == 0, (tmp_path / "log").read_text()[-2000:]
    assert states == {"CANCELED", "RUNNING"}
    require_whole(lake, publishing)
    wait_until(lambda: {job["state"] for job in jobs_into(lake, cluster)} == {"CANCELED"}, "no job is left")


def jobs_into(lake, cluster):
    """The jobs of streams into a lake, as the job manager tells of them."""
    with urllib.request.urlopen(f"http://localhost:{cluster['rest']}/jobs/overview") as answer:
        return [job for job in json.load(answer)["jobs"] if job["name"].startswith(job_prefix(str(lake)))]


def checkpoints(cluster):
    """What the job manager says of the checkpoints of its newest job; nothing while the job is being begun."""
    root = f"http://localhost:{cluster['rest']}"
    try:
        with urllib.request.urlopen(f"{root}/jobs/overview") as answer:
            jobs = json.load(answer)["jobs"]
        newest = max(jobs, key=lambda job: job["start-time"])["jid"]
        with urllib.request.urlopen(f"{root}/jobs/{newest}/checkpoints") as answer:
            return json.load(answer)
    except (ValueError, urllib.error.HTTPError):
        return {"counts": {"completed": 0}, "latest": {"restored": None}}
