"""What the driver tells the workers of a stream while it runs: the committed snapshot, and the feed list.

Both are files in the stream's staging that are replaced whole. A worker that finds none, or one that the driver has
not touched for a while, knows that nobody commits any more, and takes nothing in.
"""

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import pyarrow.parquet as pq

from pipeline.lake import Lake
from pipeline.state import State
from schemas.columns import rows_of, table_of
from schemas.entries import Entry
from schemas.feeds import FeedSource, FeedState, KnownKey
from schemas.forgotten import Forgotten
from schemas.manifest import Manifest
from transforms.files import NewFile, open_file, read_table, under, write_whole
from transforms.select_new import known_or_forgotten

SNAPSHOT = "snapshot.json"
FEED_LIST = "feed_list.json"
DRIVER = "driver.json"

Result = TypeVar("Result")

ALIVE_FOR = 120.0
"""Seconds that a driver may be silent before its workers take nothing more in."""

_TRIES = 5


class SnapshotGoneError(Exception):
    """There is no snapshot, or its files are gone: whoever committed has ended."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What has been committed through a window; -1 is what was there when the stream began.

    `known` are files of known keys and of what was forgotten.
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

    def pending_keys(self) -> set[bytes]:
        """The keys of the entries carried over."""
        return {key for path in self.pending for key in read_table(path, columns=["key"])["key"].to_pylist()}

    def known_keys(self, keyed: Sequence[tuple[bytes, bytes]]) -> set[bytes]:
        """Which of the keys, each with its packed entry, are known, or belong to what was forgotten."""
        return known_or_forgotten(keyed, self.known)


def snapshot_of_state(staging: str, lake: Lake, state: State) -> Snapshot:
    """The snapshot with which a stream begins; what a mended state holds beside its files is written to `staging`."""
    begin = {}
    tables: tuple[tuple[str, type[Any], Iterable[Any]], ...] = (
        ("feeds", FeedState, state.feeds.values()),
        ("pending", Entry, state.pending),
        ("rebuilt", KnownKey, (KnownKey(key, datetime.now(UTC)) for key in state.rebuilt_keys)),
    )
    for name, record, rows in tables:
        begin[name] = under(staging, "begin", f"{name}.parquet")
        with NewFile(begin[name]) as file:
            pq.write_table(table_of(record, rows), file)
    known = [lake.storage.locate(file.path) for file in state.known_files]
    return Snapshot(-1, (begin["feeds"],), (begin["pending"],), (*known, begin["rebuilt"]))


def snapshot_of_manifest(lake: Lake, manifest: Manifest, through: int) -> Snapshot:
    """The snapshot after the commit of window `through`."""

    def paths(*tables: str) -> tuple[str, ...]:
        return tuple(lake.storage.locate(file.path) for file in manifest.state if file.table in tables)

    return Snapshot(
        through, paths(FeedState.TABLE), paths(Entry.TABLE), paths(KnownKey.TABLE, Forgotten.TABLE)
    )


def tell_snapshot(staging: str, snapshot: Snapshot) -> None:
    """Tell the workers what is committed."""
    _tell(staging, SNAPSHOT, dataclasses.asdict(snapshot))


def told_snapshot(staging: str) -> Snapshot:
    """The newest snapshot, as a worker learns of it.

    Raises:
        SnapshotGoneError: there is none.
    """
    values = _told(staging, SNAPSHOT)
    return Snapshot(
        values["through"], tuple(values["feeds"]), tuple(values["pending"]), tuple(values["known"])
    )


def committed_through(staging: str) -> int:
    """The last window that was committed, -1 before the first, and where nobody commits any more."""
    try:
        return told_snapshot(staging).through
    except SnapshotGoneError:
        return -1


def from_snapshot(staging: str, read: Callable[[Snapshot], Result]) -> tuple[Snapshot, Result]:
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


def tell_feed_list(staging: str, sources: Sequence[FeedSource]) -> None:
    """Tell the workers which feeds to poll."""
    _tell(staging, FEED_LIST, [dataclasses.asdict(source) for source in sources])


def told_feed_list(staging: str) -> tuple[FeedSource, ...]:
    """The feeds to poll.

    Raises:
        SnapshotGoneError: nobody tells.
    """
    return tuple(FeedSource(**value) for value in _told(staging, FEED_LIST))


def tell_alive(staging: str, now: float) -> None:
    """Have the workers know that what they do will be committed; `now` counts seconds since 1970."""
    _tell(staging, DRIVER, now)


def require_driver(staging: str, now: float) -> None:
    """See that the driver has told lately that it is alive; `now` counts seconds since 1970.

    Raises:
        SnapshotGoneError: it has not: nothing that begins now would be committed.
    """
    silent_for = now - _told(staging, DRIVER)
    if silent_for > ALIVE_FOR:
        raise SnapshotGoneError(f"the driver of {staging} has been silent for {silent_for:.0f} seconds")


def _rows(record: type[Any], paths: Iterable[str]) -> Iterator[Any]:
    for path in paths:
        yield from rows_of(record, read_table(path))


def _tell(staging: str, name: str, values: object) -> None:
    write_whole(under(staging, name), json.dumps(values).encode())


def _told(staging: str, name: str) -> Any:
    try:
        with open_file(under(staging, name)) as file:
            return json.loads(file.read())
    except (OSError, ValueError) as error:
        raise SnapshotGoneError(f"{staging} holds no {name}: nobody commits") from error
