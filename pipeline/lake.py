"""Where things stand in a lake, and the manifests that say what is committed."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.storage.place import storage_at
from pipeline.storage.storage import LakeError
from schemas.manifest import LakeFile, Manifest
from transforms.files import parquet_file, read_table, sha256_of

__all__ = ["Lake", "LakeError"]

PUBLISHED_TABLES = ("articles", "dead_letters", "feed_fetches")
"""Tables that readers see; each has a folder of its own."""

RUN_TIME = "%Y%m%dT%H%M%S%f"
"""How a run id tells the run's start, in UTC."""

PREVIOUS_STATE = "previous_state"
"""Where the options of a manifest that replaces others name the state to go back to."""


class Lake:
    """A lake at a place: a folder, or the URL of an object store. Opening it makes nothing.

    Args:
        place: a path, or s3://BUCKET/PREFIX.
        options: Beam's, which say how a store is reached; None for those that this process has.

    Raises:
        LakeError: the place is a URL of a store that tocsin can't write to safely.
    """

    def __init__(self, place: Path | str, options: PipelineOptions | None = None) -> None:
        self.storage = storage_at(place, options)

    @property
    def location(self) -> str:
        """The place, for messages and workers."""
        return self.storage.location

    @property
    def root(self) -> Path:
        """The folder of a lake on a local disk. Raises LakeError elsewhere."""
        return self.storage.folder

    def table_folder(self, table: str, run_id: str) -> str:
        """Key of the folder that holds a run's share of a published table."""
        return f"{table}/ingest_date={ingest_date(run_id)}/{run_id}"

    def manifest_key(self, run_id: str) -> str:
        """Where a run's manifest stands once it is committed."""
        return f"runs/ingest_date={ingest_date(run_id)}/{run_id}.json"

    def manifest_keys(self) -> list[str]:
        """All manifests, oldest first: run ids sort by their start."""
        keys = (key for key in self.storage.files("runs") if key.count("/") == 2 and key.endswith(".json"))
        return sorted((key for key in keys if not is_hidden(key)), key=run_of)

    def manifests(self) -> Iterator[Manifest]:
        """All manifests, newest first.

        Raises:
            LakeError: one can't be read, or was written by newer code.
        """
        for key in reversed(self.manifest_keys()):
            yield read_manifest(self, key)

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
        newest = max((run_of(key) for key in self.manifest_keys()), default="")
        if run_id > newest:
            return run_id
        moment = datetime.strptime(newest.partition("Z-")[0], RUN_TIME).replace(tzinfo=UTC)
        return new_run_id(moment + timedelta(microseconds=1), run_id.partition("Z-")[2])

    def was_replaced(self, run_id: str) -> bool:
        """Whether a committed manifest stands for this run's. Raises LakeError as `manifests`."""
        return any(run_id in manifest.replaces for manifest in self.manifests())

    def require(self) -> None:
        """Raise LakeError where this is no lake with a committed run."""
        try:
            found = self.manifest_keys()
        except OSError as error:
            raise LakeError(f"{self.location} can't be read: {error.strerror}") from error
        if not found:
            raise LakeError(
                f"{self.location} holds no committed run: `tocsin run --out {self.location}` makes one"
            )

    def read_table(
        self, file: LakeFile, *, columns: Sequence[str] | None = None, schema: pa.Schema | None = None
    ) -> pa.Table:
        """A file that a manifest names, or columns of it. Raises as `files.read_table`."""
        return read_table(self.storage.locate(file.path), columns=columns, schema=schema)

    def parquet(self, file: LakeFile) -> AbstractContextManager[pq.ParquetFile]:
        """A file that a manifest names, to read piece by piece. Raises as `files.parquet_file`."""
        return parquet_file(self.storage.locate(file.path))


def read_manifest(lake: Lake, key: str) -> Manifest:
    """One manifest.

    Raises:
        LakeError: it can't be read, or was written by newer code.
    """
    try:
        with lake.storage.open(key) as file:
            return Manifest.from_json(file.read().decode())
    except (OSError, ValueError) as error:
        raise LakeError(f"the manifest {lake.storage.locate(key)} can't be used: {error}") from error


def damage_of(lake: Lake, file: LakeFile) -> str | None:
    """What is wrong with a file that a manifest names, None where it is as it was written."""
    try:
        digest = sha256_of(lake.storage.locate(file.path))
    except OSError as error:
        return f"{file.path}: {error.strerror}"
    return None if digest == file.sha256 else f"{file.path}: its sha256 is not the manifest's"


def run_of(key: str) -> str:
    """The run whose manifest a key is."""
    return key.rpartition("/")[2].removesuffix(".json")


def state_run(file: LakeFile) -> str:
    """The run that wrote a file of the state."""
    return file.path.split("/")[1]


def is_hidden(key: str) -> bool:
    """Whether a file is one that is being written still."""
    return key.rpartition("/")[2].startswith(".")


def new_run_id(started_at: datetime, suffix: str) -> str:
    """A run id that sorts by its start: UTC to the microsecond, and a random suffix."""
    return f"{started_at.astimezone(UTC).strftime(RUN_TIME)}Z-{suffix}"


def ingest_date(run_id: str) -> str:
    """The UTC date of a run's start, as YYYY-MM-DD."""
    return f"{run_id[:4]}-{run_id[4:6]}-{run_id[6:8]}"
