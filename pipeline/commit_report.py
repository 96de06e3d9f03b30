"""What a run's report tells of, published: its files, the state after it, and the manifest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.commit import STATES_KEPT, nowhere, publish, published_as, staged_key
from pipeline.lake import Lake
from pipeline.schema_evolution import VERSIONS
from pipeline.state import State, write_state
from pipeline.storage.storage import At, Lock
from schemas.entries import Entry
from schemas.manifest import Manifest
from schemas.report import Balance, Report
from schemas.version import TOCSIN_VERSION


@dataclass(frozen=True, slots=True)
class CommitPlan:
    """What a commit is told beside the report.

    `before` is the state that the run began with. `kept_pending` are entries carried over that the run did not take
    in, and that stay so. `states_kept` is how many commits' states are kept.
    """

    run_id: str
    started_at: datetime
    runner: str
    options: dict[str, Any]
    taxonomy_version: str
    before: State
    kept_pending: Sequence[Entry] = ()
    states_kept: int = STATES_KEPT


def commit_report(
    lake: Lake,
    lock: Lock,
    plan: CommitPlan,
    report: Report,
    balance: Balance,
    *,
    now: datetime,
    at: At = nowhere,
) -> Manifest:
    """Publish the files of a report that was verified and balances; gives the manifest that now stands.

    Raises:
        LockLostError, OSError, PublishInterruptedError: as `publish`.
    """
    state_files = write_state(
        lake,
        staged_key(plan.run_id, f"state/{plan.run_id}"),
        plan.run_id,
        before=plan.before,
        staged=report.files,
        now=now,
        kept_pending=plan.kept_pending,
    )
    published = published_as(lake, plan.run_id, report.files)
    feeds = report.group("feeds")
    manifest = Manifest(
        run_id=plan.run_id,
        started_at=plan.started_at.isoformat(),
        committed_at=now.isoformat(),
        tocsin_version=TOCSIN_VERSION,
        schema_versions=VERSIONS,
        taxonomy_version=plan.taxonomy_version,
        runner=plan.runner,
        options=plan.options,
        files=tuple(published),
        replaces=(),
        feeds={
            name: int(feeds.get(name, 0))
            for name in ("listed", "fetched", "not_modified", "failed", "skipped")
        },
        balance=balance,
        state=state_files,
    )
    staged = {file.path: key for file, key in published.items()}
    publish(lake, lock, manifest, staged, states_kept=plan.states_kept, at=at)
    return manifest
