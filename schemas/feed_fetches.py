"""The feed_fetches table: one row per feed of the list and run, polled or skipped."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from schemas.columns import Category, Float32, Instant, Int16, Int32, Int64, column


class FeedOutcome(StrEnum):
    """What became of a feed in a run."""

    FETCHED = "fetched"
    NOT_MODIFIED = "not_modified"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class FeedFetch:
    """One poll of one feed, or the reason why it was not polled."""

    TABLE: ClassVar[str] = "feed_fetches"
    VERSION: ClassVar[int] = 1

    feed_url: str = column("the feed, exactly as written in the feed list")
    final_url: str | None = column("the URL where the redirects ended")
    outcome: Category = column("fetched, not_modified, failed or skipped")
    http_status: Int16 | None = column("status of the last response, null if there was none")
    entries: Int32 | None = column("entries listed in the body")
    new_entries: Int32 | None = column("entries that the last body did not list")
    overlap: Float32 | None = column("share of entries that the last body listed too; null on the first poll")
    bytes: Int64 | None = column("decoded bytes of the body")
    elapsed_ms: Int32 | None = column("milliseconds from request to the end of the response")
    etag: str | None = column("the response's ETag")
    last_modified: str | None = column("the response's Last-Modified")
    next_poll_at: Instant | None = column("when the schedule asks next")
    reason: Category | None = column("why it failed or was skipped, as in dead_letters")
    failures: Int16 = column("failures in a row")
    fetched_at: Instant = column("when it was polled, or passed over")
    run_id: str = column("the run that wrote the row")
