"""The commit: how a run's files become part of the lake, whole or not at all.

The protocol, step by step; each step's name is given to `at`, so that a test can stop there:

1. *verified*: every file that the report names is read back: its rows and its sha256 must be as reported. Files
   that no report names (of attempts that failed) are not looked at.
2. *gathered*: the named files are made ready and durable under `staging/<run>`, and a plan says how they become
   visible; `storage.local_disk` and `storage.object_store` say how that is done in either place.
3. *intended*: `staging/<run>/intent.json` is written, whole and durably. It holds the manifest and the plan.
   **Before it, recovery sweeps the staging; after it, recovery only rolls forward.**
4. *published <table>*, *exchanged <folder>*: the plan is carried out. Before each step the lock is asked whether
   it is still ours.
5. *committed*: the manifest is put into `runs/`. Its presence is the commit.
6. *cleared*: the manifests that this one replaces are removed, state that no commit needs to fall back on, and
   the staging.

Every step may be repeated. A late writer of a dead attempt writes under `staging/<run>`, which is swept and never
read as data.
"""

import itertools
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from pipeline.lake import PUBLISHED_TABLES, Lake, damage_of, state_run
from pipeline.storage.storage import INTENT, STAGING, At, LakeError, Lock, LockLostError, Plan
from schemas.manifest import LakeFile, Manifest
from schemas.report import StagedFile
from transforms.files import parquet_file, sha256_of

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
        where = lake.storage.locate(file.path)
        try:
            digest = sha256_of(where)
            with parquet_file(where) as parquet:
                rows = parquet.metadata.num_rows
        except (OSError, pa.ArrowException) as error:
            raise CommitError(f"the staged file {where} can't be read back: {error}") from error
        if digest != file.sha256 or rows != file.rows:
            raise CommitError(f"the staged file {where} is not as it was reported (rows or sha256 differ)")


def published_as(lake: Lake, run_id: str, files: Sequence[StagedFile]) -> dict[LakeFile, str]:
    """The reported files of published tables under their final names, each with its key under the staging."""
    return {
        LakeFile(
            table,
            f"{lake.table_folder(table, run_id)}/part-{number}.parquet",
            file.rows,
            file.bytes,
            file.sha256,
        ): file.path
        for table in PUBLISHED_TABLES
        for number, file in enumerate(file for file in files if file.table == table)
    }


def staged_key(run_id: str, published: str) -> str:
    """Where a file that the driver writes itself (state, a rewritten table) is staged; `published` is its final key."""
    return f"{STAGING}/{run_id}/publish/{published}"


def publish(
    lake: Lake,
    lock: Lock,
    manifest: Manifest,
    staged: Mapping[str, str],
    *,
    rewritten: Sequence[str] = (),
    replaced: Collection[str] = (),
    states_kept: int = STATES_KEPT,
    at: At = nowhere,
) -> None:
    """Steps 2 to 6.

    Args:
        lake: where to.
        lock: ours.
        manifest: what is published.
        staged: final key -> key under the staging, of every new file but those of the run's own state.
        rewritten: date folders (articles/ingest_date=...) whose files are all new versions of published ones.
        replaced: keys of the files that stand there now.
        states_kept: commits whose state is kept; 1 where nothing of an older one may stay.
        at: told each step by name.

    Raises:
        LockLostError: the lock was taken from us before the intent; nothing is visible.
        OSError: the disk or the store refused before the intent; nothing is visible.
        PublishInterruptedError: either came after the intent; the next run rolls forward.
    """
    run_id = manifest.run_id
    own_state = {
        file.path: staged_key(run_id, file.path) for file in manifest.state if state_run(file) == run_id
    }
    plan = lake.storage.plan(run_id, {**staged, **own_state}, rewritten=rewritten, replaced=replaced)
    at("gathered")
    intent = Intent(manifest.to_json(), plan, states_kept)
    lock.check()
    lake.storage.decide(run_id, intent.to_json())
    try:
        at("intended")
        _roll_forward(lake, lock, run_id, intent, at)
    except (OSError, LakeError, LockLostError) as error:
        raise PublishInterruptedError(str(error)) from error


def recover(lake: Lake, lock: Lock) -> list[str]:
    """Put right what an earlier run left: roll forward what was intended, sweep the rest. Says what was done.

    Raises:
        LakeError: an intent can't be read, or names files that are neither staged nor published.
    """
    done = []
    for run_id in lake.storage.staged_runs():
        text = lake.storage.intent(run_id)
        if text is not None:
            intent = Intent.read(text, lake.storage.locate(f"{STAGING}/{run_id}/{INTENT}"))
            try:
                _roll_forward(lake, lock, run_id, intent, nowhere)
            except LakeError:
                if not lake.was_replaced(run_id):
                    raise
                # It was published long ago; a process that had been paused has left its intent once more.
                lake.storage.clear(run_id, intent.plan)
            done.append(f"run {run_id} had begun to publish: rolled forward")
        else:
            lake.storage.clear(run_id, None)
            done.append(f"run {run_id} had published nothing: its staging was swept")
    return done


@dataclass(frozen=True, slots=True)
class Intent:
    """What a run is about to do to the lake: its manifest's text, and the plan of the place that it is kept in."""

    manifest: str
    plan: Plan
    states_kept: int = STATES_KEPT

    def to_json(self) -> str:
        """What is stored."""
        return json.dumps({"manifest": self.manifest, "plan": self.plan, "states_kept": self.states_kept})

    @classmethod
    def read(cls, text: str, where: str) -> "Intent":
        """The intent that `to_json` wrote.

        Raises:
            LakeError: it can't be read.
        """
        try:
            values = json.loads(text)
            return cls(values["manifest"], dict(values["plan"]), values["states_kept"])
        except (ValueError, KeyError, TypeError) as error:
            raise LakeError(f"the intent {where} can't be read: {error}") from error


def _roll_forward(lake: Lake, lock: Lock, run_id: str, intent: Intent, at: At) -> None:
    lake.storage.carry_out(run_id, intent.plan, lock.check, at)
    lock.check()
    lake.storage.publish_manifest(lake.manifest_key(run_id), intent.manifest)
    at("committed")
    manifest = Manifest.from_json(intent.manifest)
    lake.storage.delete(lake.manifest_key(replaced) for replaced in manifest.replaces)
    clear_old_state(lake, run_id, intent.states_kept)
    lake.storage.clear(run_id, intent.plan)
    at("cleared")


def clear_old_state(lake: Lake, run_id: str, states_kept: int = STATES_KEPT) -> None:
    """Remove state files, none of runs after this one, that none of the newest whole states names.

    Commits that only rewrote share a state.
    """
    states = [state for _, state in lake.states()]
    whole = (state for state in states if not any(damage_of(lake, file) for file in state))
    kept = list(itertools.islice(whole, states_kept))
    if not kept:
        return  # a place that can't be read for a moment must not cost the state
    # The newest stays even where it can't be read now: only a later commit makes it dispensable.
    needed = {file.path for state in [states[0], *kept] for file in state}
    # A process that was paused here may find the state of a run that came after it.
    older = (key for key in lake.storage.files("state") if key.split("/")[1] <= run_id)
    lake.storage.delete([key for key in older if key not in needed])
