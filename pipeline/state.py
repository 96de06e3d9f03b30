"""What one run leaves for the next: feeds, known keys and the entries carried over, as Parquet in the commit.

Known keys are kept as deltas: each run adds the keys of its outcomes and of the entries that have just left
their feed, and many deltas are now and then compacted into one sorted file. A key stays known while the last
body of a feed lists it, and `DAYS_KNOWN` after. A 304 or a failed poll leaves the last body's keys as they are.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.lake import Lake, LakeError, damage_of
from schemas.articles import Article
from schemas.columns import Row, arrow_schema, rows_of, table_of
from schemas.entries import Entry
from schemas.feeds import FeedState, KnownKey
from schemas.forgotten import Forgotten
from schemas.manifest import LakeFile, Manifest
from schemas.report import StagedFile
from transforms.files import NewFile, read_table
from transforms.select_new import known_among
from transforms.stage_log import fields

DAYS_KNOWN = 90
"""Days that a key stays known after the last feed has stopped listing it."""

DELTAS_BEFORE_COMPACTION = 24
"""Files of known keys that a commit may refer to before they are made into one."""

ROWS_A_GROUP = 32_768
"""Rows of a row group: sorted keys are passed over a group at a time where its bounds hold none that is asked."""

STATE_VERSIONS = {record.TABLE: record.VERSION for record in (FeedState, KnownKey, Entry, Forgotten)}

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class State:
    """What the newest usable commit remembers.

    `known_files`, of known keys and of what was forgotten, are read by select new, never held in memory.
    """

    feeds: dict[str, FeedState]
    pending: tuple[Entry, ...]
    known_files: tuple[LakeFile, ...]
    rebuilt_keys: tuple[bytes, ...] = ()


NOTHING = State({}, (), ())


def load_state(lake: Lake) -> State:
    """The newest commit's state; where its files are damaged, an older one's, said loudly.

    What of the damaged state can still be read is used: its known keys, and the entries it carried over. The
    articles of every commit that may be newer are known all the same: their keys are read back from the lake,
    so that a damaged state never makes a double.

    Raises:
        LakeError: no state can be read at all, or it was written by newer code.
    """
    damaged: list[tuple[LakeFile, ...]] = []
    for manifest, files in lake.states():
        _refuse_newer(manifest)
        damage = [problem for file in files if (problem := damage_of(lake, file))]
        if not damage:
            state = read_state(lake, files)
            return _mended(lake, state, damaged) if damaged else state
        _LOG.error(
            "the state of run %s is damaged (%s): going back to the one before",
            manifest.run_id,
            damage[0],
            extra=fields(run=manifest.run_id),
        )
        damaged.append(files)
    if damaged:
        raise LakeError(
            f"no commit of {lake.location} has a state that can be read: run `tocsin check`, or restore {lake.storage.locate('state')}"
        )
    return NOTHING


def write_state(
    lake: Lake,
    folder: str,
    run_id: str,
    *,
    before: State,
    staged: Sequence[StagedFile],
    now: datetime,
    kept_pending: Sequence[Entry] = (),
) -> tuple[LakeFile, ...]:
    """Write the state after a run into a folder of the staging; give its files as the commit publishes them.

    `kept_pending` are entries carried over that the run did not take in; a bounded run takes in all.
    """
    polled = _staged_table(lake, FeedState, staged)
    feeds = {**before.feeds, **{state.feed_url: state for state in rows_of(FeedState, polled)}}
    pending = pa.concat_tables([_staged_table(lake, Entry, staged), table_of(Entry, kept_pending)])
    delta = _staged_table(lake, KnownKey, staged)
    # An entry that has left its feed while it is carried over has had no outcome yet.
    delta = delta.filter(pc.invert(pc.is_in(delta["key"], value_set=pending["key"].combine_chunks())))
    if before.rebuilt_keys:
        rebuilt = table_of(KnownKey, [KnownKey(key, now) for key in before.rebuilt_keys])
        delta = pa.concat_tables([delta, rebuilt])
    kept = tuple(file for file in before.known_files if file.table == KnownKey.TABLE)
    forgotten = tuple(file for file in before.known_files if file.table == Forgotten.TABLE)
    if len(kept) >= DELTAS_BEFORE_COMPACTION:
        older = [lake.read_table(file, schema=arrow_schema(KnownKey)) for file in kept]
        delta, kept = compact_known(pa.concat_tables([*older, delta]), feeds, now), ()
    written = [
        write_state_file(lake, folder, run_id, FeedState, table_of(FeedState, feeds.values())),
        write_state_file(lake, folder, run_id, Entry, pending),
    ]
    if delta.num_rows:
        written.append(write_state_file(lake, folder, run_id, KnownKey, delta))
    return (*written, *kept, *forgotten)


def compact_known(known: pa.Table, feeds: dict[str, FeedState], now: datetime) -> pa.Table:
    """One row a key, sorted, with the latest time it was listed; without keys whose days are over."""
    latest = known.group_by("key").aggregate([("listed_at", "max")]).rename_columns(["key", "listed_at"])
    listed = [key for state in feeds.values() for key in state.entry_keys]
    still_listed = pc.is_in(latest["key"], value_set=pa.array(listed, type=pa.binary(16)))
    fresh = pc.greater_equal(latest["listed_at"], pa.scalar(now - timedelta(days=DAYS_KNOWN)))
    kept = latest.filter(pc.or_(still_listed, fresh)).sort_by("key")
    return kept.cast(arrow_schema(KnownKey))


def _refuse_newer(manifest: Manifest) -> None:
    for table, version in STATE_VERSIONS.items():
        found = manifest.schema_versions.get(table, version)
        if found > version:
            raise LakeError(
                f"run {manifest.run_id} wrote state {table} version {found}, this tocsin knows {version}: update it"
            )


def _mended(lake: Lake, older: State, damaged: Sequence[tuple[LakeFile, ...]]) -> State:
    """An older state, with what can still be read of the damaged ones after it (newest first)."""
    whole = [file for files in damaged for file in files if damage_of(lake, file) is None]
    known = dict.fromkeys(
        file for file in (*older.known_files, *whole) if file.table in (KnownKey.TABLE, Forgotten.TABLE)
    )
    newest_pending = [file for file in damaged[0] if file.table == Entry.TABLE and file in whole]
    pending = _rows(lake, newest_pending, Entry) if newest_pending else older.pending
    rebuilt = tuple(_article_keys(lake))
    ended = known_among(
        (entry.key for entry in pending),
        [lake.storage.locate(file.path) for file in known if file.table == KnownKey.TABLE],
        rebuilt,
    )
    return State(
        older.feeds, tuple(entry for entry in pending if entry.key not in ended), tuple(known), rebuilt
    )


def read_state(lake: Lake, files: Sequence[LakeFile]) -> State:
    """The state that these files hold."""
    known = tuple(file for file in files if file.table in (KnownKey.TABLE, Forgotten.TABLE))
    feeds = {state.feed_url: state for state in _rows(lake, files, FeedState)}
    return State(feeds, tuple(_rows(lake, files, Entry)), known)


def _rows(lake: Lake, files: Sequence[LakeFile], record: type[Row]) -> list[Row]:
    return [
        row
        for file in files
        if file.table == vars(record)["TABLE"]
        for row in rows_of(record, lake.read_table(file))
    ]


def _article_keys(lake: Lake) -> Iterator[bytes]:
    """The keys of every committed article."""
    for manifest in lake.manifests():
        for file in manifest.files:
            if file.table == Article.TABLE and lake.storage.size(file.path) is not None:
                column = lake.read_table(file, columns=["article_id"])["article_id"]
                yield from (bytes.fromhex(value) for value in column.to_pylist())


def _staged_table(lake: Lake, record: type[Any], staged: Sequence[StagedFile]) -> pa.Table:
    schema = arrow_schema(record)
    tables = [
        read_table(lake.storage.locate(file.path), schema=schema)
        for file in staged
        if file.table == record.TABLE
    ]
    return pa.concat_tables([schema.empty_table(), *tables], promote_options="default").cast(schema)


def write_state_file(lake: Lake, folder: str, run_id: str, record: type[Any], table: pa.Table) -> LakeFile:
    """Write one table of the state into `folder`, which the commit publishes as `state/<run>`."""
    name = f"{record.TABLE}.parquet"
    with NewFile(lake.storage.locate(f"{folder}/{name}")) as file:
        pq.write_table(table, file, compression="zstd", row_group_size=ROWS_A_GROUP)
    return LakeFile(
        table=record.TABLE,
        path=f"state/{run_id}/{name}",
        rows=table.num_rows,
        bytes=file.bytes,
        sha256=file.sha256,
    )
