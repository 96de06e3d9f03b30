"""What state costs a run, whatever is polled: a feed that is not due, a known key looked up, a known key compacted.

    python -m tests.bench.state_costs

Each figure is the difference of a large size and a small one, each in a process of its own: processor seconds, and
memory at the peak. `deploy/SCALE.md` multiplies these.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.engine import chosen_engine
from pipeline.graph import RunPlan, build
from pipeline.options import RunOptions
from pipeline.state import compact_known
from schemas.columns import arrow_schema, rows_of, table_of
from schemas.feeds import FeedSource, FeedState, KnownKey
from schemas.polls import FeedTask
from tests.bench.known_keys import write_known
from transforms.http.settings import HttpSettings
from transforms.run_context import RunContext
from transforms.select_new import BATCH, known_among

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ENTRIES = 20
FEEDS = (2_000, 10_000)
KEYS = (500_000, 4_000_000)


def main() -> None:
    """Measure each at two sizes and print what one more costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=2, metavar=("WHAT", "SIZE"), help="measure one, and print JSON")
    arguments = parser.parse_args()
    if arguments.one:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(MEASURES[arguments.one[0]](int(arguments.one[1]), Path(folder))))
        return
    for what, sizes, said in (
        ("feeds", FEEDS, "a feed that is not due"),
        ("lookup", KEYS, f"a known key, in the look-up of a batch of {BATCH:,} listed"),
        ("compaction", KEYS, "a known key, in a compaction"),
    ):
        small, large = (_in_child(what, size) for size in sizes)
        more = sizes[1] - sizes[0]
        print(
            f"{said}: {(large['seconds'] - small['seconds']) / more * 1e6:.3f} us of a core, "
            f"{(large['bytes'] - small['bytes']) / more:.0f} bytes at the peak",
            flush=True,
        )


def feeds_not_due(size: int, folder: Path) -> dict[str, float]:
    """The state of so many feeds read, a run that skips them all, and the state written again."""
    options = RunOptions(feeds="", out=folder, only_due=True, workers=1)
    states = [
        FeedState(
            feed_url=f"http://n{number}.test/feed.xml",
            etag=f'"{number}"',
            body_hash=os.urandom(16),
            entry_keys=tuple(os.urandom(16) for _ in range(ENTRIES)),
            interval_s=3600,
            next_poll_at=NOW + timedelta(days=1),
            last_polled_at=NOW,
            last_success_at=NOW,
        )
        for number in range(size)
    ]
    pq.write_table(table_of(FeedState, states), folder / "feeds.parquet", compression="zstd")
    del states
    began, before = time.process_time(), _peak()
    read = list(rows_of(FeedState, pq.read_table(folder / "feeds.parquet")))
    tasks = [
        FeedTask(FeedSource(state.feed_url, None, number, None, state.feed_url), state)
        for number, state in enumerate(read)
    ]
    context = RunContext(
        "run", NOW, NOW + timedelta(hours=1), HttpSettings("bench"), str(folder), str(folder / "staging"), 1, only_due=True
    )  # fmt: skip
    engine = chosen_engine(options)
    pipeline = engine.pipeline()
    build(pipeline, RunPlan(tasks, [], [], (), (), fetch_pages=True), context, _now)
    engine.carry_out(pipeline, folder / "staging")
    pq.write_table(table_of(FeedState, read), folder / "feeds.parquet", compression="zstd")
    return {"seconds": time.process_time() - began, "bytes": _peak() - before}


def lookup(size: int, folder: Path) -> dict[str, float]:
    """One batch against so many known keys, none of which can be passed over."""
    write_known(folder / "known.parquet", size)
    asked = [os.urandom(16) for _ in range(BATCH)]
    began, before = time.process_time(), _peak()
    known_among(asked, [str(folder / "known.parquet")])
    return {"seconds": time.process_time() - began, "bytes": _peak() - before}


def compaction(size: int, folder: Path) -> dict[str, float]:
    """So many known keys read, compacted and written."""
    keys = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(16), size, [None, pa.py_buffer(os.urandom(16 * size))]
    )
    times = pa.array([NOW] * size, pa.timestamp("us", "UTC"))
    pq.write_table(pa.table([keys, times], arrow_schema(KnownKey)), folder / "known.parquet")
    del keys, times
    pa.default_memory_pool().release_unused()
    began, before = time.process_time(), _peak()
    table = compact_known(pq.read_table(folder / "known.parquet", schema=arrow_schema(KnownKey)), {}, NOW)
    pq.write_table(table, folder / "compacted.parquet", compression="zstd")
    return {"seconds": time.process_time() - began, "bytes": _peak() - before}


MEASURES: dict[str, Callable[[int, Path], dict[str, float]]] = {
    "feeds": feeds_not_due,
    "lookup": lookup,
    "compaction": compaction,
}


def _now() -> datetime:
    return NOW


def _peak() -> float:
    """The highest resident memory of this process until now, in bytes (Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _in_child(what: str, size: int) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.state_costs", "--one", what, str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


if __name__ == "__main__":
    main()
