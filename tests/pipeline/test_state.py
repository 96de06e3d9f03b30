"""Known keys: how long they stay, how their files are made into one, and how they are looked up."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from pipeline.lake import Lake
from pipeline.state import (
    DAYS_KNOWN,
    DELTAS_BEFORE_COMPACTION,
    NOTHING,
    State,
    compact_known,
    write_state,
)
from schemas.columns import arrow_schema, table_of
from schemas.entries import Entry
from schemas.feeds import FeedState, KnownKey
from schemas.forgotten import Forgotten
from tests.support.staged import staged_file
from transforms.forgotten import is_forgotten_file
from transforms.select_new import known_among

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def key(number):
    return number.to_bytes(16, "big")


def known(*pairs):
    return table_of(KnownKey, [KnownKey(key(number), moment) for number, moment in pairs])


def kept(table, feeds=()):
    states = {str(number): FeedState(str(number), entry_keys=keys) for number, keys in enumerate(feeds)}
    return compact_known(table, states, NOW).to_pylist()


def test_a_key_stays_for_its_days():
    """It is known for DAYS_KNOWN after it was last listed, and then no more."""
    old, young = NOW - DAY * (DAYS_KNOWN + 1), NOW - DAY * (DAYS_KNOWN - 1)
    assert [row["key"] for row in kept(known((1, old), (2, young)))] == [key(2)]


def test_a_key_stays_while_a_feed_lists_it():
    """However long ago it had its outcome: a feed's last body counts until there is another (304s, failures)."""
    old = NOW - DAY * 1000
    assert [row["key"] for row in kept(known((1, old), (2, old)), feeds=[(key(2),), ()])] == [key(2)]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, DAYS_KNOWN - 1)), max_size=60))
def test_compaction_keeps_each_key_once_with_its_latest_time(pairs):
    """One row a key, in order, as late as it was ever listed."""
    latest = {}
    for number, days in pairs:
        latest[number] = min(days, latest.get(number, days))
    rows = kept(known(*((number, NOW - DAY * days) for number, days in pairs)))
    assert [(row["key"], row["listed_at"]) for row in rows] == [
        (key(number), NOW - DAY * days) for number, days in sorted(latest.items())
    ]


@given(
    st.sets(st.integers(0, 5000), max_size=400),
    st.sets(st.integers(0, 5000), max_size=50),
    st.integers(1, 100),
)
def test_looking_up_is_set_intersection(tmp_path_factory, stored, asked, group):
    """Whatever the sizes of row groups that are passed over, the look-up finds what is there and no more."""
    path = tmp_path_factory.mktemp("known") / "known.parquet"
    pq.write_table(known(*((number, NOW) for number in sorted(stored))), path, row_group_size=group)
    assert known_among(map(key, asked), [str(path)]) == {key(number) for number in stored & asked}
    assert known_among(map(key, asked), [], [key(1)]) == {key(1)} & {key(number) for number in asked}


def test_many_deltas_become_one(tmp_path):
    """A commit names no more than a bounded number of files of known keys, and loses none of the keys."""
    lake = Lake(tmp_path)
    lake.storage.create()
    state = NOTHING
    most = 0
    for number in range(DELTAS_BEFORE_COMPACTION + 3):
        staged = lake.root / "staging" / f"r{number}" / "known.parquet"
        staged.parent.mkdir()
        pq.write_table(known((number, NOW)), staged)
        folder = f"state/r{number}"
        files = write_state(
            lake,
            folder,
            f"r{number}",
            before=state,
            staged=[staged_file("known", staged, 1, lake.root)],
            now=NOW,
        )
        state = State({}, (), tuple(file for file in files if file.table == "known"))
        most = max(most, len(state.known_files))
    assert most <= DELTAS_BEFORE_COMPACTION + 1
    paths = [str(lake.root / file.path) for file in state.known_files]
    everything = {key(number) for number in range(DELTAS_BEFORE_COMPACTION + 3)}
    assert known_among(everything, paths) == everything


def test_an_entry_without_an_outcome_is_not_known(tmp_path):
    """A key that left its feed while its entry is carried over is no known key."""
    lake = Lake(tmp_path)
    lake.storage.create()
    staging = lake.root / "staging" / "r"
    staging.mkdir()
    pq.write_table(known((1, NOW), (2, NOW)), staging / "known.parquet")
    pending = pa.Table.from_pylist([{"key": key(1), "feed_url": "f", "attempts": 1}], arrow_schema(Entry))
    pq.write_table(pending, staging / "pending.parquet")
    staged = [
        staged_file("known", staging / "known.parquet", 2, lake.root),
        staged_file("pending", staging / "pending.parquet", 1, lake.root),
    ]
    files = write_state(lake, "state/r", "r", before=NOTHING, staged=staged, now=NOW)
    (file,) = (file for file in files if file.table == "known")
    assert [row["key"] for row in pq.ParquetFile(lake.root / file.path).read().to_pylist()] == [key(2)]


def test_files_of_what_was_forgotten_are_told_by_name():
    """Select new tells them from files of known keys."""
    assert is_forgotten_file(f"/x/state/r/{Forgotten.TABLE}.parquet")
    assert not is_forgotten_file("/x/state/r/known.parquet")
