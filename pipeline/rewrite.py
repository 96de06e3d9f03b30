"""Rewrite what is published: the commit behind compact, retag and forget.

Whole date folders of a table are read through their manifests, changed, and written as one file each under
staging; the commit then publishes them in place of the old ones, with one manifest for those of all
runs that had files in them. The manifest keeps what the replaced ones told, run by run, in its options:

    command         compact, retag or forget
    runs            of each run replaced: run_id, its times, version, taxonomy, runner, options, feeds, balance
    erased          rows that forget has removed, a table, over all of the runs
    pending         entries carried over in the state when this was committed
    previous_state  the state to go back to, should the newest be damaged
"""

import dataclasses
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.commit import CommitError, nowhere, publish, recover, staged_key
from pipeline.lake import (
    PREVIOUS_STATE,
    PUBLISHED_TABLES,
    Lake,
    LakeError,
    damage_of,
    ingest_date,
    new_run_id,
)
from pipeline.read_lake import committed_runs
from pipeline.schema_evolution import VERSIONS, conformed, require_same_types, schema_of
from pipeline.storage.storage import At, Lock
from schemas.manifest import LakeFile, Manifest
from schemas.report import Balance
from schemas.version import TOCSIN_VERSION
from transforms.files import NewFile
from transforms.write_records import ROWS_A_GROUP, TEXT_A_GROUP

Change = Callable[[pa.Table], pa.Table]

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Rewriting:
    """What is rewritten, and how.

    `folders` are date folders such as articles/ingest_date=2026-11-24; `runs` are replaced even where they have
    no file in them. `change` maps a table's name to what becomes of its rows; without one they stay as they are.
    `state` is the state that the commit names from now on, `previous_state` the one to go back to.
    """

    command: str
    folders: tuple[str, ...]
    runs: frozenset[str]
    change: Mapping[str, Change]
    state: tuple[LakeFile, ...]
    previous_state: tuple[LakeFile, ...]
    pending: int
    taxonomy_version: str | None = None
    erased: Mapping[str, int] = dataclasses.field(default_factory=dict)
    notes: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def folder_of(file: LakeFile) -> str:
    """The date folder that a published file lies in."""
    return "/".join(PurePosixPath(file.path).parts[:2])


def rewrite(
    lake: Lake,
    lock: Lock,
    rewriting: Rewriting,
    *,
    run_id: str,
    started_at: datetime,
    clock: Callable[[], datetime],
    states_kept: int = 2,
    at: At = nowhere,
) -> Manifest:
    """Carry a rewriting out and commit it. The lake has been recovered, and the lock is ours.

    Raises:
        LakeError: a file is damaged or stands outside the manifests; nothing is changed.
        PublishInterruptedError: it was stopped while it published; the next command finishes it.
    """
    runs = committed_runs(lake)
    folders = set(rewriting.folders)
    affected = [
        run
        for run in runs
        if run.run_id in rewriting.runs or folders & {folder_of(file) for file in run.files}
    ]
    files: list[LakeFile] = []
    replaced: list[str] = []
    for folder in rewriting.folders:
        old = [file for run in affected for file in run.files if folder_of(file) == folder]
        files += _rewritten(lake, run_id, folder, old, rewriting.change.get(folder.split("/")[0]))
        replaced += [file.path for file in old]
    staged = {file.path: staged_key(run_id, file.path) for file in files}
    at("rewritten")
    files += [file for run in affected for file in run.files if folder_of(file) not in folders]
    manifest = Manifest(
        run_id=run_id,
        started_at=started_at.isoformat(),
        committed_at=clock().isoformat(),
        tocsin_version=TOCSIN_VERSION,
        schema_versions=VERSIONS,
        taxonomy_version=rewriting.taxonomy_version or runs[-1].taxonomy_version,
        runner="none",
        options={
            "command": rewriting.command,
            **rewriting.notes,
            "runs": [told for run in affected for told in runs_told(run)],
            "erased": _sums([rewriting.erased, *(erased(run) for run in affected)]),
            "pending": rewriting.pending,
            PREVIOUS_STATE: [dataclasses.asdict(file) for file in rewriting.previous_state],
        },
        files=tuple(files),
        replaces=tuple(sorted({name for run in affected for name in (run.run_id, *run.replaces)})),
        feeds=_sums([dict.fromkeys(runs[-1].feeds, 0), *(run.feeds for run in affected)]),
        balance=sum_balances(run.balance for run in affected),
        state=rewriting.state,
    )
    publish(
        lake,
        lock,
        manifest,
        staged,
        rewritten=rewriting.folders,
        replaced=replaced,
        states_kept=states_kept,
        at=at,
    )
    return manifest


def runs_told(manifest: Manifest) -> list[dict[str, Any]]:
    """What a manifest tells of the runs it stands for: itself, or those that it replaced."""
    if "runs" in manifest.options:
        return list(manifest.options["runs"])
    told = dataclasses.asdict(manifest)
    kept = ("started_at", "committed_at", "tocsin_version", "taxonomy_version", "runner", "options", "feeds")
    return [{"run_id": manifest.run_id, **{name: told[name] for name in kept}, "balance": told["balance"]}]


def erased(manifest: Manifest) -> dict[str, int]:
    """Rows that forget has removed from the runs of a manifest, by table."""
    return dict(manifest.options.get("erased", {}))


def sum_balances(balances: Iterable[Balance]) -> Balance:
    """Where the entries of several runs went, together."""
    total = _sums([dict.fromkeys(Balance.__slots__, 0), *map(dataclasses.asdict, balances)])
    return Balance(**total)


def _sums(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(total)


def states_of(lake: Lake) -> tuple[tuple[LakeFile, ...], tuple[LakeFile, ...]]:
    """The state that the newest commit names, and the one to go back to (empty where there is none).

    Raises:
        LakeError: the newest is damaged; the next run goes back to the one before.
    """
    states = [files for _, files in lake.states()]
    for file in states[0]:
        damage = damage_of(lake, file)
        if damage:
            raise LakeError(f"the state is damaged ({damage}): let `tocsin run` go back to the one before it")
    whole = len(states) > 1 and all(lake.storage.size(file.path) is not None for file in states[1])
    return states[0], states[1] if whole else ()


@contextmanager
def rewriting_of(lake: Lake, clock: Callable[[], datetime]) -> Iterator[tuple[Lock, str, datetime]]:
    """The output's lock, the id and the begin of a rewriting; what an earlier run left has been put right.

    Raises:
        LockHeldError: a run holds the output.
        LakeError: it is no lake that can be rewritten.
        CommitError: the disk refused before anything was changed.
    """
    lake.require()
    started_at = clock()
    token = new_run_id(started_at, secrets.token_hex(4))
    try:
        lake.storage.create()
        with lake.storage.lock(token) as lock:
            recover(lake, lock)
            run_id = lake.run_id_after_all(token)
            _refuse_newer(lake)
            require_same_types(lake)
            lake.storage.require_rewritable()
            yield lock, run_id, started_at
    except OSError as error:
        raise CommitError(f"nothing was changed: {error}") from error


def _refuse_newer(lake: Lake) -> None:
    for manifest in lake.manifests():
        for table, version in manifest.schema_versions.items():
            if version > VERSIONS.get(table, version):
                raise LakeError(
                    f"run {manifest.run_id} wrote {table} version {version}, this tocsin knows "
                    f"{VERSIONS[table]}: update it"
                )


def _rewritten(
    lake: Lake, run_id: str, folder: str, old: Sequence[LakeFile], change: Change | None
) -> list[LakeFile]:
    _refuse_strays(lake, folder, old)
    table = folder.split("/", maxsplit=1)[0]
    published = f"{folder}/{run_id}/part-0.parquet"
    rows = 0
    with (
        NewFile(lake.storage.locate(staged_key(run_id, published))) as file,
        pq.ParquetWriter(file, schema_of(table), compression="zstd") as writer,
    ):
        for group in _groups(_changed(lake, table, old, change)):
            writer.write_table(group)
            rows += group.num_rows
    if not rows:
        lake.storage.delete([staged_key(run_id, published)])
        return []
    return [LakeFile(table, published, rows, file.bytes, file.sha256)]


def _changed(lake: Lake, table: str, files: Sequence[LakeFile], change: Change | None) -> Iterator[pa.Table]:
    for file in files:
        damage = damage_of(lake, file)
        if damage:
            raise LakeError(f"{damage}: run `tocsin check`; nothing was changed")
        with lake.parquet(file) as parquet:
            for batch in parquet.iter_batches(batch_size=_BATCH):
                rows = conformed(pa.Table.from_batches([batch]), table, file.path)
                yield change(rows) if change else rows


def _groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The rows in row groups of a size that neither memory nor readers suffer from."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        if sum(t.num_rows for t in waiting) >= ROWS_A_GROUP or sum(t.nbytes for t in waiting) >= TEXT_A_GROUP:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def _refuse_strays(lake: Lake, folder: str, named: Sequence[LakeFile]) -> None:
    keys = {file.path for file in named}
    for key in lake.storage.files(folder):
        if key not in keys:
            raise LakeError(
                f"{lake.storage.locate(key)} stands outside every manifest and would be lost: run `tocsin check`, "
                "and move it away"
            )


def date_folders(lake: Lake, tables: Sequence[str] = PUBLISHED_TABLES) -> Iterator[tuple[str, str]]:
    """(date, folder) of every date folder that the standing manifests have files in, oldest first."""
    folders: defaultdict[str, set[str]] = defaultdict(set)
    for run in committed_runs(lake):
        for file in run.files:
            if file.table in tables:
                folder = folder_of(file)
                folders[folder.partition("ingest_date=")[2]].add(folder)
    for date in sorted(folders):
        yield from ((date, folder) for folder in sorted(folders[date]))


def date_of(run: Manifest) -> str:
    """The UTC date that a run began on."""
    return ingest_date(run.run_id)
