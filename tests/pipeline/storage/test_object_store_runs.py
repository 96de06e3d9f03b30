"""Runs into an object store: nothing lost, nothing doubled, by the command line as its users give it."""

import json
import random
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta

import duckdb
import pytest

from pipeline.batch import RunFailedError
from pipeline.check import check
from pipeline.compact import compact
from pipeline.forget import Target, forget
from pipeline.options import UsageError
from pipeline.read_lake import read_state
from pipeline.retag import retag
from pipeline.storage.storage import LockHeldError, LockLostError
from tests.crashtest.store_scenario import articles_by_manifests, free, store_crashes
from tests.support.child_run import KillAt, Later, run_here, run_to_end
from tests.support.news_site import paragraphs
from tests.support.runs import holds, tocsin
from tests.support.site import Item, Site, article_page, rss


def arguments(site, place, store):
    """A run as it is typed, but for the beginning."""
    options = site.options(place)
    hosts = [part for host in options.allow_host for part in ("--allow-host", host)]
    return [
        *("--feeds", options.feeds, "--out", place, "--taxonomy", options.taxonomy, "--workers", "1"),
        *("--host-delay", "0", *hosts, "--", *store.beam),
    ]


def manifests(store, place):
    keys = sorted(key for key in store.keys(place) if key.startswith("runs/"))
    return [json.loads(store.read(place, key)) for key in keys]


@pytest.fixture(scope="module")
def scene():
    """A lake with one run in it, a site that has changed since, and what an undisturbed second run makes of it."""
    with store_crashes(feeds=2, entries=3) as made:
        yield made


@pytest.fixture
def again(scene):
    """A place that holds that lake, and options of the next run into it."""
    place = scene.store.copy(scene.before)
    return place, scene.site.options(place, beam=scene.store.beam)


def test_the_second_run_adds_nothing(store, site, place):
    """Both by the command line; the lake is sound, and what was found can be shown."""
    # The site lives under names of its own, which only a run in this process knows to resolve.
    first = run_here(site.options(place, beam=store.beam))
    assert first.manifest.balance.articles == 4
    second = run_here(site.options(place, beam=store.beam, only_due=False))
    assert second.manifest.balance.articles == 0
    assert holds(manifests(store, place)[1]["balance"])
    assert len(articles_by_manifests(store, place)) == 4
    assert check(store.lake(place)) == []
    assert [key for key in store.keys(place) if key.startswith("staging/")] == []


def test_the_command_line_reaches_the_store(store, place, tmp_path):
    """run twice, check, show, feeds, forget; the manifest holds no secret."""
    with Site() as served:
        served.pages["/a.html"] = article_page("News of a", paragraphs("a"))
        served.pages["/feed.xml"] = rss([Item(f"{served.url}/a.html", "News of a")])
        (tmp_path / "feeds.txt").write_text(f"{served.url}/feed.xml\n")
        typed = [
            *("run", "--feeds", tmp_path / "feeds.txt", "--out", place, "--workers", "1"),
            *("--host-delay", "0", "--allow-host", "127.0.0.1", "--", *store.beam),
        ]
        for added in (1, 0):
            done = tocsin(*typed)
            assert done.returncode == 0, done.stderr
            assert manifests(store, place)[-1]["balance"]["articles"] == added
    told = json.dumps(manifests(store, place))
    assert store.endpoint in told
    assert "not-so-secret" not in told
    for command, expected in (
        (("check", place), "is sound: 2 manifests"),
        (("show", place), "News of a"),
        (("feeds", place), "feed.xml"),
        (("forget", place, "--url", f"{served.url}/a.html"), "erased 1 articles"),
    ):
        done = tocsin(*command, "--", *store.beam)
        assert done.returncode == 0, done.stderr
        assert expected in done.stdout


@pytest.mark.parametrize("step", ["gathered", "published articles", "published state", "committed"])
def test_fault_48_killed_at_a_step(scene, step):
    """At the crash a reader by manifests sees whole runs; the next run ends where an undisturbed one does."""
    crash = scene.at_step(step)
    assert crash.killed
    assert crash.faults == ()


def test_fault_48_killed_at_any_instant(scene):
    """Likewise; `python -m tests.crashtest` has every step and more instants."""
    assert scene.after(random.Random(1).uniform(0.05, 1) * scene.seconds).faults == ()


def test_fault_50_the_second_of_two_runs_ends_with_3(store, site, place):
    """It is told who holds the output, and touches nothing."""
    lake = store.lake(place)
    with lake.storage.lock("the-first") as lock:
        done = tocsin("run", *arguments(site, place, store))
        assert done.returncode == 3, done.stderr
        assert "the-first pid" in done.stderr
        lock.check()
    assert store.keys(place) == [".lock"]


def test_fault_51_a_lease_left_by_a_dead_process_is_taken_over(scene, again):
    """Once it has run out, without anyone's help."""
    place, options = again
    assert run_to_end(options, KillAt("intended")) == -signal.SIGKILL
    with pytest.raises(LockHeldError, match="its lease ends in"):
        run_here(options)
    # The lease of the dead, as it stands but for its length: a minute is long for a test.
    held = json.loads(scene.store.read(place, ".lock"))
    scene.store.write(place, ".lock", json.dumps({**held, "seconds": -1}).encode())
    run_here(options)
    assert articles_by_manifests(scene.store, place) == scene.expected
    assert check(scene.store.lake(place)) == []


class StoppedError(Exception):
    """What a test's `at` stops a commit with; nothing catches it but the test."""


class LoseTheLease:
    """An `at` that lets another take the lease at a step."""

    def __init__(self, store, place, step):
        self.store, self.place, self.step = store, place, step

    def __call__(self, step):
        if step == self.step:
            other = {"token": "another", "seconds": 60, "host": "", "pid": 1, "renewals": 0, "free": False}
            self.store.write(self.place, ".lock", json.dumps(other).encode())


@pytest.mark.parametrize("step", ["gathered", "published articles"])
def test_a_lost_lease_stops_publication(scene, again, step):
    """Before the intent nothing of the run is ever seen; after it the next run finishes it."""
    place, options = again
    with pytest.raises(RunFailedError, match="another run's now"):
        run_here(options, LoseTheLease(scene.store, place, step))
    assert articles_by_manifests(scene.store, place) == scene.earlier
    free(scene.store, place)
    run_here(options)
    assert articles_by_manifests(scene.store, place) == scene.expected
    assert check(scene.store.lake(place)) == []


class Overtaken:
    """An `at` at which the process is paused for long: another run comes, does all its work, and is gone."""

    def __init__(self, store, options, step):
        self.store, self.options, self.step = store, options, step

    def __call__(self, step):
        if step == self.step:
            self.step = None
            place = self.options.out
            held = self.store.read(place, ".lock")
            free(self.store, place)
            run_here(self.options)
            # The paused process has asked already whether the lease is its own: to it nothing has changed.
            self.store.write(place, ".lock", held)


@pytest.mark.parametrize("step", ["gathered", "intended", "published articles"])
def test_a_process_that_wakes_up_late_doubles_nothing(scene, again, step):
    """Whatever it does after another run has taken its output over; even if it still believes in its lease."""
    place, options = again
    # It may notice, and end with an error, or find that all is done: neither adds or loses a row.
    with suppress(RunFailedError):
        run_here(options, Overtaken(scene.store, options, step))
    assert articles_by_manifests(scene.store, place) == scene.expected
    free(scene.store, place)
    run_here(options, clock=Later(timedelta(hours=1)))
    assert articles_by_manifests(scene.store, place) == scene.expected
    assert check(scene.store.lake(place)) == []


def test_of_an_intent_and_a_tombstone_one_is_decided(store, place):
    """A run whose staging was swept can't be published any more, and one that is to be published is not swept."""
    storage = store.lake(place).storage
    assert storage.intent("swept") is None
    with pytest.raises(LockLostError, match="took this one for dead"):
        storage.decide("swept", "{}")
    storage.decide("published", "{}")
    storage.decide("published", "{}")
    assert storage.intent("published") == "{}"
    assert storage.intents() == ["published"]


def test_damage_is_found(scene):
    """As on a disk: a file gone, changed, or strange, and a manifest that can't be read."""
    store, before = scene.store, scene.before
    keys = store.keys(before)
    article = next(key for key in keys if key.startswith("articles/"))
    state = next(key for key in keys if key.startswith("state/") and key.endswith("known.parquet"))
    manifest = next(key for key in keys if key.startswith("runs/"))

    def found(change):
        place = store.copy(before)
        change(place)
        return [f"{finding.where}: {finding.problem}" for finding in check(store.lake(place))]

    assert found(lambda place: None) == []  # noqa: ARG005
    assert f"{article}: is missing" in found(lambda place: store.delete(place, article))
    flipped = bytearray(store.read(before, article))
    flipped[len(flipped) // 2] ^= 1
    assert any("sha256" in line for line in found(lambda place: store.write(place, article, bytes(flipped))))
    assert any("can't be read" in line for line in found(lambda place: store.write(place, state, b"PAR1")))
    stray = article.replace("part-0", "part-9")
    assert f"{stray}: no manifest names it" in found(
        lambda place: store.write(place, stray, store.read(place, article))
    )
    assert any("can't be used" in line for line in found(lambda place: store.write(place, manifest, b"{")))
    intent = "staging/20260101T000000000000Z-dead/intent.json"
    assert any("was stopped" in line for line in found(lambda place: store.write(place, intent, b"x" * 99)))


def test_damaged_state_goes_back_to_the_one_before(scene, again):
    """And makes no double, as the articles of every commit stay known."""
    place, options = again
    run_here(options)
    newest = manifests(scene.store, place)[-1]["run_id"]
    for key in scene.store.keys(place):
        if key.startswith(f"state/{newest}/"):
            scene.store.write(place, key, b"PAR1")
    run_here(options)
    assert articles_by_manifests(scene.store, place) == scene.expected
    assert read_state(scene.store.lake(place)).feeds


def test_a_lake_is_rewritten(scene, again):
    """compact, retag and forget: new files and a manifest that stands for the old ones, which then go."""
    place, options = again
    store = scene.store
    run_here(options)
    lake = store.lake(place)
    done = compact(lake, clock=Later(timedelta(days=1)))
    assert (done.runs, done.files_before > done.files_after) == (2, True)
    assert articles_by_manifests(store, place) == scene.expected
    assert len(manifests(store, place)) == 1
    assert len([key for key in store.keys(place) if key.startswith("articles/")]) == 1
    assert retag(lake, None).articles == len(scene.expected)
    gone = scene.expected[0][0]
    assert forget(lake, Target(article_id=gone)).erased["articles"] == 1
    assert check(lake) == []
    run_here(options, clock=Later(timedelta(days=1)))
    assert articles_by_manifests(store, place) == scene.expected[1:]
    assert check(lake) == []


@pytest.mark.parametrize("step", ["rewritten", "published articles", "committed"])
def test_a_rewriting_that_is_killed_doubles_nothing(scene, again, step):
    """A reader by manifests sees the old rows or the new ones; the next command finishes it or sweeps it."""
    place, options = again
    store = scene.store
    run_here(options)
    lake = store.lake(place)

    def stop(reached):
        if reached == step:
            raise StoppedError

    with pytest.raises(StoppedError):
        compact(lake, clock=Later(timedelta(days=1)), at=stop)
    assert articles_by_manifests(store, place) == scene.expected
    compact(lake, clock=Later(timedelta(days=1)))
    assert articles_by_manifests(store, place) == scene.expected
    assert len(manifests(store, place)) == 1
    assert check(lake) == []


def test_a_tombstone_is_left_alone_for_a_week_and_then_swept(store, site, place):
    """It is no run that has to be recovered."""
    storage = store.lake(place).storage
    assert storage.intent("20260101T000000000000Z-dead") is None
    assert storage.staged_runs() == []
    assert storage.intents() == []
    run_here(site.options(place, beam=store.beam))
    assert [key for key in store.keys(place) if key.startswith("staging/")] == [
        "staging/20260101T000000000000Z-dead/intent.json"
    ]


def test_whole_runs_are_read_by_duckdb(scene, project_root, tmp_path):
    """The README's query: the files that manifests name, of manifests that none replaces."""
    store, before = scene.store, scene.before
    copied = tmp_path / "lake"
    for key in store.keys(before):
        (copied / key).parent.mkdir(parents=True, exist_ok=True)
        (copied / key).write_bytes(store.read(before, key))
    stray = next(copied.glob("articles/*/*/part-0.parquet"))
    stray.with_name("part-9.parquet").write_bytes(stray.read_bytes())
    database = duckdb.connect()
    script = (project_root / "docs" / "whole_runs.sql").read_text()
    database.execute(script.replace("'s3://BUCKET/PREFIX'", f"'{copied}'"))
    found = database.execute("select article_id, content_hash from articles order by all").fetchall()
    assert found == scene.earlier


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("gs://bucket/lake", "s3://BUCKET/PREFIX"),
        ("hdfs://host/lake", "s3://BUCKET/PREFIX"),
        ("s3://", "names no bucket"),
        ("s3://no-such-bucket-here/lake", "can't be reached"),
    ],
)
def test_a_place_that_can_not_be_used_is_refused(store, site, place, said):
    """At the start, with the mend."""
    with pytest.raises(UsageError, match=said):
        run_here(site.options(place, beam=store.beam))


def test_without_boto3_the_way_to_it_is_told(place):
    """It is an extra: a lake on a disk does not need it."""
    script = (
        "import sys, importlib.util as u; real = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'boto3' else real(name, *rest)\n"
        "from pipeline.lake import Lake\n"
        f"Lake({place!r}).storage.create()"
    )
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False)
    assert "pip install 'tocsin[s3]'" in done.stderr
