"""Faults 47 and 50 to 59 of storage and runs, each by its number. 48 is in test_crash, 49 in test_signals."""

import logging
import os
import resource
import shutil
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner

from pipeline.batch import RunFailedError, run_batch
from pipeline.check import check
from pipeline.lake import LakeError
from pipeline.lock import LockHeldError, LockLostError, OutputLock
from pipeline.options import UsageError
from pipeline.read_lake import read_articles
from pipeline.schema_evolution import require_same_types
from pipeline.state import load_state
from schemas.articles import Article
from schemas.columns import arrow_schema
from schemas.dead_letters import DeadLetter
from schemas.entries import Entry
from schemas.outcomes import Ended
from tests.support.changed_lake import change_files, edit_manifest
from tests.support.child_run import Later, ended, run_here, start
from tests.support.reading import TABLES, articles, glob
from tests.support.runs import manifests, rows, tocsin
from transforms.http.settings import HttpSettings
from transforms.run_context import RunContext
from transforms.workers.pool import shared_pool
from transforms.write_records import WriteRecords, _WriteRows

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


RUN_FAILED = 17
"""How a child says that its run failed as it should, and not by an accident."""


def limit_files(limit):
    """Let no file grow past so many bytes, as on a disk that is full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def run_with_file_limit(options, limit):
    """A run on a disk that is full."""
    logging.disable(logging.CRITICAL)
    limit_files(limit)
    try:
        run_batch(options, clock=Later(timedelta(days=2)))
    except RunFailedError:
        os._exit(RUN_FAILED)


@pytest.mark.parametrize("limit", [1_000, 4_000, 12_000, 500_000])
def test_fault_47_disk_full(lake, kept, limit):
    """Wherever the disk refuses, the run fails, nothing of it is visible, and the next run has it all.

    With the highest limit the tables fit, and the language model that workers unpack does not: no page is to blame.
    """
    before = {table: glob(lake.root, table, "run_id") for table in TABLES}
    for feed in range(2):
        kept.site.list(feed, [f"full{number}" for number in range(30)])
    assert ended(start(run_with_file_limit, kept.site.options(lake.root), limit)) == RUN_FAILED
    assert {table: glob(lake.root, table, "run_id") for table in TABLES} == before
    run_here(kept.site.options(lake.root), clock=Later(timedelta(days=2)))
    assert len(articles(lake.root)) == len(before["articles"]) + 60
    assert check(lake) == []


def test_fault_47_disk_full_by_the_command(lake, kept):
    """The program ends with 1 and says that it published nothing and why."""
    before = {table: glob(lake.root, table, "run_id") for table in TABLES}
    feeds = kept.site.options(lake.root).feeds
    done = tocsin("run", "--feeds", feeds, "--out", lake.root, preexec_fn=lambda: limit_files(1_000))
    assert done.returncode == 1, done.stderr
    assert "published nothing" in done.stderr
    assert "too large" in done.stderr
    assert {table: glob(lake.root, table, "run_id") for table in TABLES} == before


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is a place of Linux that nobody can write to")
def test_fault_47_read_only(tmp_path, kept):
    """An output that can't be written to is refused at the start, with the mend."""
    feeds = kept.site.options(tmp_path).feeds
    done = tocsin("run", "--feeds", feeds, "--out", "/proc/tocsin")
    assert done.returncode == 2
    assert "name another with --out" in done.stderr


def test_fault_50_two_runs_on_one_output(lake, kept):
    """The second is refused with exit code 3 and says who holds it; the first is not disturbed."""
    with lake.storage.lock("the-first") as lock:
        done = tocsin("run", "--feeds", kept.site.options(lake.root).feeds, "--out", lake.root)
        assert done.returncode == 3
        assert f"the-first pid {os.getpid()}" in done.stderr
        lock.check()


def hold_with_a_worker(path, told):
    """Hold a lock, with a busy worker of a real pool alive, until killed."""
    with OutputLock(path, "holder"):
        worker = shared_pool(1).submit(60, os.getpid).result()
        busy = shared_pool(1).submit(600, time.sleep, 600)
        told.with_suffix(".part").write_text(str(worker))
        told.with_suffix(".part").rename(told)
        busy.result()


def test_fault_51_a_lock_left_by_a_dead_process(tmp_path):
    """A killed holder frees the lock at once, since no worker of its pool has inherited it."""
    path, told = tmp_path / ".lock", tmp_path / "worker"
    child = start(hold_with_a_worker, path, told)
    deadline = time.monotonic() + 30
    while not told.exists():
        assert time.monotonic() < deadline, "the child did not begin"
        child.join(0.05)
    with pytest.raises(LockHeldError, match=f"holder pid {child.pid}"), OutputLock(path, "next"):
        pass
    worker = int(told.read_text())
    if sys.platform == "linux":
        held = [str(link.readlink()) for link in Path(f"/proc/{worker}/fd").iterdir()]
        assert held
        assert str(path) not in held
    os.kill(child.pid, signal.SIGKILL)
    assert ended(child) == -signal.SIGKILL
    with OutputLock(path, "next") as lock:
        lock.check()


def test_fault_51_a_lock_that_was_taken_away_is_noticed(tmp_path):
    """Who removes or replaces the lock file stops the holder's next publish."""
    path = tmp_path / ".lock"
    with OutputLock(path, "one") as lock:
        path.unlink()
        with pytest.raises(LockLostError, match="gone"):
            lock.check()
        with OutputLock(path, "other"), pytest.raises(LockLostError, match="another run"):
            lock.check()


def test_fault_52_the_same_window_again(lake, kept):
    """Running again over what has been listed before adds no article and no dead letter."""
    before = articles(lake.root), len(rows(lake.root, "dead_letters"))
    shutil.rmtree(kept.site.folder / "again", ignore_errors=True)
    site = kept.site
    for feed in range(2):
        site.list(feed, ["a", "b", "gone", "c", "d"])
    for _ in range(2):
        run_here(site.options(lake.root), clock=Later(timedelta(days=2)))
    assert (articles(lake.root), len(rows(lake.root, "dead_letters"))) == before


@pytest.mark.parametrize("damage", ["truncated", "corrupt", "missing"])
@pytest.mark.parametrize("table", ["feeds", "known", "pending"])
def test_fault_53_a_damaged_state_file(lake, caplog, table, damage):
    """The state before is used, loudly, and what the damaged one still holds is kept."""
    hurt_state(lake, table, damage)
    state = load_state(lake)
    assert "is damaged" in caplog.text
    assert "going back" in caplog.text
    assert [entry.title for entry in state.pending] == ["News of later"]
    assert len(state.feeds) == 2


def hurt_state(lake, table, damage):
    _, files = next(lake.states())
    path = lake.root / next(file for file in files if file.table == table).path
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-20] if damage == "truncated" else b"x" * path.stat().st_size)


@pytest.mark.parametrize(
    ("table", "damage"), [("feeds", "missing"), ("known", "truncated"), ("pending", "corrupt")]
)
def test_fault_53_a_run_after_damage(lake, kept, table, damage):
    """A run mends the state: no article is doubled, none is lost, and the lake is sound again."""
    before = articles(lake.root)
    hurt_state(lake, table, damage)
    for feed in range(2):
        kept.site.list(feed, ["a", "b", "gone", "later", "c", "d"], guid="another body")
    run_here(kept.site.options(lake.root), clock=Later(timedelta(days=1, minutes=2)))
    assert articles(lake.root) == before
    assert check(lake) == []


def test_fault_53_no_state_that_can_be_read(lake, kept):
    """Where no state is left at all, the run is refused with the mend rather than begun from nothing."""
    for path in (lake.root / "state").rglob("*.parquet"):
        path.write_bytes(b"")
    with pytest.raises(UsageError, match="run `tocsin check`"):
        run_here(kept.site.options(lake.root))


def test_fault_54_state_of_newer_code(lake, kept):
    """It is refused before the run begins, and the error says to update."""
    edit_manifest(lake, lambda values: values["schema_versions"].update(known=99))
    with pytest.raises(UsageError, match="known version 99, this tocsin knows 1: update it"):
        run_here(kept.site.options(lake.root))


def without_a_column_and_a_field(table):
    """Articles as an older version wrote them: no figures, and evidence without its rule."""
    found = table.drop_columns(["figures"])
    field = found.schema.field("topics")
    topic = field.type.value_type
    older = pa.struct([f for f in topic.field(3).type.value_type if f.name != "rule"])
    kind = pa.list_(
        pa.struct([*(topic.field(number) for number in range(3)), pa.field("evidence", pa.list_(older))])
    )
    stripped = [
        [{**t, "evidence": [{k: v for k, v in e.items() if k != "rule"} for e in t["evidence"]]} for t in ts]
        for ts in found["topics"].to_pylist()
    ]
    return found.set_column(
        found.schema.get_field_index("topics"), pa.field("topics", kind), pa.array(stripped, kind)
    )


def test_fault_55_a_column_added(lake, kept):
    """Files without a column or a field read as null beside new ones, by our readers and by one glob."""
    change_files(lake, "articles", without_a_column_and_a_field)
    for feed in range(2):
        kept.site.list(feed, ["added"])
    run_here(kept.site.options(lake.root), clock=Later(timedelta(days=2)))
    read = list(read_articles(lake))
    assert {article.figures for article in read} == {()}
    rules = {evidence.rule for article in read for topic in article.topics for evidence in topic.evidence}
    assert None in rules
    assert len(rules) > 1
    by_glob = glob(lake.root, "articles", "figures is null, topics[1].evidence[1].rule is null")
    assert set(by_glob) == {(True, True), (False, False)}
    assert check(lake) == []


def test_fault_55_a_type_changed(lake, kept):
    """It is refused before the run begins, with both types named."""

    def widen(table):
        index = table.schema.get_field_index("word_count")
        return table.set_column(index, "word_count", pc.cast(table["word_count"], pa.string()))

    change_files(lake, "articles", widen)
    with pytest.raises(LakeError, match="word_count is string there and int32"):
        require_same_types(lake)
    with pytest.raises(UsageError, match="word_count is string there and int32 in this tocsin"):
        run_here(kept.site.options(lake.root))


def test_fault_56_a_clock_that_was_ahead(lake, kept):
    """After runs whose clock was a day ahead, one with the right clock comes last, polls, and doubles nothing."""
    before = articles(lake.root)
    newest = manifests(lake.root)[-1]["run_id"]
    run_here(kept.site.options(lake.root))
    run = manifests(lake.root)[-1]
    assert run["run_id"] > newest
    assert run["feeds"]["skipped"] == 0
    assert set(before) <= set(articles(lake.root))
    assert (
        max(count for (count,) in glob(lake.root, "articles", "count(*) over (partition by article_id)")) == 1
    )
    assert check(lake) == []


def test_fault_56_a_zone_far_from_utc(lake, kept, monkeypatch):
    """Ids, folders and schedules are in UTC wherever the machine stands, so no change of its hour matters."""
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")  # UTC+14: another date for most of the day
    time.tzset()
    try:
        ahead = Later(timedelta(days=2))
        run_id = run_here(kept.site.options(lake.root), clock=ahead).manifest.run_id
        assert f"{ahead() - timedelta(minutes=5):%Y%m%dT%H%M}" < run_id < f"{ahead():%Y%m%dT%H%M%S}Z"
        assert f"ingest_date={run_id[:4]}-{run_id[4:6]}-{run_id[6:8]}" in str(lake.manifest_key(run_id))
        assert check(lake) == []
    finally:
        monkeypatch.undo()
        time.tzset()


def context_of(folder):
    return RunContext(
        run_id="20260102T030405000000Z-00000000",
        started_at=NOW,
        deadline_at=NOW + timedelta(hours=1),
        http=HttpSettings(user_agent="tocsin-test/1"),
        output=str(folder),
        staging=str(folder / "staging" / "run"),
        workers=1,
    )


def row_of(record, **given):
    """A record with empty values in all other columns."""
    empty = {pa.string(): "", pa.bool_(): False, pa.int32(): 0, pa.int16(): 0}
    values = {}
    for field in arrow_schema(record):
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        values[field.name] = (
            () if pa.types.is_list(kind) else NOW if pa.types.is_timestamp(kind) else empty.get(kind)
        )
    return record(**{**values, **given})


def entry(number):
    return row_of(Entry, key=bytes([number]) * 16, url=f"http://x.test/{number}", attempts=0)


def test_fault_57_a_bundle_replayed_after_its_write(tmp_path):
    """An attempt that wrote and was run again leaves one reported copy; the other is never published."""
    ending = Ended(entry(1), row_of(Article, article_id="01" * 16))
    reports = []
    for _ in range(2):
        attempt = _WriteRows(context_of(tmp_path), lambda: NOW)
        attempt.start_bundle()
        attempt.process(ending)
        reports.append(next(iter(attempt.finish_bundle())).value)
    first, second = ({file.path for file in report.files} for report in reports)
    assert not first & second
    assert all((tmp_path / path).exists() for path in first | second)
    assert reports[1].counts["balance.articles"] == 1


def test_fault_57_only_what_is_reported_is_published(lake, kept):
    """Files that a dead attempt left beside the reported ones reach nothing that is published."""
    for feed in range(2):
        kept.site.list(feed, ["replayed"])
    run_here(kept.site.options(lake.root), LeaveAnAttempt(lake.root), Later(timedelta(days=2)))
    assert check(lake) == []
    assert list((lake.root / "staging").iterdir()) == []


class LeaveAnAttempt:
    """An `at` that copies every attempt of the run, as a replayed bundle would have left it."""

    def __init__(self, out) -> None:
        self.out = out

    def __call__(self, step):
        if step == "verified":
            for folder in list(self.out.glob("staging/*/attempt-*")):
                shutil.copytree(folder, folder.with_name(f"{folder.name}0"))


def test_fault_58_orphans_are_swept(lake, kept):
    """Temporary files of dead runs are never read, and gone after the next run."""
    orphan = lake.root / "staging" / "20200101T000000000000Z-dead" / "attempt-1" / "articles.parquet"
    orphan.parent.mkdir(parents=True)
    shutil.copy(next((lake.root / "articles").rglob("*.parquet")), orphan)
    (lake.root / "staging" / ".probe").touch()
    assert check(lake) == []
    before = articles(lake.root)
    run_here(kept.site.options(lake.root), clock=Later(timedelta(days=2)))
    assert set(before) <= set(articles(lake.root))
    assert list((lake.root / "staging").iterdir()) == []


def write_through_beam(folder, outcomes):
    pipeline = beam.Pipeline(runner=FnApiRunner())
    _ = pipeline | beam.Create(outcomes) | WriteRecords(context_of(folder), lambda: NOW)
    pipeline.run().wait_until_finish()


def test_fault_59_a_row_that_can_not_be_written(tmp_path):
    """It is a dead letter with its cause; its neighbours are written."""
    bad = Ended(entry(1), row_of(Article, article_id="01" * 16, word_count=2**40))
    good = Ended(entry(2), row_of(Article, article_id="02" * 16))
    attempt = _WriteRows(context_of(tmp_path), lambda: NOW)
    attempt.start_bundle()
    for outcome in (bad, good):
        attempt.process(outcome)
    report = next(iter(attempt.finish_bundle())).value
    tables = {file.table: pq.ParquetFile(tmp_path / file.path).read().to_pylist() for file in report.files}
    assert [row["article_id"] for row in tables["articles"]] == ["02" * 16]
    (letter,) = tables["dead_letters"]
    assert (letter["stage"], letter["reason"]) == ("write_records", "internal")
    assert "could not be written" in letter["detail"]
    assert report.counts["balance.articles"] == 1
    assert report.counts["balance.dead_letters"] == 1


def test_fault_59_when_even_the_dead_letter_fails(tmp_path):
    """The run fails."""
    with pytest.raises((ValueError, OverflowError)):
        write_through_beam(tmp_path, [Ended(entry(1), row_of(DeadLetter, http_status=2**40))])
