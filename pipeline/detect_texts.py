"""The engine behind `tocsin detect`: topics and figures over files of texts, streaming, on several cores."""

import contextlib
import glob
import json
import logging
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.detect_rows import (
    ADDED,
    Batch,
    Detected,
    Finders,
    Refused,
    detect_batch,
    detection_fields,
    version_of,
)
from pipeline.lake import Lake
from pipeline.options import UsageError
from pipeline.read_lake import committed_runs
from schemas.articles import Article
from transforms.files import is_object
from transforms.workers.pool import WorkerCrashedError, WorkerPool, WorkerTimeoutError, result_of

_LOG = logging.getLogger(__name__)
_JSON_LINES = (".jsonl", ".ndjson")
_BATCH_ROWS = 100
_BATCH_BYTES = 1_000_000
_BATCHES_A_WORKER = 4
_DEADLINE = 600.0
"""Seconds that a batch may take in a worker."""
_PROBLEMS_TOLD = 20


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of `detect_texts`.

    `rows` were written; `refused` could not be read, the first of them told in `problems` with file and line;
    `topics` counts the rows that have each topic.
    """

    files: int
    rows: int
    refused: int
    problems: tuple[Refused, ...]
    topics: dict[str, int]
    taxonomy_version: str
    seconds: float


def detect_texts(
    source: str, target: str, *, taxonomy_path: str | None, model_path: str | None = None, workers: int
) -> Summary:
    """Find topics and figures in every row of the source and write the rows, completed, to the target.

    Rows keep their order and their fields; `lang`, `topics`, `figures` and `taxonomy_version` are added, shaped
    as in `articles`. The target appears whole, or not at all. A row that cannot be read is logged, counted and
    told in the summary.

    Args:
        source: a .jsonl or .parquet file, a folder of them, a glob, or a lake.
        target: the .jsonl or .parquet file to write.
        taxonomy_path: the taxonomy file, None for the default.
        model_path: a learned model to apply after the rules, None for none.
        workers: processes to work on; with 1 the work is done in this process.

    Raises:
        UsageError: source or target cannot be used, or not one row can be read.
        TaxonomyError: the taxonomy is not sound.
        ModelError: the model can't be used.
    """
    started = time.monotonic()
    finders = Finders(taxonomy_path, model_path)
    version = version_of(finders)
    files = source_files(source)
    path = Path(target)
    if path.suffix not in (*_JSON_LINES, ".parquet"):
        raise UsageError(f"{target} is neither .jsonl nor .parquet: name one of these as OUTPUT")
    if any(path.exists() and path.samefile(file) for file in files):
        raise UsageError(f"{target} is read and written at once: name another OUTPUT")
    schema = target_schema(files) if path.suffix == ".parquet" else None
    rows = 0
    refused: list[Refused] = []
    refusals = 0
    topics: Counter[str] = Counter()
    with _written(path, schema) as write:
        for detected in _detect_all(_batches(files), finders, schema, workers):
            write(detected)
            rows += detected.rows
            refusals += len(detected.refused)
            for refusal in detected.refused[: _PROBLEMS_TOLD - len(refused)]:
                refused.append(refusal)
                _LOG.warning("left out: %s", refusal)
            topics.update(detected.topics)
        if not rows and refusals:
            raise UsageError(f"not one row of {source} can be read; the first: {refused[0]}")
    return Summary(
        files=len(files),
        rows=rows,
        refused=refusals,
        problems=tuple(refused),
        topics=dict(sorted(topics.items())),
        taxonomy_version=version,
        seconds=time.monotonic() - started,
    )


def source_files(source: str) -> list[Path]:
    """The files that a source means, in a fixed order.

    Raises:
        UsageError: there is none.
    """
    if is_object(source):
        raise UsageError(
            f"{source}: detect reads a local disk; `tocsin retag` works on a lake in an object store"
        )
    path = Path(source)
    if path.is_file():
        if path.suffix not in (*_JSON_LINES, ".parquet"):
            raise UsageError(f"{source} is neither .jsonl nor .parquet")
        return [path]
    if path.is_dir():
        lake = Lake(path)
        if lake.manifest_keys():
            return [
                path / file.path
                for run in committed_runs(lake)
                for file in run.files
                if file.table == Article.TABLE
            ]
        found = sorted(file for file in path.rglob("*") if _is_data(file))
    else:
        found = sorted(file for file in map(Path, glob.glob(source, recursive=True)) if _is_data(file))  # noqa: PTH207 - an absolute pattern, which Path.glob refuses
    if not found:
        raise UsageError(
            f"{source}: no .jsonl or .parquet file there; name a file, a folder, a glob or a lake"
        )
    return found


def target_schema(files: list[Path]) -> pa.Schema:
    """The Arrow schema of the target: the columns of all files, and the added ones typed as in `articles`.

    Raises:
        UsageError: a column has types that do not go together.
    """
    schema = pa.schema([])
    for file in files:
        for own in [pq.read_schema(file)] if file.suffix == ".parquet" else _line_schemas(file):
            try:
                schema = pa.unify_schemas([schema, own.remove_metadata()], promote_options="permissive")
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                raise UsageError(
                    f"{file}: its columns do not fit those before it ({error}); write .jsonl instead"
                ) from error
    fields = [
        pa.field(field.name, pa.string() if pa.types.is_null(field.type) else field.type)
        for field in schema
        if field.name not in ADDED
    ]
    return pa.schema([*fields, *detection_fields()])


def _is_data(file: Path) -> bool:
    return file.suffix in (*_JSON_LINES, ".parquet") and file.is_file()


def _line_schemas(file: Path) -> Iterator[pa.Schema]:
    """Schemas of a JSON lines file, a batch of lines at a time; lines that are no objects are passed over."""
    for batch in _line_batches(file):
        rows = []
        for line in batch.lines or ():
            with contextlib.suppress(ValueError, RecursionError):
                row = json.loads(line)
                if isinstance(row, dict):
                    rows.append({key: value for key, value in row.items() if key not in ADDED})
        try:
            keys = dict.fromkeys(key for row in rows for key in row)
            yield pa.Table.from_pylist([{key: row.get(key) for key in keys} for row in rows]).schema
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise UsageError(
                f"{file}:{batch.numbers[0]}: within {len(batch)} lines a field changes its type ({error}); "
                "write .jsonl instead"
            ) from error


def _batches(files: list[Path]) -> Iterator[Batch]:
    for file in files:
        if file.suffix != ".parquet":
            yield from _line_batches(file)
            continue
        number = 1
        try:
            for rows in pq.ParquetFile(file).iter_batches(batch_size=_BATCH_ROWS):
                yield Batch(str(file), tuple(range(number, number + len(rows))), None, rows)
                number += len(rows)
        except (OSError, pa.ArrowException) as error:
            raise UsageError(f"{file}: cannot be read as Parquet ({error})") from error


def _line_batches(file: Path) -> Iterator[Batch]:
    numbers: list[int] = []
    lines: list[bytes] = []
    size = 0
    try:
        with file.open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                if not line.strip():
                    continue
                numbers.append(number)
                lines.append(line)
                size += len(line)
                if len(lines) >= _BATCH_ROWS or size >= _BATCH_BYTES:
                    yield Batch(str(file), tuple(numbers), tuple(lines), None)
                    numbers, lines, size = [], [], 0
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from error
    if lines:
        yield Batch(str(file), tuple(numbers), tuple(lines), None)


def _detect_all(
    batches: Iterator[Batch], finders: Finders, schema: pa.Schema | None, workers: int
) -> Iterator[Detected]:
    """What comes of the batches, in their order; a few for each worker are under way at a time."""
    if workers <= 1:
        for batch in batches:
            yield detect_batch(batch, finders, schema)
        return
    pool = WorkerPool(workers)
    try:
        under_way: deque[tuple[Batch, Future[Detected]]] = deque()
        for batch in batches:
            under_way.append((batch, pool.submit(_DEADLINE, detect_batch, batch, finders, schema)))
            if len(under_way) >= workers * _BATCHES_A_WORKER:
                yield from _results(pool, *under_way.popleft(), finders, schema)
        while under_way:
            yield from _results(pool, *under_way.popleft(), finders, schema)
    finally:
        pool.close()


def _results(
    pool: WorkerPool,
    batch: Batch,
    future: "Future[Detected]",
    finders: Finders,
    schema: pa.Schema | None,
) -> Iterator[Detected]:
    """The batch's result; where its worker died, that of each row alone, so that one row costs only itself."""
    try:
        yield result_of(future)
    except (WorkerCrashedError, WorkerTimeoutError) as error:
        if len(batch) == 1:
            refusal = Refused(batch.file, batch.numbers[0], f"the row could not be worked on ({error})")
            yield Detected(b"", schema.empty_table() if schema else None, 0, (refusal,), {})
            return
        for place, number in enumerate(batch.numbers):
            alone = Batch(
                batch.file,
                (number,),
                batch.lines[place : place + 1] if batch.lines is not None else None,
                batch.rows.slice(place, 1) if batch.rows is not None else None,
            )
            retried = pool.submit(_DEADLINE, detect_batch, alone, finders, schema)
            yield from _results(pool, alone, retried, finders, schema)


@contextlib.contextmanager
def _written(path: Path, schema: pa.Schema | None) -> Iterator[Callable[[Detected], None]]:
    """A function that writes results to a file which takes its name only when all has gone well."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        stream = partial.open("wb")
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}): name another OUTPUT") from error
    try:
        with stream:
            yield from _writer(stream, schema)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _writer(stream: BinaryIO, schema: pa.Schema | None) -> Iterator[Callable[[Detected], Any]]:
    if schema is None:
        yield lambda detected: stream.write(detected.lines)
        return
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        yield lambda detected: writer.write_table(detected.table)
