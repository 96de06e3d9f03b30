"""Read a lake's published tables through its manifests, so that what is read is whole runs."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import pyarrow as pa

from pipeline.lake import Lake, LakeError
from pipeline.schema_evolution import conformed
from pipeline.state import State, load_state
from schemas.articles import Article
from schemas.columns import Row, rows_of
from schemas.feed_fetches import FeedFetch
from schemas.manifest import LakeFile, Manifest


def read_articles(lake: Lake, *, newest_first: bool = True) -> Iterator[Article]:
    """Every article, run by run; within a run in the order it was written.

    Raises:
        LakeError: there is no committed run, or a file that a manifest names can't be read.
    """
    yield from _read(lake, Article, newest_first=newest_first)


def read_feed_fetches(lake: Lake) -> Iterator[FeedFetch]:
    """Every poll, the newest first. Raises LakeError as `read_articles`."""
    dates = groupby(
        _files(lake, FeedFetch.TABLE, newest_first=True), key=lambda file: file.path.split("/")[1]
    )
    for _, files in dates:
        polls = [poll for file in files for poll in _rows(lake, FeedFetch, file)]
        yield from sorted(polls, key=lambda poll: poll.fetched_at, reverse=True)


def read_state(lake: Lake) -> State:
    """What the newest commit remembers. Raises LakeError where there is none."""
    lake.require()
    return load_state(lake)


def committed_runs(lake: Lake) -> list[Manifest]:
    """The manifests that stand, oldest first: those that a compaction has replaced are left out."""
    lake.require()
    manifests = list(lake.manifests())
    replaced = {run_id for manifest in manifests for run_id in manifest.replaces}
    return [manifest for manifest in reversed(manifests) if manifest.run_id not in replaced]


def _read(lake: Lake, record: type[Any], *, newest_first: bool) -> Iterator[Any]:
    for file in _files(lake, record.TABLE, newest_first=newest_first):
        yield from _rows(lake, record, file)


def _rows(lake: Lake, record: type[Row], file: LakeFile) -> Iterator[Row]:
    try:
        with lake.parquet(file) as parquet:
            for batch in parquet.iter_batches(batch_size=500):
                yield from rows_of(record, conformed(pa.Table.from_batches([batch]), file.table, file.path))
    except (OSError, pa.ArrowException) as error:
        where = lake.storage.locate(file.path)
        raise LakeError(f"{where} can't be read ({error}): run `tocsin check`") from error


def _files(lake: Lake, table: str, *, newest_first: bool) -> list[LakeFile]:
    """A table's files by their path, which sorts by date and run; within a run in the order of its manifest."""
    named = [file for run in committed_runs(lake) for file in run.files if file.table == table]
    return sorted(named, key=lambda file: file.path.rpartition("/")[0], reverse=newest_first)
