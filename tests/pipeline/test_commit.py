"""The commit protocol, step by step, on a lake without a run around it."""

import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.commit import (
    CommitError,
    PublishInterruptedError,
    publish,
    published_as,
    recover,
    staged_key,
    verify,
)
from pipeline.exchange import can_exchange, exchange
from pipeline.lake import Lake, LakeError, new_run_id
from pipeline.state import NOTHING, write_state
from pipeline.storage.storage import INTENT, LockLostError
from schemas.columns import arrow_schema
from schemas.dead_letters import DeadLetter
from schemas.manifest import Manifest
from schemas.report import Balance
from tests.support.staged import staged_file

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RUN = new_run_id(NOW, "00000000")


class Stopped(Exception):  # noqa: N818 -- it is no error but the end of a test's step
    """What a test's `at` stops a commit with; nothing catches it but the test."""


@pytest.fixture
def lake(tmp_path):
    made = Lake(tmp_path / "lake")
    made.storage.create()
    return made


def staged(lake, attempt="attempt-1", rows=1):
    """One attempt's file of dead letters."""
    path = lake.root / "staging" / RUN / attempt / "dead_letters.parquet"
    path.parent.mkdir(parents=True)
    schema = arrow_schema(DeadLetter)
    pq.write_table(pa.Table.from_pylist([{"run_id": RUN}] * rows, schema), path)
    return staged_file("dead_letters", path, rows, lake.root)


def commit(lake, lock, file, at):
    verify(lake, [file])
    folder = staged_key(RUN, f"state/{RUN}")
    state = write_state(lake, folder, RUN, before=NOTHING, staged=[], now=NOW)
    published = published_as(lake, RUN, [file])
    balance = Balance(1, 0, 0, 0, 0, 1, 0)
    manifest = Manifest(
        run_id=RUN,
        started_at=NOW.isoformat(),
        committed_at=NOW.isoformat(),
        tocsin_version="0",
        schema_versions={},
        taxonomy_version=None,
        runner="none",
        options={},
        files=tuple(published),
        replaces=(),
        feeds={},
        balance=balance,
        state=state,
    )
    publish(lake, lock, manifest, {file.path: staged for file, staged in published.items()}, at=at)


def stop_at(step):
    def at(reached):
        if reached == step:
            raise Stopped

    return at


def visible(lake):
    return sorted(
        path.relative_to(lake.root).as_posix() for path in lake.root.glob("dead_letters/**/*.parquet")
    )


def test_only_reported_files_are_published(lake):
    """Files of an attempt that nobody reported are swept with the staging."""
    file = staged(lake)
    staged(lake, "attempt-2", rows=5)
    with lake.storage.lock(RUN) as lock:
        commit(lake, lock, file, lambda _: None)
    assert visible(lake) == [f"dead_letters/ingest_date=2026-01-02/{RUN}/part-0.parquet"]
    assert pq.ParquetFile(lake.root / visible(lake)[0]).metadata.num_rows == 1
    assert list((lake.root / "staging").iterdir()) == []


@pytest.mark.parametrize("hurt", ["sum", "rows", "gone"])
def test_what_is_not_as_reported_is_not_published(lake, hurt):
    """A file that changed, or is gone, since its report ends the commit before anything is visible."""
    file = staged(lake)
    path = lake.root / file.path
    if hurt == "gone":
        path.unlink()
    elif hurt == "sum":
        path.write_bytes(path.read_bytes() + b"x")
    else:
        pq.write_table(pq.ParquetFile(path).read().slice(0, 0), path)
    with lake.storage.lock(RUN) as lock, pytest.raises(CommitError):
        commit(lake, lock, file, lambda _: None)
    assert visible(lake) == []


@pytest.mark.parametrize(
    ("step", "done"),
    [
        ("intended", "rolled forward"),
        ("published dead_letters", "rolled forward"),
        ("committed", "rolled forward"),
    ],
)
def test_after_the_intent_recovery_rolls_forward(lake, step, done):
    """Whatever was begun is finished, once, and asking again does nothing."""
    with lake.storage.lock(RUN) as lock:
        with pytest.raises(Stopped):
            commit(lake, lock, staged(lake), stop_at(step))
        assert [line.partition(": ")[2] for line in recover(lake, lock)] == [done]
        assert recover(lake, lock) == []
    assert len(visible(lake)) == 1
    assert [manifest.run_id for manifest in lake.manifests()] == [RUN]


def test_before_the_intent_recovery_sweeps(lake):
    """Nothing of a run that had not come to its intent is ever visible."""
    staged(lake)
    with lake.storage.lock(RUN) as lock:
        assert "swept" in recover(lake, lock)[0]
    assert visible(lake) == []
    assert list((lake.root / "staging").iterdir()) == []


def test_every_publish_asks_for_the_token(lake):
    """A holder that has lost its lock before the intent publishes nothing; after it, it stops where it is."""
    with lake.storage.lock(RUN) as lock:
        (lake.root / ".lock").write_text("another")
        with pytest.raises(LockLostError):
            commit(lake, lock, staged(lake), lambda _: None)
    assert visible(lake) == []

    def lose(step):
        if step == "intended":
            (lake.root / ".lock").write_text("another")

    with lake.storage.lock(RUN) as lock:
        recover(lake, lock)
        with pytest.raises(PublishInterruptedError, match="another run's"):
            commit(lake, lock, staged(lake), lose)
    assert visible(lake) == []


def test_a_late_writer_of_a_dead_attempt_reaches_nothing(lake):
    """What it writes after the commit lies in staging, is no data, and is swept by the next start."""
    with lake.storage.lock(RUN) as lock:
        commit(lake, lock, staged(lake), lambda _: None)
        staged(lake, "attempt-late", rows=9)
        assert len(visible(lake)) == 1
        recover(lake, lock)
    assert list((lake.root / "staging").iterdir()) == []


def test_an_intent_that_lost_its_files_is_refused(lake):
    """Recovery doesn't commit a manifest whose files are nowhere; it names what is gone."""
    with lake.storage.lock(RUN) as lock:
        with pytest.raises(Stopped):
            commit(lake, lock, staged(lake), stop_at("intended"))
        intent = json.loads((lake.root / "staging" / RUN / INTENT).read_text())
        source = next(
            lake.root / source for source, _ in intent["plan"]["renames"] if "dead_letters" in source
        )
        source.rename(lake.root / "elsewhere")
        with pytest.raises(LakeError, match="gone and not published"):
            recover(lake, lock)
    assert list(lake.manifests()) == []


def test_folders_change_places(tmp_path):
    """Each stands where the other stood, and nothing else changes."""
    assert can_exchange(tmp_path)
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "told").write_text(name)
    exchange(tmp_path / "one", tmp_path / "other")
    assert (tmp_path / "one" / "told").read_text() == "other"
    assert (tmp_path / "other" / "told").read_text() == "one"
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "one", tmp_path / "nowhere")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "other"]


def test_an_output_by_a_scheme_is_refused(tmp_path):
    """A URL of an object store does not silently become a folder of that name."""
    with pytest.raises(LakeError, match="local disk"):
        Lake(tmp_path / "s3:" / "bucket").storage.create()
    assert list(tmp_path.iterdir()) == []


def test_ids_follow_each_other_though_the_clock_goes_back(lake):
    """A run after one whose clock was ahead sorts after it."""
    with lake.storage.lock(RUN) as lock:
        commit(lake, lock, staged(lake), lambda _: None)
    earlier = new_run_id(datetime(2026, 1, 1, tzinfo=UTC), "ffffffff")
    assert RUN < lake.run_id_after_all(earlier) < new_run_id(NOW.replace(second=6), "0")
    later = new_run_id(datetime(2026, 1, 3, tzinfo=UTC), "ffffffff")
    assert lake.run_id_after_all(later) == later
