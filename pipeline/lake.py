"""Where things stand in an output folder, and the manifests that say what is committed."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from schemas.manifest import LakeFile, Manifest

PUBLISHED_TABLES = ("articles", "dead_letters", "feed_fetches")
"""Tables that readers see; each has a folder of its own."""

RUN_TIME = "%Y%m%dT%H%M%S%f"
"""How a run id tells the run's start, in UTC."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:")

PREVIOUS_STATE = "previous_state"
"""Where the options of a manifest that replaces others name the state to go back to."""


class LakeError(Exception):
    """The output cannot be used: where, and how to mend it."""


@dataclass(frozen=True, slots=True)
class Lake:
    """An output folder. Opening it makes nothing; `create` does."""

    root: Path

    @property
    def staging(self) -> Path:
        """Where attempts write; nothing here is ever read as data."""
        return self.root / "staging"

    @property
    def state(self) -> Path:
        """What runs remember, a folder a run."""
        return self.root / "state"

    @property
    def lock_file(self) -> Path:
        """The file that a run holds an flock on."""
        return self.root / ".lock"

    def create(self) -> None:
        """Make the folder, readable by its owner alone, since it holds other people's texts.

        Raises:
            LakeError: the folder can't be made or written to, or is no local one.
        """
        scheme = next((part for part in self.root.parts if _SCHEME.fullmatch(part)), None)
        if scheme is not None:
            raise LakeError(
                f"the output {self.root} names a place by {scheme}// : the commit renames folders, so name a folder "
                "on a local disk"
            )
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.staging.mkdir(exist_ok=True, mode=0o700)
            probe = self.staging / ".probe"
            probe.write_bytes(b"")
            probe.unlink(missing_ok=True)
        except OSError as error:
            raise LakeError(
                f"the output {self.root} can't be written to ({error.strerror}): name another with --out, "
                "or mend its rights"
            ) from error

    def table_folder(self, table: str, run_id: str) -> Path:
        """The folder that holds a run's share of a published table."""
        return self.root / table / f"ingest_date={ingest_date(run_id)}" / run_id

    def manifest_path(self, run_id: str) -> Path:
        """Where a run's manifest stands once it is committed."""
        return self.root / "runs" / f"ingest_date={ingest_date(run_id)}" / f"{run_id}.json"

    def manifest_paths(self) -> list[Path]:
        """All manifests, oldest first: run ids sort by their start."""
        return sorted(self.root.glob("runs/ingest_date=*/*.json"), key=lambda path: path.stem)

    def manifests(self) -> Iterator[Manifest]:
        """All manifests, newest first.

        Raises:
            LakeError: one can't be read, or was written by newer code.
        """
        for path in reversed(self.manifest_paths()):
            yield read_manifest(path)

    def states(self) -> Iterator[tuple[Manifest, tuple[LakeFile, ...]]]:
        """The states that manifests name, newest first, each once, with the manifest that names it.

        A manifest that replaces others names, beside its own, the state to go back to (see `rewrite`).

        Raises:
            LakeError: as `manifests`.
        """
        seen: list[tuple[LakeFile, ...]] = []
        for manifest in self.manifests():
            older = tuple(LakeFile(**file) for file in manifest.options.get(PREVIOUS_STATE, ()))
            for state in (manifest.state, older):
                if state and state not in seen:
                    seen.append(state)
                    yield manifest, state

    def run_id_after_all(self, run_id: str) -> str:
        """The run id, or where the newest manifest's is later one just after that: the newest commit sorts last.

        A clock that was ahead and has been set right must not let a run hide behind the one before it.
        """
        newest = max((path.stem for path in self.manifest_paths()), default="")
        if run_id > newest:
            return run_id
        moment = datetime.strptime(newest.partition("Z-")[0], RUN_TIME).replace(tzinfo=UTC)
        return new_run_id(moment + timedelta(microseconds=1), run_id.partition("Z-")[2])

    def require(self) -> None:
        """Raise LakeError where this is no lake with a committed run."""
        if not self.manifest_paths():
            raise LakeError(f"{self.root} holds no committed run: `tocsin run --out {self.root}` makes one")


def read_manifest(path: Path) -> Manifest:
    """One manifest.

    Raises:
        LakeError: it can't be read, or was written by newer code.
    """
    try:
        return Manifest.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LakeError(f"the manifest {path} can't be used: {error}") from error


def damage_of(lake: Lake, file: LakeFile) -> str | None:
    """What is wrong with a file that a manifest names, None where it is as it was written."""
    try:
        with (lake.root / file.path).open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        return f"{file.path}: {error.strerror}"
    return None if digest == file.sha256 else f"{file.path}: its sha256 is not the manifest's"


def new_run_id(started_at: datetime, suffix: str) -> str:
    """A run id that sorts by its start: UTC to the microsecond, and a random suffix."""
    return f"{started_at.astimezone(UTC).strftime(RUN_TIME)}Z-{suffix}"


def ingest_date(run_id: str) -> str:
    """The UTC date of a run's start, as YYYY-MM-DD."""
    return f"{run_id[:4]}-{run_id[4:6]}-{run_id[6:8]}"
