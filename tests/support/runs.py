"""Run tocsin as its users do, and read what it wrote."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.batch import run_batch
from pipeline.options import RunOptions
from transforms.run_context import utc_now


def tocsin(*arguments, timeout: float = 300, safe_path: bool = True, **kwargs) -> subprocess.CompletedProcess:
    """Run the program in a process of its own; the working directory is none of the project's."""
    environment = {**os.environ, **({"PYTHONSAFEPATH": "1"} if safe_path else {}), "COLUMNS": "200"}
    return subprocess.run(
        [str(Path(sys.executable).with_name("tocsin")), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env=environment,
        **kwargs,
    )


def rows(lake: Path, table: str) -> list[dict]:
    """All rows of a table, as a glob over its files reads them."""
    files = sorted((lake / table).rglob("*.parquet"))
    tables = [pq.ParquetFile(file).read() for file in files]
    return pa.concat_tables(tables, promote_options="default").to_pylist() if tables else []


def manifests(lake: Path) -> list[dict]:
    """The manifests, oldest first."""
    return [
        json.loads(path.read_text())
        for path in sorted(lake.glob("runs/*/*.json"), key=lambda path: path.name)
    ]


def holds(balance: dict) -> bool:
    """Whether a manifest's balance adds up."""
    return balance["listed"] + balance["carried_in"] == sum(
        balance[name] for name in ("known", "duplicates", "articles", "dead_letters", "carried_out")
    )


def batch(feeds: Path, out: Path, *, clock=utc_now, **options):
    """One bounded run in this process: its pool and its detector stay warm from test to test."""
    chosen = {"host_delay": 0.0, "allow_host": ("127.0.0.0/8",), **options}
    return run_batch(RunOptions(feeds=str(feeds), out=out, **chosen), clock=clock)
