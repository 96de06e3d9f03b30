"""What one run leaves for the next: feeds, known keys and the entries carried over, as Parquet in the commit.

Known keys are kept as deltas: each run adds the keys of its outcomes and of the entries that have just left
their feed, and many deltas are now and then compacted into one sorted file. A key stays known while the last
body of a feed lists it, and `DAYS_KNOWN` after. A 304 or a failed poll leaves the last body's keys as they are.
"""

import hashlib
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.lake import Lake, LakeError
from schemas.columns import arrow_schema, rows_of, table_of
from schemas.entries import Entry
from schemas.feeds import FeedState, KnownKey
from schemas.manifest import LakeFile, Manifest
from schemas.report import StagedFile

DAYS_KNOWN = 90
"""Days that a key stays known after the last feed has stopped listing it."""

DELTAS_BEFORE_COMPACTION = 24
"""Files of known keys that a commit may refer to before they are made into one."""

STATE_VERSIONS = {record.TABLE: record.VERSION for record in (FeedState, KnownKey, Entry)}

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class State:
    """What the newest usable commit remembers. `known_files` are read by select new, never held in memory."""

    feeds: dict[str, FeedState]
    pending: tuple[Entry, ...]
    known_files: tuple[LakeFile, ...]
    rebuilt_keys: tuple[bytes, ...] = ()


NOTHING = State({}, (), ())


def load_state(lake: Lake) -> State:
    """The newest commit's state; where its files are damaged, an older one's, said loudly.

    Articles and dead letters that were committed after the state that is used are known all the same: their
    keys are read back from the lake, so that a damaged state never makes a double.

    Raises:
        LakeError: no state can be read at all, or it was written by newer code.
    """
    newer: list[Manifest] = []
    for manifest in lake.manifests():
        _refuse_newer(manifest)
        damage = _damage(lake, manifest)
        if damage is None:
            state = _read(lake, manifest)
            rebuilt = tuple(key for later in newer for key in _article_keys(lake, later))
            pending = tuple(entry for entry in state.pending if entry.key not in set(rebuilt))
            return State(state.feeds, pending, state.known_files, rebuilt)
        _LOG.error(
            "the state of run %s is damaged (%s): going back to the commit before", manifest.run_id, damage
        )
        newer.append(manifest)
    if newer:
        raise LakeError(
            f"no commit of {lake.root} has a state that can be read: run `tocsin check`, or restore {lake.state}"
        )
    return NOTHING


def write_state(
    lake: Lake,
    folder: Path,
    run_id: str,
    *,
    before: State,
    staged: Sequence[StagedFile],
    now: datetime,
) -> tuple[LakeFile, ...]:
    """Write the state after a run into `folder`; give its files under the names that the commit publishes."""
    polled = _staged_table(lake, FeedState, staged)
    feeds = {**before.feeds, **{state.feed_url: state for state in rows_of(FeedState, polled)}}
    pending = _staged_table(lake, Entry, staged)
    delta = _staged_table(lake, KnownKey, staged)
    if before.rebuilt_keys:
        rebuilt = table_of(KnownKey, [KnownKey(key, now) for key in before.rebuilt_keys])
        delta = pa.concat_tables([delta, rebuilt])
    kept = before.known_files
    if len(kept) >= DELTAS_BEFORE_COMPACTION:
        older = [pq.read_table(lake.root / file.path, schema=arrow_schema(KnownKey)) for file in kept]
        delta, kept = compact_known(pa.concat_tables([*older, delta]), feeds, now), ()
    written = [
        _write(folder, run_id, FeedState, table_of(FeedState, feeds.values())),
        _write(folder, run_id, Entry, pending),
    ]
    if delta.num_rows:
        written.append(_write(folder, run_id, KnownKey, delta))
    return (*written, *kept)


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


def _damage(lake: Lake, manifest: Manifest) -> str | None:
    for file in manifest.state:
        try:
            with (lake.root / file.path).open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
        except OSError as error:
            return f"{file.path}: {error.strerror}"
        if digest != file.sha256:
            return f"{file.path}: its sha256 is not the manifest's"
    return None


def _read(lake: Lake, manifest: Manifest) -> State:
    def rows(record: type[Any]) -> list[Any]:
        return [
            row
            for file in manifest.state
            if file.table == record.TABLE
            for row in rows_of(record, pq.read_table(lake.root / file.path))
        ]

    known = tuple(file for file in manifest.state if file.table == KnownKey.TABLE)
    return State({state.feed_url: state for state in rows(FeedState)}, tuple(rows(Entry)), known)


def _article_keys(lake: Lake, manifest: Manifest) -> list[bytes]:
    keys = []
    for file in manifest.files:
        if file.table == "articles":
            column = pq.read_table(lake.root / file.path, columns=["article_id"])["article_id"]
            keys += [bytes.fromhex(value) for value in column.to_pylist()]
    return keys


def _staged_table(lake: Lake, record: type[object], staged: Sequence[StagedFile]) -> pa.Table:
    schema = arrow_schema(record)
    tables = [
        pq.read_table(lake.root / file.path, schema=schema) for file in staged if file.table == record.TABLE
    ]
    return pa.concat_tables([schema.empty_table(), *tables], promote_options="default").cast(schema)


def _write(folder: Path, run_id: str, record: type[object], table: pa.Table) -> LakeFile:
    path = folder / f"{record.TABLE}.parquet"
    pq.write_table(table, path, compression="zstd")
    with path.open("rb") as file:
        os.fsync(file.fileno())
        data = file.read()
    return LakeFile(
        table=record.TABLE,
        path=f"state/{run_id}/{path.name}",
        rows=table.num_rows,
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )
