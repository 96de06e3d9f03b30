"""The commit: how a run's files become part of the lake, whole or not at all.

The protocol, step by step; each step's name is given to `at`, so that a test can stop there:

1. *verified*: every file that the report names is read back: its rows and its sha256 must be as reported. Files
   that no report names (of attempts that failed) are not looked at.
2. *gathered*: the named files are moved into `staging/<run>/publish/`, one folder a table, and synced.
3. *intended*: `staging/<run>/intent.json` is written, synced and renamed into place. It holds the manifest and
   the renames to do. **Before it, recovery sweeps the staging; after it, recovery only rolls forward.**
4. *published <table>*: one rename a table puts its folder where readers look. A glob over one table sees the
   run's share whole or not at all. Where published rows are rewritten (`rewrite`), whole date folders are
   exchanged with their new versions instead (*exchanged <folder>*), each in one step of the file system, so that
   a glob sees a row once, old or new. Before each the lock's token is checked.
5. *committed*: the manifest is renamed into `runs/`. Its presence is the commit.
6. *cleared*: the manifests that this one replaces are removed, state that no commit needs to fall back on, and
   the staging, whose removal is synced, so that no power cut brings an old intent back.

Every step may be repeated: a rename whose source is gone and whose target is there has been done; a date folder
that holds a folder of this run has been exchanged. A late writer of a dead attempt writes under `staging/<run>`,
which is swept and never read as data.
"""

import hashlib
import itertools
import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.exchange import exchange
from pipeline.lake import PUBLISHED_TABLES, Lake, LakeError, damage_of
from pipeline.lock import LockLostError, OutputLock
from schemas.manifest import LakeFile, Manifest
from schemas.report import StagedFile
from transforms.write_records import sync

At = Callable[[str], None]

INTENT = "intent.json"

STATES_KEPT = 2
"""Commits whose state is kept: the newest one's, and one to go back to should that be damaged."""


class CommitError(Exception):
    """What was staged is not what was reported; nothing is published."""


class PublishInterruptedError(Exception):
    """Publishing was begun and did not come to its end; the next run brings it there."""


def nowhere(step: str) -> None:
    """The `at` of a run: goes on."""


def verify(lake: Lake, files: Sequence[StagedFile]) -> None:
    """Read every reported file back.

    Raises:
        CommitError: one is missing, or its rows or sum are not as reported.
    """
    for file in files:
        path = lake.root / file.path
        try:
            with path.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
            rows = pq.read_metadata(path).num_rows
        except (OSError, pa.ArrowException) as error:
            raise CommitError(f"the staged file {path} can't be read back: {error}") from error
        if digest != file.sha256 or rows != file.rows:
            raise CommitError(f"the staged file {path} is not as it was reported (rows or sha256 differ)")


def gather(lake: Lake, run_id: str, files: Sequence[StagedFile]) -> tuple[LakeFile, ...]:
    """Move the files of published tables to where one rename publishes each table; give their final names."""
    gathered = []
    for table in PUBLISHED_TABLES:
        folder = _publish_folder(lake, run_id) / table
        for number, file in enumerate(file for file in files if file.table == table):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            name = f"part-{number}.parquet"
            (lake.root / file.path).rename(folder / name)
            final = (lake.table_folder(table, run_id) / name).relative_to(lake.root).as_posix()
            gathered.append(LakeFile(table, final, file.rows, file.bytes, file.sha256))
    return tuple(gathered)


def state_folder(lake: Lake, run_id: str) -> Path:
    """The folder under staging whose files become `state/<run>/`."""
    folder = _publish_folder(lake, run_id) / "state"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def publish(
    lake: Lake,
    lock: OutputLock,
    manifest: Manifest,
    *,
    exchanged: Sequence[str] = (),
    states_kept: int = STATES_KEPT,
    at: At = nowhere,
) -> None:
    """Steps 3 to 6 for files that `gather`, the state and a rewriting have put in place.

    Args:
        lake: where to.
        lock: ours, of `manifest.run_id`.
        manifest: what is published.
        exchanged: date folders (articles/ingest_date=...) that a rewriting has staged a new version of.
        states_kept: commits whose state is kept; 1 where nothing of an older one may stay.
        at: told each step by name.

    Raises:
        LockLostError: the lock was taken from us before the intent; nothing is visible.
        OSError: the disk refused before the intent; nothing is visible.
        PublishInterruptedError: either came after the intent; the next run rolls forward.
    """
    intent = _intent_of(lake, manifest, exchanged, states_kept)
    _publish_folder(lake, manifest.run_id).mkdir(parents=True, exist_ok=True, mode=0o700)
    _sync_all(_publish_folder(lake, manifest.run_id))
    sync(lake.staging)
    lock.check()
    _write_durably(lake.staging / manifest.run_id / INTENT, json.dumps(intent.as_dict()))
    try:
        at("intended")
        _roll_forward(lake, lock, manifest.run_id, intent, at)
    except (OSError, LakeError, LockLostError) as error:
        raise PublishInterruptedError(str(error)) from error


def recover(lake: Lake, lock: OutputLock) -> list[str]:
    """Put right what an earlier run left: roll forward what was intended, sweep the rest. Says what was done.

    Raises:
        LakeError: an intent can't be read, or names files that are neither staged nor published.
    """
    done = []
    for folder in sorted(lake.staging.iterdir()):
        if not folder.is_dir():
            folder.unlink(missing_ok=True)
            continue
        if (folder / INTENT).is_file():
            _roll_forward(lake, lock, folder.name, Intent.read(folder / INTENT), nowhere)
            done.append(f"run {folder.name} had begun to publish: rolled forward")
        else:
            shutil.rmtree(folder)
            done.append(f"run {folder.name} had published nothing: its staging was swept")
    return done


@dataclass(frozen=True, slots=True)
class Intent:
    """What a run is about to do to the lake: its manifest's text, and (staged, published) paths below the root."""

    manifest: str
    renames: tuple[tuple[str, str], ...]
    exchanges: tuple[tuple[str, str], ...] = ()
    states_kept: int = STATES_KEPT

    def as_dict(self) -> dict[str, object]:
        """What is stored."""
        return {
            "manifest": self.manifest,
            "renames": self.renames,
            "exchanges": self.exchanges,
            "states_kept": self.states_kept,
        }

    @classmethod
    def read(cls, path: Path) -> "Intent":
        """The intent in a file.

        Raises:
            LakeError: it can't be read.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                values["manifest"],
                tuple((source, target) for source, target in values["renames"]),
                tuple((source, target) for source, target in values["exchanges"]),
                values["states_kept"],
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LakeError(f"the intent {path} can't be read: {error}") from error


def staged_folder(lake: Lake, run_id: str, published: str) -> Path:
    """Where a rewriting stages the new version of a published date folder."""
    return _publish_folder(lake, run_id) / "rewritten" / published


def _intent_of(lake: Lake, manifest: Manifest, exchanged: Sequence[str], states_kept: int) -> Intent:
    run_id = manifest.run_id
    staged = _publish_folder(lake, run_id)
    targets = {table: lake.table_folder(table, run_id) for table in PUBLISHED_TABLES}
    targets["state"] = lake.state / run_id

    def below(path: Path) -> str:
        return path.relative_to(lake.root).as_posix()

    return Intent(
        manifest.to_json(),
        tuple(
            (below(staged / name), below(target))
            for name, target in targets.items()
            if (staged / name).is_dir()
        ),
        tuple((below(staged_folder(lake, run_id, name)), name) for name in exchanged),
        states_kept,
    )


def _roll_forward(lake: Lake, lock: OutputLock, run_id: str, intent: Intent, at: At) -> None:
    for source_name, target_name in intent.renames:
        source, target = lake.root / source_name, lake.root / target_name
        if source.exists():
            lock.check()
            _make_folders(lake.root, target.parent)
            source.rename(target)
            sync(target.parent)
        elif not target.exists():
            raise LakeError(f"the intent of run {run_id} names {source}, which is gone and not published")
        at(f"published {target_name.split('/')[0]}")
    for source_name, target_name in intent.exchanges:
        source, target = lake.root / source_name, lake.root / target_name
        if not (target / run_id).exists():
            lock.check()
            exchange(source, target)
            sync(target.parent)
        at(f"exchanged {target_name}")
    lock.check()
    manifest_path = lake.manifest_path(run_id)
    _make_folders(lake.root, manifest_path.parent)
    _write_durably(manifest_path, intent.manifest)
    at("committed")
    _remove_replaced(lake, Manifest.from_json(intent.manifest))
    clear_old_state(lake, intent.states_kept)
    shutil.rmtree(lake.staging / run_id)
    sync(lake.staging)
    at("cleared")


def _remove_replaced(lake: Lake, manifest: Manifest) -> None:
    for run_id in manifest.replaces:
        path = lake.manifest_path(run_id)
        if path.exists():
            path.unlink()
            sync(path.parent)
            if not any(path.parent.iterdir()):
                path.parent.rmdir()
                sync(path.parent.parent)


def clear_old_state(lake: Lake, states_kept: int = STATES_KEPT) -> None:
    """Remove state files that none of the newest whole states names. Commits that only rewrote share a state."""
    states = [state for _, state in lake.states()]
    whole = (state for state in states if not any(damage_of(lake, file) for file in state))
    kept = list(itertools.islice(whole, states_kept))
    if not kept:
        return  # a disk that can't be read for a moment must not cost the state
    # The newest stays even where it can't be read now: only a later commit makes it dispensable.
    needed = {lake.root / file.path for state in [states[0], *kept] for file in state}
    for folder in lake.state.glob("*/"):
        for file in folder.iterdir():
            if file not in needed:
                file.unlink()
        if not any(folder.iterdir()):
            folder.rmdir()


def _sync_all(folder: Path) -> None:
    """Make the entries of a folder and of all folders in it durable; files are synced as they are closed."""
    for path, _, _ in os.walk(folder):
        sync(Path(path))
    sync(folder.parent)


def _publish_folder(lake: Lake, run_id: str) -> Path:
    return lake.staging / run_id / "publish"


def _make_folders(root: Path, folder: Path) -> None:
    """Make a folder and its parents below root, each synced into its parent."""
    missing = [path for path in (folder, *folder.parents) if path.is_relative_to(root) and not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)
        sync(path.parent)


def _write_durably(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all: a synced copy, renamed."""
    copy = path.with_name(f".{path.name}.tmp")
    with copy.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    copy.rename(path)
    sync(path.parent)
