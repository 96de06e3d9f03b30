"""Select new against 10^4, 10^5 and 10^6 known keys: time and memory for 10,000 listed entries, and their growth."""

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner

from pipeline.state import ROWS_A_GROUP, compact_known
from schemas.columns import arrow_schema
from schemas.entries import Entry
from schemas.feeds import KnownKey
from transforms.http.settings import HttpSettings
from transforms.run_context import RunContext
from transforms.select_new import SelectNew, known_among

LISTED = 10_000
SIZES = (10_000, 100_000, 1_000_000)
MOST_GROWTH = 1.1
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    """Measure each size in a process of its own; leave with 1 where time or memory grow faster than they may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", type=Path, help="measure this file of known keys, and print JSON")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measured(arguments.one)))
        return
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            path = Path(folder, f"{size}.parquet")
            write_known(path, size)
            found[size] = min((_in_child(path) for _ in range(3)), key=lambda figures: figures["seconds"])
            print(
                f"{size:>9,} known keys, {path.stat().st_size / size:.1f} bytes a key: {LISTED:,} listed are selected "
                f"in {found[size]['seconds']:.2f} s with {found[size]['megabytes']:.0f} MB more; "
                f"the look-up alone takes {found[size]['lookup']:.3f} s; of 10 listed {found[size]['ten']:.3f} s"
            )
    growth = {
        name: math.log(found[SIZES[-1]][name] / found[SIZES[0]][name]) / math.log(SIZES[-1] / SIZES[0])
        for name in ("seconds", "megabytes", "lookup")
    }
    told = ", ".join(f"{name} n^{exponent:.2f}" for name, exponent in growth.items())
    print(f"growth from {SIZES[0]:,} to {SIZES[-1]:,} keys: {told}; at most n^{MOST_GROWTH} is allowed")
    if max(growth.values()) > MOST_GROWTH:
        sys.exit(1)


def write_known(path: Path, size: int) -> None:
    """A compacted file of random keys, as the state holds it."""
    times = pa.array(
        [NOW - timedelta(seconds=number % 1_000_000) for number in range(size)], pa.timestamp("us", "UTC")
    )
    keys = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(16), size, [None, pa.py_buffer(os.urandom(16 * size))]
    )
    table = compact_known(pa.table([keys, times], arrow_schema(KnownKey)), {}, NOW)
    pq.write_table(table, path, compression="zstd", row_group_size=ROWS_A_GROUP)


def measured(path: Path) -> dict[str, float]:
    """Seconds and megabytes that select new takes, half of the listed entries being known."""
    stored = pq.read_table(path, columns=["key"])["key"]
    # Every so many-th of the sorted keys, so that no part of the file can be passed over.
    keys = stored.take(pa.array(range(0, len(stored), 2 * len(stored) // LISTED))).to_pylist()[: LISTED // 2]
    del stored
    pa.default_memory_pool().release_unused()
    keys += [os.urandom(16) for _ in range(LISTED - len(keys))]
    entries = [_entry(key, number) for number, key in enumerate(keys)]
    before = _resident()
    began = time.perf_counter()
    pipeline = beam.Pipeline(runner=FnApiRunner())
    listed = pipeline | "Listed" >> beam.Create(entries)
    carried = pipeline | "Carried" >> beam.Create([])
    context = RunContext("run", NOW, NOW, HttpSettings(user_agent="tocsin-bench/1"), "", "", 1)
    _ = (listed, carried) | SelectNew(context, (str(path),))
    with _Peak() as peak:
        pipeline.run().wait_until_finish()
    seconds = time.perf_counter() - began
    began = time.perf_counter()
    known = known_among(keys, [str(path)])
    lookup = time.perf_counter() - began
    began = time.perf_counter()
    known_among(keys[:5] + keys[-5:], [str(path)])
    ten = time.perf_counter() - began
    assert len(known) == LISTED // 2
    return {"seconds": seconds, "megabytes": peak.megabytes - before, "lookup": lookup, "ten": ten}


class _Peak:
    """The highest resident memory while a block runs, looked at every few milliseconds."""

    megabytes = 0.0

    def __enter__(self) -> Self:
        self._done = threading.Event()
        self._watch = threading.Thread(target=self._look)
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watch.join()

    def _look(self) -> None:
        while not self._done.wait(0.005):
            self.megabytes = max(self.megabytes, _resident())


def _resident() -> float:
    """Megabytes of this process in memory now (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1024**2


def _entry(key: bytes, number: int) -> Entry:
    url = f"http://example.test/{number}"
    return Entry(
        key=key,
        feed_url="http://example.test/feed",
        feed_title=None,
        entry_id=None,
        url=url,
        canonical_url=url,
        title=None,
        authors=(),
        published_at=None,
        published_raw=None,
        summary=None,
        content=None,
        lang=None,
        truncated=False,
        feed_index=0,
        position=number,
    )


def _in_child(path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.known_keys", "--one", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


if __name__ == "__main__":
    main()
