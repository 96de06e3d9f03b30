"""Read a lake's published tables through its manifests, so that what is read is whole runs."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.lake import Lake, LakeError
from pipeline.state import State, load_state
from schemas.articles import Article
from schemas.columns import rows_of
from schemas.feed_fetches import FeedFetch
from schemas.manifest import Manifest


def read_articles(lake: Lake, *, newest_first: bool = True) -> Iterator[Article]:
    """Every article, run by run; within a run in the order it was written.

    Raises:
        LakeError: there is no committed run, or a file that a manifest names can't be read.
    """
    yield from _read(lake, Article, newest_first=newest_first)


def read_feed_fetches(lake: Lake) -> Iterator[FeedFetch]:
    """Every poll, newest run first. Raises LakeError as `read_articles`."""
    yield from _read(lake, FeedFetch, newest_first=True)


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
    runs = committed_runs(lake)
    for manifest in reversed(runs) if newest_first else runs:
        for file in manifest.files:
            if file.table != record.TABLE:
                continue
            try:
                for batch in pq.ParquetFile(lake.root / file.path).iter_batches(batch_size=500):
                    yield from rows_of(record, pa.Table.from_batches([batch]))
            except (OSError, pa.ArrowException) as error:
                raise LakeError(
                    f"{lake.root / file.path} can't be read ({error}): run `tocsin check`"
                ) from error
