"""Select new: of all entries listed and carried in, the one of each key that has not had its outcome.

Known keys are asked of the committed snapshot in batches: the listed keys of a batch become the value set, and
the snapshot is scanned once past it, but for row groups that by their bounds hold none of them. A CoGroupByKey
of a million keys cost eighteen times the time and five times the memory. What was forgotten counts as known.
"""

import dataclasses
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from apache_beam.transforms.window import GlobalWindows

from schemas.dead_letters import Stage
from schemas.entries import Entry
from schemas.outcomes import Carried, Ended
from schemas.report import Report
from transforms.entry_failures import dead_letter
from transforms.files import parquet_file
from transforms.forgotten import is_forgotten_file, read_forgotten
from transforms.metrics import reported
from transforms.packing import pack, unpack
from transforms.run_context import RunContext, utc_now

BATCH = 20_000
"""Listed entries that are looked up in one scan of the snapshot."""

REPORTS = "reports"


@dataclasses.dataclass(eq=False)
class SelectNew(beam.PTransform[Any, Any]):
    """(listed, carried in) -> `chosen` (Entry, Carried or Ended, one a key) and `reports`.

    Args:
        context: the run.
        known_files: locations of the snapshot's Parquet files of known keys, and of what was forgotten.
        rebuilt_keys: further known keys, where the snapshot had to be mended.
    """

    context: RunContext
    known_files: tuple[str, ...]
    rebuilt_keys: tuple[bytes, ...] = ()
    clock: Callable[[], datetime] = utc_now

    def expand(self, inputs: Any) -> Any:
        """Entries -> (chosen, reports)."""
        listed, carried = inputs
        looked_up = (
            listed
            | "Key listed by entry" >> beam.Map(_keyed)
            | "Look up known keys"
            >> beam.ParDo(_LookUpKnown(self.known_files, self.rebuilt_keys)).with_outputs(
                REPORTS, main="unknown"
            )
        )
        chosen = (
            (looked_up.unknown, carried | "Key carried by entry" >> beam.Map(_keyed))
            | "Join listed and carried" >> beam.Flatten()
            | "Gather entries of a key" >> beam.GroupByKey()
            | "Choose one of a key"
            >> beam.ParDo(_ChooseOne(self.context, self.clock)).with_outputs(REPORTS, main="chosen")
        )
        reports = (looked_up[REPORTS], chosen[REPORTS]) | "Reports of selection" >> beam.Flatten()
        return chosen.chosen, reports


def known_among(
    keys: Iterable[bytes], known_files: Iterable[str], further: Iterable[bytes] = ()
) -> set[bytes]:
    """Which of the keys the snapshot knows; reads the files' key column in batches."""
    asked = set(keys)
    found = asked.intersection(further)
    ordered = sorted(asked)
    values = pa.array(ordered, type=pa.binary(16))
    for path in known_files:
        with parquet_file(path) as file:
            groups = [group for group in range(file.num_row_groups) if _may_hold(file, group, ordered)]
            for batch in file.iter_batches(row_groups=groups, columns=["key"]):
                column = batch.column(0)
                found.update(column.filter(pc.is_in(column, value_set=values)).to_pylist())
    return found


def _may_hold(file: pq.ParquetFile, group: int, ordered: list[bytes]) -> bool:
    """Whether one of the keys, which are in order, lies between the bounds of a row group."""
    statistics = file.metadata.row_group(group).column(0).statistics
    if statistics is None or not statistics.has_min_max:
        return True
    return bisect_left(ordered, statistics.min) < bisect_right(ordered, statistics.max)


def choose(entries: Iterable[Entry]) -> tuple[Entry, int]:
    """The winner of one key, and how many duplicates it leaves.

    An entry carried in comes before a listed one, since it knows its attempts; then the place in the feed list
    and in the feed decide. What is listed again brings nothing new to an entry that is carried whole.
    """
    ranked = sorted(entries, key=lambda entry: (not _was_carried(entry), entry.feed_index, entry.position))
    return ranked[0], len(ranked) - 1


def known_or_forgotten(
    keyed: Sequence[tuple[bytes, bytes]], files: Sequence[str], further: Iterable[bytes] = ()
) -> set[bytes]:
    """Which of the keys, each with its packed entry, are known, or belong to what was forgotten.

    `files` are those of a snapshot, of known keys and of what was forgotten; `further` are known keys beside them.
    """
    forgotten_files = [path for path in files if is_forgotten_file(path)]
    known = known_among(
        (key for key, _ in keyed), (path for path in files if not is_forgotten_file(path)), further
    )
    if forgotten_files:
        forgotten = read_forgotten(forgotten_files)
        known |= {key for key, packed in keyed if key not in known and forgotten.holds(unpack(packed))}
    return known


def fate_of(entry: Entry, context: RunContext, now: datetime) -> Entry | Carried | Ended:
    """What becomes of a chosen entry: it is fetched, waits for its next attempt, or ends as it has no usable link."""
    if entry.problem is not None:
        letter = dead_letter(
            entry,
            context,
            now,
            stage=Stage.PARSE_ENTRIES,
            reason=entry.problem,
            detail=entry.detail or "the entry has no link that can be fetched",
        )
        return Ended(entry, letter)
    if entry.retry_at is not None and entry.retry_at > now:
        return Carried(entry)
    return dataclasses.replace(entry, first_listed_at=entry.first_listed_at or now)


class _LookUpKnown(beam.DoFn):
    def __init__(self, known_files: tuple[str, ...], rebuilt_keys: tuple[bytes, ...]) -> None:
        self._known_files = known_files
        self._rebuilt_keys = rebuilt_keys
        self._batch: list[tuple[bytes, bytes]] = []

    def start_bundle(self) -> None:
        self._batch = []

    def process(self, keyed: tuple[bytes, bytes]) -> Iterator[Any]:
        self._batch.append(keyed)
        if len(self._batch) >= BATCH:
            yield from self._looked_up()

    def finish_bundle(self) -> Iterator[Any]:
        for output in self._looked_up():
            if isinstance(output, beam.pvalue.TaggedOutput):
                value = GlobalWindows.windowed_value_at_end_of_window(output.value)
                yield beam.pvalue.TaggedOutput(output.tag, value)
            else:
                yield GlobalWindows.windowed_value_at_end_of_window(output)

    def _looked_up(self) -> Iterator[Any]:
        batch, self._batch = self._batch, []
        if not batch:
            return
        known = known_or_forgotten(batch, self._known_files, self._rebuilt_keys)
        seen = sum(key in known for key, _ in batch)
        counts: dict[str, float] = {"balance.listed": len(batch), "balance.known": seen}
        reported(counts)
        yield beam.pvalue.TaggedOutput(REPORTS, Report(counts))
        yield from (keyed for keyed in batch if keyed[0] not in known)


class _ChooseOne(beam.DoFn):
    def __init__(self, context: RunContext, clock: Callable[[], datetime]) -> None:
        self._context = context
        self._clock = clock

    def process(self, keyed: tuple[bytes, Iterable[bytes]]) -> Iterator[Any]:
        entries = [unpack(packed) for packed in keyed[1]]
        winner, duplicates = choose(entries)
        carried_in = sum(_was_carried(entry) for entry in entries)
        counts: dict[str, float] = {"balance.duplicates": duplicates, "balance.carried_in": carried_in}
        reported(counts)
        yield beam.pvalue.TaggedOutput(REPORTS, Report(counts))
        yield fate_of(winner, self._context, self._clock())


def _keyed(entry: Entry) -> tuple[bytes, bytes]:
    return entry.key, pack(entry)


def _was_carried(entry: Entry) -> bool:
    return entry.first_listed_at is not None
