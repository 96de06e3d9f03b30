"""What every stage of one run shares: plain, frozen, and cheap to send to workers."""

from dataclasses import dataclass
from datetime import UTC, datetime

from transforms.http.settings import HttpSettings


@dataclass(frozen=True, slots=True)
class RunContext:
    """The settings of one run.

    `deadline_at` ends intake: what has not been begun by then is carried over. `output` and `staging` are
    locations (see `files`): the lake's, and below it the folder that attempts write under. `workers` is the size of
    the process pool. `only_due` polls only feeds that the schedule says are due. `taxonomy_version` is that of the
    taxonomy as the driver read it. `model_path` is the learned model that is applied after the rules, None for none.
    """

    run_id: str
    started_at: datetime
    deadline_at: datetime
    http: HttpSettings
    output: str
    staging: str
    workers: int
    only_due: bool = False
    taxonomy_path: str | None = None
    taxonomy_version: str | None = None
    model_path: str | None = None


def utc_now() -> datetime:
    """The clock of a run; tests give another."""
    return datetime.now(UTC)
