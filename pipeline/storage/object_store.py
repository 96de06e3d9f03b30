"""A lake in an object store that speaks S3's protocol: no rename, no folders, one writing of one object at a time.

Files are read, written, copied and deleted by Beam's I/O for S3; what must not be done twice goes through
`conditional_writes`. A plan has *copies*, from the staging to the final name, and *removals*, the published files
that a rewriting replaces. A copy is whole or not there; where the target is there it has been done. The manifest
comes after all copies, so **a reader who reads the files that manifests name sees whole runs**; a glob may see
files of a run that is being published, or rows twice while they are rewritten.

A process that is paused between the lock's `check` and a write may wake up when its lease is another's. What it
can do then, step by step:

- Write under `staging/<its run>`: nobody reads it, and a later start sweeps it.
- Write its intent: the intent is created only where nothing of that name is. Whoever sweeps a run's staging
  first puts a *tombstone* in the place of its intent, so that exactly one of the two is decided, whatever the
  pauses; the process finds the tombstone and stops. Tombstones stay for DAYS_OF_TOMBSTONE days.
- Copy: only what an intent names, to names of its own run; the next start has done it already or does the same.
- Put its manifest: only after its intent, so the run is to be published; it is created only once. Should a
  compaction have replaced the run meanwhile, the manifest that did so names it as replaced, and readers leave it
  out.
- Remove old state: only files older than its own run that its commit made dispensable.

So two runs never both commit from one state. The lease spares them the work, and tells the second (exit 3).
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.storage.conditional_writes import ConditionalWrites
from pipeline.storage.lease import Lease
from pipeline.storage.storage import INTENT, STAGING, At, LakeError, LockLostError, Plan
from transforms.files import file_exists, open_file, store_errors_as_os_errors, under
from transforms.s3 import s3_io

LOCK = ".lock"
TOMBSTONE = b'{"swept": true}\n'
DAYS_OF_TOMBSTONE = 7
"""How long a process may be paused and still be told that its run was swept."""


class ObjectStore:
    """A prefix of a bucket; see `storage.Storage`. `options` are Beam's: endpoint, credentials, region."""

    def __init__(self, location: str, options: PipelineOptions) -> None:
        self.location = location
        self._options = options
        bucket, _, prefix = location.removeprefix("s3://").partition("/")
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""

    @cached_property
    def _writes(self) -> ConditionalWrites:
        return ConditionalWrites(self._bucket, self._options)

    @property
    def folder(self) -> Path:
        """There is none."""
        raise LakeError(f"{self.location} is no folder on a local disk, which this needs")

    def create(self) -> None:
        """Ask for the bucket; prefixes need no making, and taking the lease shows whether it can be written to."""
        try:
            self._writes.require_bucket()
        except OSError as error:
            raise LakeError(
                f"the output {self.location} can't be reached ({error.strerror}): see to the bucket and the "
                "credentials, and name another store with `-- --s3_endpoint_url=URL`"
            ) from error

    def lock(self, token: str) -> Lease:
        """A lease."""
        return Lease(self._writes, f"{self._prefix}{LOCK}", token)

    def locate(self, key: str) -> str:
        """The object's URL."""
        return under(self.location, key)

    def open(self, key: str) -> BinaryIO:
        """An object, for reading."""
        return open_file(self.locate(key))

    def size(self, key: str) -> int | None:
        """Bytes of an object; None where there is none."""
        location = self.locate(key)
        try:
            with store_errors_as_os_errors(location):
                return int(s3_io().size(location))
        except FileNotFoundError:
            return None

    def files(self, folder: str) -> list[str]:
        """Keys of all objects below a prefix."""
        return sorted(key for key, _, _ in self._listed(folder))

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects."""
        locations = [self.locate(key) for key in keys]
        if locations:
            with store_errors_as_os_errors(self.location):
                for _, error in s3_io().delete_files(locations):
                    if error is not None:
                        raise error

    def staged_runs(self) -> list[str]:
        """Runs with anything under staging but a tombstone; tombstones that have served are removed."""
        runs: dict[str, bool] = {}
        for key, size, written_at in self._listed(STAGING):
            run_id, _, name = key.removeprefix(f"{STAGING}/").partition("/")
            tombstone = name == INTENT and size == len(TOMBSTONE)
            if tombstone and written_at < time.time() - DAYS_OF_TOMBSTONE * 86_400:
                self.delete([key])
            runs[run_id] = runs.get(run_id, False) or not tombstone
        return sorted(run_id for run_id, left in runs.items() if left)

    def plan(
        self,
        run_id: str,  # noqa: ARG002 -- the names of staged files need no change
        staged: Mapping[str, str],
        *,
        rewritten: Sequence[str],  # noqa: ARG002 -- there are no folders
        replaced: Collection[str],
    ) -> Plan:
        """Copies and removals of objects; a staged object is durable already."""
        copies = [(source, target) for target, source in staged.items()]
        return {"copies": copies, "removals": sorted(replaced)}

    def decide(self, run_id: str, intent: str) -> None:
        """Create the intent, unless a tombstone is in its place."""
        if self._writes.create(self._intent(run_id), intent.encode()) is None:
            raise LockLostError("another run took this one for dead and has swept what it staged")

    def intent(self, run_id: str) -> str | None:
        """The intent; where there is none, a tombstone sees to it that there never will be."""
        key = self._intent(run_id)
        found = self._writes.read(key)
        if found is None:
            if self._writes.create(key, TOMBSTONE) is not None:
                return None
            found = self._writes.read(key)
        return None if found is None or found.data == TOMBSTONE else found.data.decode()

    def intents(self) -> list[str]:
        """Runs that have an intent now."""
        return [
            key.split("/")[1]
            for key, size, _ in self._listed(STAGING)
            if key.endswith(f"/{INTENT}") and key.count("/") == 2 and size != len(TOMBSTONE)
        ]

    def carry_out(self, run_id: str, plan: Plan, check: Callable[[], None], at: At) -> None:
        """Copy objects to their final names."""
        for source, target in plan["copies"]:
            if not file_exists(self.locate(target)):
                if not file_exists(self.locate(source)):
                    raise LakeError(
                        f"the intent of run {run_id} names {self.locate(source)}, which is gone and not published"
                    )
                check()
                self._copy(source, target)
            at(f"published {target.split('/')[0]}")

    def publish_manifest(self, key: str, text: str) -> None:
        """Create the manifest; one that is there already must be the same."""
        if self._writes.create(f"{self._prefix}{key}", text.encode()) is None:
            raise LakeError(f"{self.locate(key)} is there already, and another than this run's")

    def clear(self, run_id: str, plan: Plan | None) -> None:
        """Remove what was replaced, what was staged, and last the intent; a tombstone stays."""
        intent = f"{STAGING}/{run_id}/{INTENT}"
        if plan is not None:
            self.delete(plan["removals"])
        self.delete(key for key in self.files(f"{STAGING}/{run_id}") if key != intent)
        if plan is not None:
            self.delete([intent])

    def require_rewritable(self) -> None:
        """New versions are new objects here, and a manifest says which stand: nothing is needed."""

    def _intent(self, run_id: str) -> str:
        return f"{self._prefix}{STAGING}/{run_id}/{INTENT}"

    def _copy(self, source: str, target: str) -> None:
        with store_errors_as_os_errors(self.locate(target)):
            s3_io().copy(self.locate(source), self.locate(target))

    def _listed(self, folder: str) -> list[tuple[str, int, float]]:
        """(key, bytes, Unix time of writing) of every object below a prefix."""
        lead = under(self.location, "")
        with store_errors_as_os_errors(self.location):
            found = s3_io().list_files(under(self.location, folder, ""), with_metadata=True)
            return [(path.removeprefix(lead), size, written_at) for path, (size, written_at) in found]
