"""Compact a lake: the small files of each closed date into one a table, and their runs' manifests into one.

A date is closed once it is over in UTC; each compaction makes one manifest of the runs since the last. A glob reader may once find that a file it has just listed is gone; it
never reads a row twice or misses one (see `commit`). With `expire_after`, texts of articles that were fetched
longer ago are emptied; titles, topics, evidence and hashes stay.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.commit import nowhere
from pipeline.lake import Lake
from pipeline.read_lake import committed_runs
from pipeline.rewrite import Rewriting, date_folders, date_of, folder_of, rewrite, rewriting_of, states_of
from pipeline.storage.storage import At
from schemas.articles import Article
from schemas.entries import Entry
from schemas.manifest import LakeFile
from transforms.run_context import utc_now


@dataclass(frozen=True, slots=True)
class Compaction:
    """What a compaction did: counts of manifests and files before and after; `expired` texts were emptied."""

    runs: int
    files_before: int
    files_after: int
    expired: int


def compact(
    lake: Lake,
    *,
    expire_after: timedelta | None = None,
    clock: Callable[[], datetime] = utc_now,
    at: At = nowhere,
) -> Compaction:
    """Merge what closed dates hold, and empty old texts.

    Raises:
        LockHeldError: a run holds the output.
        LakeError: there is no lake, or it is damaged; nothing is changed.
        CommitError: the disk refused; nothing is changed.
        PublishInterruptedError: it was stopped while it published; the next command finishes it.
    """
    with rewriting_of(lake, clock) as (lock, run_id, started_at):
        today = f"{started_at.astimezone(UTC):%Y-%m-%d}"
        before = committed_runs(lake)
        # Manifests that stand for others already are left, so that none grows with the age of the lake.
        closed = [run for run in before if date_of(run) < today and "runs" not in run.options]
        files = [file for run in before for file in run.files]
        many = {folder for folder, count in Counter(folder_of(file) for file in files).items() if count > 1}
        oldest_kept = started_at - expire_after if expire_after is not None else None
        expired = _expired(lake, files, oldest_kept) if oldest_kept else Counter()
        folders = tuple(
            folder
            for date, folder in date_folders(lake)
            if (date < today and folder in many) or folder in expired
        )
        if len(closed) < 2 and not folders:
            return Compaction(0, len(files), len(files), 0)
        state, previous = states_of(lake)
        manifest = rewrite(
            lake,
            lock,
            Rewriting(
                command="compact",
                folders=folders,
                runs=frozenset(run.run_id for run in closed),
                change={Article.TABLE: lambda rows: without_old_texts(rows, oldest_kept)}
                if oldest_kept
                else {},
                state=state,
                previous_state=previous,
                pending=pending_rows(state),
                notes={"expire_text_before": oldest_kept.isoformat() if oldest_kept else None},
            ),
            run_id=run_id,
            started_at=started_at,
            clock=clock,
            at=at,
        )
        after = [file for run in committed_runs(lake) for file in run.files]
        return Compaction(len(manifest.options["runs"]), len(files), len(after), sum(expired.values()))


def without_old_texts(rows: pa.Table, oldest_kept: datetime) -> pa.Table:
    """Articles, the texts of those fetched before `oldest_kept` emptied."""
    old = pc.less(rows["fetched_at"], pa.scalar(oldest_kept, rows.schema.field("fetched_at").type))
    text = pc.if_else(old, pa.scalar("", pa.string()), rows["text"])
    return rows.set_column(rows.schema.get_field_index("text"), rows.schema.field("text"), text)


def pending_rows(state: tuple[LakeFile, ...]) -> int:
    """Entries carried over in a state."""
    return sum(file.rows for file in state if file.table == Entry.TABLE)


def _expired(lake: Lake, files: list[LakeFile], oldest_kept: datetime) -> Counter[str]:
    """Texts that are to be emptied, by date folder."""
    found: Counter[str] = Counter()
    for file in files:
        if file.table == Article.TABLE and folder_of(file).partition("=")[2] <= f"{oldest_kept:%Y-%m-%d}":
            with lake.parquet(file) as parquet:
                for batch in parquet.iter_batches(columns=["fetched_at", "text"]):
                    old = pc.less(batch["fetched_at"], pa.scalar(oldest_kept, batch["fetched_at"].type))
                    some = pc.greater(pc.utf8_length(batch["text"]), 0)
                    if count := pc.sum(pc.and_(old, some)).as_py():
                        found[folder_of(file)] += count
    return found
