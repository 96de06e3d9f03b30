"""What the driver tells the workers of a stream while it runs: the committed snapshot, and the feed list.

Both are files in the stream's staging that are replaced whole. A worker that finds none, or one that the driver has
not touched for a while, knows that nobody commits any more, and takes nothing in.
"""

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import pyarrow.parquet as pq

from pipeline.state import State
from schemas.columns import rows_of, table_of
from schemas.entries import Entry
from schemas.feeds import FeedSource, FeedState, KnownKey
from schemas.forgotten import Forgotten
from schemas.manifest import Manifest
from transforms.forgotten import is_forgotten_file, read_forgotten
from transforms.packing import unpack
from transforms.select_new import known_among

SNAPSHOT = "snapshot.json"
FEED_LIST = "feed_list.json"
DRIVER = "driver"

Result = TypeVar("Result")

ALIVE_FOR = 120.0
"""Seconds that a driver may be silent before its workers take nothing more in."""

_TRIES = 5


class SnapshotGoneError(Exception):
    """There is no snapshot, or its files are gone: whoever committed has ended."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What has been committed through a window; -1 is what was there when the stream began.

    Paths are absolute. `known` are files of known keys and of what was forgotten.
    """

    through: int
    feeds: tuple[str, ...]
    pending: tuple[str, ...]
    known: tuple[str, ...]

    def feed_states(self) -> dict[str, FeedState]:
        """What is remembered of each feed."""
        return {row.feed_url: row for row in _rows(FeedState, self.feeds)}

    def pending_entries(self) -> tuple[Entry, ...]:
        """The entries carried over."""
        return tuple(_rows(Entry, self.pending))

    def known_keys(self, keyed: Sequence[tuple[bytes, bytes]]) -> set[bytes]:
        """Which of the keys, each with its packed entry, are known, or belong to what was forgotten."""
        files = [path for path in self.known if not is_forgotten_file(path)]
        known = known_among((key for key, _ in keyed), files)
        forgotten_files = [path for path in self.known if is_forgotten_file(path)]
        if forgotten_files:
            forgotten = read_forgotten(forgotten_files)
            known |= {key for key, packed in keyed if key not in known and forgotten.holds(unpack(packed))}
        return known


def snapshot_of_state(staging: Path, root: Path, state: State) -> Snapshot:
    """The snapshot with which a stream begins; what a mended state holds beside its files is written to `staging`."""
    folder = staging / "begin"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    tables: tuple[tuple[str, type[Any], Iterable[Any]], ...] = (
        ("feeds", FeedState, state.feeds.values()),
        ("pending", Entry, state.pending),
        ("rebuilt", KnownKey, (KnownKey(key, datetime.now(UTC)) for key in state.rebuilt_keys)),
    )
    for name, record, rows in tables:
        pq.write_table(table_of(record, rows), folder / f"{name}.parquet")
    known = [str(root / file.path) for file in state.known_files]
    return Snapshot(
        -1,
        (str(folder / "feeds.parquet"),),
        (str(folder / "pending.parquet"),),
        (*known, str(folder / "rebuilt.parquet")),
    )


def snapshot_of_manifest(root: Path, manifest: Manifest, through: int) -> Snapshot:
    """The snapshot after the commit of window `through`."""

    def paths(*tables: str) -> tuple[str, ...]:
        return tuple(str(root / file.path) for file in manifest.state if file.table in tables)

    return Snapshot(
        through, paths(FeedState.TABLE), paths(Entry.TABLE), paths(KnownKey.TABLE, Forgotten.TABLE)
    )


def tell_snapshot(staging: Path, snapshot: Snapshot) -> None:
    """Tell the workers what is committed."""
    _replace(staging / SNAPSHOT, dataclasses.asdict(snapshot))


def told_snapshot(staging: Path) -> Snapshot:
    """The newest snapshot, as a worker learns of it.

    Raises:
        SnapshotGoneError: there is none.
    """
    path = staging / SNAPSHOT
    try:
        stat = path.stat()
        return _snapshot(path, stat.st_ino, stat.st_mtime_ns)
    except (OSError, ValueError) as error:
        raise SnapshotGoneError(f"{staging} holds no snapshot") from error


def committed_through(staging: Path) -> int:
    """The last window that was committed, -1 before the first, and where nobody commits any more."""
    try:
        return told_snapshot(staging).through
    except SnapshotGoneError:
        return -1


def from_snapshot(staging: Path, read: Callable[[Snapshot], Result]) -> tuple[Snapshot, Result]:
    """What `read` gives of the newest snapshot, and the snapshot.

    A commit may clear the files of an older one while they are read: then the newer one is read.

    Raises:
        SnapshotGoneError: there is none, or its files are gone.
    """
    for _ in range(_TRIES):
        snapshot = told_snapshot(staging)
        try:
            return snapshot, read(snapshot)
        except FileNotFoundError as error:
            gone = error
    raise SnapshotGoneError(f"files of the snapshot are gone: {gone}")


def tell_feed_list(staging: Path, sources: Sequence[FeedSource]) -> None:
    """Tell the workers which feeds to poll."""
    _replace(staging / FEED_LIST, [dataclasses.asdict(source) for source in sources])


def told_feed_list(staging: Path) -> tuple[FeedSource, ...]:
    """The feeds to poll.

    Raises:
        SnapshotGoneError: nobody tells.
    """
    try:
        values = json.loads((staging / FEED_LIST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SnapshotGoneError(f"{staging} holds no feed list") from error
    return tuple(FeedSource(**value) for value in values)


def tell_alive(staging: Path) -> None:
    """Have the workers know that what they do will be committed."""
    (staging / DRIVER).touch()


def require_driver(staging: Path, now: float) -> None:
    """See that the driver has told lately that it is alive; `now` counts seconds since 1970.

    Raises:
        SnapshotGoneError: it has not: nothing that begins now would be committed.
    """
    try:
        silent_for = now - (staging / DRIVER).stat().st_mtime
    except OSError as error:
        raise SnapshotGoneError(f"{staging} belongs to no driver") from error
    if silent_for > ALIVE_FOR:
        raise SnapshotGoneError(f"the driver of {staging} has been silent for {silent_for:.0f} seconds")


def _rows(record: type[Any], paths: Iterable[str]) -> Iterator[Any]:
    for path in paths:
        yield from rows_of(record, pq.read_table(path))


@lru_cache(maxsize=4)
def _snapshot(path: Path, inode: int, changed: int) -> Snapshot:  # noqa: ARG001 -- they tell one file from the next
    values = json.loads(path.read_text(encoding="utf-8"))
    return Snapshot(
        values["through"], tuple(values["feeds"]), tuple(values["pending"]), tuple(values["known"])
    )


def _replace(path: Path, values: object) -> None:
    copy = path.with_name(f".{path.name}.tmp")
    copy.write_text(json.dumps(values), encoding="utf-8")
    copy.rename(path)
