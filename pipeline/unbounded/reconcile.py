"""Reconcile: what a window's stages wrote, against what has been committed since they began.

A window that is carried out again after a failure brings entries that its first commit has; so may one whose feeds
were polled again before. What is known by now is left out and counted as known; the rest is written as one file a
table, under the run id of its commit. So each entry becomes one record, whatever the engine repeats.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.lake import Lake
from pipeline.state import State
from schemas.articles import Article
from schemas.columns import arrow_schema, table_of
from schemas.dead_letters import DeadLetter
from schemas.entries import Entry
from schemas.feed_fetches import FeedFetch
from schemas.feeds import FeedState, KnownKey
from schemas.report import Report, StagedFile, sum_reports
from transforms.files import NewFile, read_table
from transforms.select_new import known_among

RECORDS: dict[str, type[Any]] = {
    record.TABLE: record for record in (Article, DeadLetter, FeedFetch, FeedState, KnownKey, Entry)
}
OUTCOMES = ("articles", "dead_letters", "carried_out")

Tables = dict[str, pa.Table]


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a window adds: its report, with merged files, and the entries carried over that it leaves as they are."""

    report: Report
    kept_pending: tuple[Entry, ...]


def reconcile(
    lake: Lake,
    reports: Sequence[Report],
    committed: frozenset[str],
    state: State,
    letters: Sequence[DeadLetter],
    *,
    run_id: str,
    folder: str,
) -> Reconciled:
    """What the reports of a complete window add to a lake in this state.

    Args:
        lake: where their files are staged.
        reports: all of a complete window.
        committed: paths of staged files that an earlier commit holds.
        state: of the newest commit.
        letters: further dead letters of the window.
        run_id: of its commit.
        folder: key of the folder for the merged files.
    """
    fresh = [report for report in reports if not committed.intersection(file.path for file in report.files)]
    repeated = [report for report in reports if report not in fresh]
    parts = [_tables(lake, report) for report in fresh if report.files]
    known = known_among(
        (key for part in parts for key in _keys_of_entries(part)),
        [lake.storage.locate(file.path) for file in state.known_files if file.table == KnownKey.TABLE],
        state.rebuilt_keys,
    )
    merged: defaultdict[str, list[pa.Table]] = defaultdict(list)
    outcomes: set[bytes] = set()
    left_out: Counter[str] = Counter()
    for part in parts:
        added, dropped = without_known(part, known | outcomes)
        outcomes.update(_keys_of_entries(added))
        left_out.update(dropped)
        for table, rows in added.items():
            merged[table].append(rows)
    merged[FeedState.TABLE] = [newer_polls(table, state) for table in merged[FeedState.TABLE]]
    if letters:
        merged[DeadLetter.TABLE].append(table_of(DeadLetter, letters))
    counts = adjusted(fresh, repeated, left_out)
    for letter in letters:
        counts[f"dead_feeds.{letter.reason}"] = counts.get(f"dead_feeds.{letter.reason}", 0) + 1
    kept = tuple(entry for entry in state.pending if entry.key not in outcomes)
    # As in a bounded run: what rests comes in with the state and goes out with it.
    for name in ("balance.carried_in", "balance.carried_out"):
        counts[name] = counts.get(name, 0) + len(kept)
    return Reconciled(Report(counts, tuple(_written(lake, merged, run_id, folder))), kept)


def adjusted(fresh: Iterable[Report], repeated: Iterable[Report], left_out: Counter[str]) -> dict[str, float]:
    """The counts of what a window adds: what is known by now is known, whatever became of it. Pure."""
    counts: defaultdict[str, float] = defaultdict(float, sum_reports(fresh).counts)
    for report in repeated:
        for name, number in report.group("balance").items():
            counts["balance.known" if name in OUTCOMES else f"balance.{name}"] += number
    for name, left in left_out.items():
        counts[f"balance.{name}"] -= left
        counts["balance.known"] += left
    return dict(counts)


def without_known(part: Tables, known: set[bytes]) -> tuple[Tables, Counter[str]]:
    """The tables of one report without rows of known entries, and how many outcomes were left out. Pure.

    A report of polls has no outcome of an entry, and stays whole.
    """
    if FeedFetch.TABLE in part or not known.intersection(_keys_of_entries(part)):
        return part, Counter()
    articles, letters = part.get(Article.TABLE), part.get(DeadLetter.TABLE)
    kept, left_out = dict(part), Counter[str]()
    if articles is not None:
        mask = [bytes.fromhex(value) not in known for value in articles["article_id"].to_pylist()]
        kept[Article.TABLE] = articles.filter(pa.array(mask))
        left_out["articles"] = mask.count(False)
    dead = _keys_of_letters(part)
    if letters is not None and len(dead) == letters.num_rows:
        mask = [key not in known for key in dead]
        kept[DeadLetter.TABLE] = letters.filter(pa.array(mask))
        left_out["dead_letters"] = mask.count(False)
    if Entry.TABLE in part:
        mask = [key not in known for key in part[Entry.TABLE]["key"].to_pylist()]
        kept[Entry.TABLE] = part[Entry.TABLE].filter(pa.array(mask))
        left_out["carried_out"] = mask.count(False)
    return kept, left_out


def newer_polls(table: pa.Table, state: State) -> pa.Table:
    """The feeds' states that are newer than those committed. Pure."""
    mask = [
        feed not in state.feeds
        or (last := state.feeds[feed].last_polled_at) is None
        or (polled is not None and polled >= last)
        for feed, polled in zip(
            table["feed_url"].to_pylist(), table["last_polled_at"].to_pylist(), strict=True
        )
    ]
    return table.filter(pa.array(mask, type=pa.bool_()))


def _keys_of_entries(part: Tables) -> list[bytes]:
    """The keys of the entries whose outcomes these tables hold."""
    if FeedFetch.TABLE in part:
        return []
    return [
        key
        for table in (KnownKey, Entry)
        if table.TABLE in part
        for key in part[table.TABLE]["key"].to_pylist()
    ]


def _keys_of_letters(part: Tables) -> list[bytes]:
    """The keys of the dead letters, in their order: an outcome's row and its known key are written one after another."""
    if KnownKey.TABLE not in part:
        return []
    articles = part.get(Article.TABLE)
    ended_well = set() if articles is None else {bytes.fromhex(v) for v in articles["article_id"].to_pylist()}
    return [key for key in part[KnownKey.TABLE]["key"].to_pylist() if key not in ended_well]


def _tables(lake: Lake, report: Report) -> Tables:
    return {
        file.table: read_table(lake.storage.locate(file.path), schema=arrow_schema(RECORDS[file.table]))
        for file in report.files
    }


def _written(lake: Lake, merged: dict[str, list[pa.Table]], run_id: str, folder: str) -> Iterator[StagedFile]:
    for name, tables in merged.items():
        schema = arrow_schema(RECORDS[name])
        table = pa.concat_tables(tables).cast(schema) if tables else schema.empty_table()
        if not table.num_rows:
            continue
        if "run_id" in schema.names:
            place = schema.get_field_index("run_id")
            ids = pa.array([run_id] * table.num_rows, type=pa.string()).cast(schema.field(place).type)
            table = table.set_column(place, schema.field(place), ids)
        key = f"{folder}/{name}.parquet"
        with NewFile(lake.storage.locate(key)) as file:
            pq.write_table(table, file, compression="zstd")
        yield StagedFile(name, key, table.num_rows, file.bytes, file.sha256)
