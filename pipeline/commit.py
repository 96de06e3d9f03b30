"""The commit: how a run's files become part of the lake, whole or not at all.

The protocol, step by step; each step's name is given to `at`, so that a test can stop there:

1. *verified*: every file that the report names is read back: its rows and its sha256 must be as reported. Files
   that no report names (of attempts that failed) are not looked at.
2. *gathered*: the named files are moved into `staging/<run>/publish/`, one folder a table, and synced.
3. *intended*: `staging/<run>/intent.json` is written, synced and renamed into place. It holds the manifest and
   the renames to do. **Before it, recovery sweeps the staging; after it, recovery only rolls forward.**
4. *published*: one rename a table puts its folder where readers look. A glob over one table sees the run's share
   whole or not at all. Before each rename the lock's token is checked.
5. *committed*: the manifest is renamed into `runs/`. Its presence is the commit.
6. *cleared*: staging is removed, and state that neither this commit nor the one before needs.

Every step may be repeated: a rename whose source is gone and whose target is there has been done.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.lake import PUBLISHED_TABLES, Lake, LakeError
from pipeline.lock import OutputLock
from schemas.manifest import LakeFile, Manifest
from schemas.report import StagedFile
from transforms.write_records import sync

At = Callable[[str], None]


class CommitError(Exception):
    """What was staged is not what was reported; nothing is published."""


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
        if folder.is_dir():
            sync(folder)
    return tuple(gathered)


def state_folder(lake: Lake, run_id: str) -> Path:
    """The folder under staging whose files become `state/<run>/`."""
    folder = _publish_folder(lake, run_id) / "state"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def publish(lake: Lake, lock: OutputLock, manifest: Manifest, *, at: At = nowhere) -> None:
    """Steps 3 to 6 for files that `gather` and the state have put in place.

    Raises:
        LockLostError: the lock was taken from us; what was not yet renamed stays in staging.
        OSError: the disk refused; before the intent nothing is visible, after it the next run rolls forward.
    """
    intent = _intent_of(lake, manifest)
    lock.check()
    _write_durably(lake.staging / manifest.run_id / "intent.json", json.dumps(intent.as_dict()))
    at("intended")
    _roll_forward(lake, lock, manifest.run_id, intent, at)


def recover(lake: Lake, lock: OutputLock) -> list[str]:
    """Put right what an earlier run left: roll forward what was intended, sweep the rest. Says what was done.

    Raises:
        LakeError: an intent names files that are neither staged nor published.
    """
    done = []
    for folder in sorted(lake.staging.iterdir()):
        if not folder.is_dir():
            folder.unlink()
            continue
        intent = folder / "intent.json"
        if intent.is_file():
            _roll_forward(lake, lock, folder.name, _Intent.read(intent), nowhere)
            done.append(f"run {folder.name} had begun to publish: rolled forward")
        else:
            shutil.rmtree(folder)
            done.append(f"run {folder.name} had published nothing: its staging was swept")
    return done


@dataclass(frozen=True, slots=True)
class _Intent:
    manifest: str
    renames: tuple[tuple[str, str], ...]

    def as_dict(self) -> dict[str, object]:
        return {"manifest": self.manifest, "renames": self.renames}

    @classmethod
    def read(cls, path: Path) -> "_Intent":
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            return cls(values["manifest"], tuple((source, target) for source, target in values["renames"]))
        except (OSError, ValueError, KeyError) as error:
            raise LakeError(f"the intent {path} can't be read: {error}") from error


def _intent_of(lake: Lake, manifest: Manifest) -> _Intent:
    run_id = manifest.run_id
    staged = _publish_folder(lake, run_id)
    targets = {table: lake.table_folder(table, run_id) for table in PUBLISHED_TABLES}
    targets["state"] = lake.state / run_id
    renames = tuple(
        ((staged / name).relative_to(lake.root).as_posix(), target.relative_to(lake.root).as_posix())
        for name, target in targets.items()
        if (staged / name).is_dir()
    )
    return _Intent(manifest.to_json(), renames)


def _roll_forward(lake: Lake, lock: OutputLock, run_id: str, intent: _Intent, at: At) -> None:
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
    lock.check()
    manifest_path = lake.manifest_path(run_id)
    _make_folders(lake.root, manifest_path.parent)
    _write_durably(manifest_path, intent.manifest)
    at("committed")
    shutil.rmtree(lake.staging / run_id)
    clear_old_state(lake)
    at("cleared")


def clear_old_state(lake: Lake) -> None:
    """Remove state files that neither the newest commit nor the one before it names."""
    manifests = lake.manifests()
    recent = [manifest for manifest, _ in zip(manifests, range(2), strict=False)]
    needed = {lake.root / file.path for manifest in recent for file in manifest.state}
    for folder in lake.state.glob("*/"):
        for file in folder.iterdir():
            if file not in needed:
                file.unlink()
        if not any(folder.iterdir()):
            folder.rmdir()


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
