"""A lake in a folder of a local disk.

Staged files are moved to `staging/<run>/publish/` under the names that they will have, and synced. A plan has
*renames*, one a folder of a run in a table: a glob over the table sees the run's share whole or not at all. Where
published rows are rewritten, whole date folders are *exchanged* with their new versions instead, each in one step
of the file system, so that a glob sees a row once, old or new.

Every step may be repeated: a rename whose source is gone and whose target is there has been done; a date folder
that holds a folder of this run has been exchanged. A late writer of a dead attempt writes under `staging/<run>`,
which is swept and never read as data.
"""

import os
import re
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from pipeline.exchange import can_exchange, exchange
from pipeline.lock import OutputLock
from pipeline.storage.storage import INTENT, STAGING, At, LakeError, Plan
from transforms.files import NewFile, sync

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:")


class LocalDisk:
    """A folder and what is below it; see `storage.Storage`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.location = str(self.folder)
        self._staging = self.folder / STAGING

    def create(self) -> None:
        """Make the folder, readable by its owner alone, since it holds other people's texts."""
        scheme = next((part for part in self.folder.parts if _SCHEME.fullmatch(part)), None)
        if scheme is not None:
            raise LakeError(
                f"the output {self.folder} names a place by {scheme}// : tocsin writes to a folder on a local disk, "
                "or to s3://BUCKET/PREFIX"
            )
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._staging.mkdir(exist_ok=True, mode=0o700)
            probe = self._staging / ".probe"
            probe.write_bytes(b"")
            probe.unlink(missing_ok=True)
        except OSError as error:
            raise LakeError(
                f"the output {self.folder} can't be written to ({error.strerror}): name another with --out, "
                "or mend its rights"
            ) from error

    def lock(self, token: str) -> OutputLock:
        """An flock on a file of the folder."""
        return OutputLock(self.folder / ".lock", token)

    def locate(self, key: str) -> str:
        """The file's path."""
        return str(self.folder / key)

    def open(self, key: str) -> BinaryIO:
        """A file, for reading."""
        return (self.folder / key).open("rb")

    def size(self, key: str) -> int | None:
        """Bytes of a file; None where there is none."""
        path = self.folder / key
        return path.stat().st_size if path.is_file() else None

    def files(self, folder: str) -> list[str]:
        """Keys of all files below a folder."""
        return sorted(self._key(path) for path in (self.folder / folder).rglob("*") if path.is_file())

    def delete(self, keys: Iterable[str]) -> None:
        """Remove files, and the folders that are empty then; each removal is synced."""
        for folder in {(self.folder / key).parent for key in self._deleted(keys)}:
            sync(folder)
            if not any(folder.iterdir()):
                folder.rmdir()
                sync(folder.parent)

    def _deleted(self, keys: Iterable[str]) -> Iterable[str]:
        for key in keys:
            path = self.folder / key
            if path.exists():
                path.unlink()
                yield key

    def staged_runs(self) -> list[str]:
        """The folders under staging. A file there is nobody's, and removed."""
        folders = []
        for path in sorted(self._staging.iterdir()):
            if path.is_dir():
                folders.append(path.name)
            else:
                path.unlink(missing_ok=True)
        return folders

    def plan(
        self,
        run_id: str,
        staged: Mapping[str, str],
        *,
        rewritten: Sequence[str],
        replaced: Collection[str],  # noqa: ARG002 -- they go with the folders that are exchanged
    ) -> Plan:
        """Renames and exchanges of folders, once every file lies where they take it from."""
        publish = self._publish(run_id)
        publish.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in rewritten:
            (publish / folder / run_id).mkdir(parents=True, exist_ok=True, mode=0o700)
        for target, source in staged.items():
            path = publish / target
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            (self.folder / source).rename(path)
        for name, _, _ in os.walk(publish):
            sync(Path(name))
        sync(publish.parent)
        sync(self._staging)
        folders = dict.fromkeys(PurePosixPath(target).parent for target in staged)
        renamed = [
            folder.as_posix()
            for folder in folders
            if not any(folder.is_relative_to(exchanged) for exchanged in rewritten)
        ]
        return {
            "renames": [(self._key(publish / folder), folder) for folder in renamed],
            "exchanges": [(self._key(publish / folder), folder) for folder in rewritten],
        }

    def decide(self, run_id: str, intent: str) -> None:
        """Rename the intent into place."""
        self._write(self._staging / run_id / INTENT, intent)

    def intent(self, run_id: str) -> str | None:
        """The intent; a run without one is over, since the lock is ours."""
        path = self._staging / run_id / INTENT
        return path.read_text(encoding="utf-8") if path.is_file() else None

    def intents(self) -> list[str]:
        """Runs that have an intent now."""
        return sorted(path.parent.name for path in self._staging.glob(f"*/{INTENT}"))

    def carry_out(self, run_id: str, plan: Plan, check: Callable[[], None], at: At) -> None:
        """Rename and exchange folders."""
        for source_name, target_name in plan["renames"]:
            source, target = self.folder / source_name, self.folder / target_name
            if source.exists():
                check()
                self._make_folders(target.parent)
                source.rename(target)
                sync(target.parent)
            elif not target.exists():
                raise LakeError(f"the intent of run {run_id} names {source}, which is gone and not published")
            at(f"published {target_name.split('/')[0]}")
        for source_name, target_name in plan["exchanges"]:
            source, target = self.folder / source_name, self.folder / target_name
            if not (target / run_id).exists():
                check()
                exchange(source, target)
                sync(target.parent)
            at(f"exchanged {target_name}")

    def publish_manifest(self, key: str, text: str) -> None:
        """Rename the manifest into place."""
        path = self.folder / key
        self._make_folders(path.parent)
        self._write(path, text)

    def clear(self, run_id: str, plan: Plan | None) -> None:  # noqa: ARG002 -- old versions lie in the staging
        """Remove the run's folder under staging, synced so that no power cut brings an old intent back."""
        shutil.rmtree(self._staging / run_id)
        sync(self._staging)

    def require_rewritable(self) -> None:
        """Try whether folders can be exchanged here."""
        if not can_exchange(self._staging):
            raise LakeError(
                f"the file system of {self.folder} can't exchange two folders in one step, which rewriting "
                "needs: move the lake to a local disk (ext4, XFS, Btrfs, APFS)"
            )

    def _publish(self, run_id: str) -> Path:
        return self._staging / run_id / "publish"

    def _key(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _make_folders(self, folder: Path) -> None:
        """Make a folder and its parents below the lake's, each synced into its parent."""
        parents = (folder, *folder.parents)
        missing = [path for path in parents if path.is_relative_to(self.folder) and not path.exists()]
        for path in reversed(missing):
            path.mkdir(mode=0o700, exist_ok=True)
            sync(path.parent)

    def _write(self, path: Path, text: str) -> None:
        """Write a file so that it is there whole or not at all: a synced copy, renamed."""
        copy = path.with_name(f".{path.name}.tmp")
        with NewFile(str(copy)) as file:
            file.write(text.encode())
        copy.rename(path)
        sync(path.parent)
