"""A feed of the list, and what tocsin remembers of it between runs."""

from dataclasses import dataclass
from typing import ClassVar

from schemas.columns import Instant, Int16, Int32, Key, column


@dataclass(frozen=True, slots=True)
class FeedSource:
    """A feed as the list names it: `url` exactly as written, `index` its place, from 0.

    `shown` is what tables and logs call it: the URL as written, but for secrets in it.
    """

    url: str
    title: str | None
    index: int
    line: int | None
    shown: str = ""


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is remembered of a feed. Decisions about the next poll are pure functions of it (see schedule)."""

    TABLE: ClassVar[str] = "feeds"
    VERSION: ClassVar[int] = 1

    feed_url: str = column("the feed, exactly as written in the feed list")
    current_url: str | None = column(
        "where to ask: an adopted permanent redirect, null if none", default=None
    )
    moved_to: str | None = column("target of a permanent redirect not yet adopted", default=None)
    moved_seen: Int16 = column("polls in a row that saw moved_to", default=0)
    etag: str | None = column("ETag to ask with", default=None)
    last_modified: str | None = column("Last-Modified to ask with", default=None)
    body_hash: Key | None = column("of the last body", default=None)
    entry_keys: tuple[Key, ...] = column("keys of the entries of the last body", default=())
    conditional_polls: Int16 = column("conditional requests since the last unconditional one", default=0)
    interval_s: Int32 | None = column("seconds between polls that the schedule has settled on", default=None)
    next_poll_at: Instant | None = column("when the schedule asks next", default=None)
    wait_until: Instant | None = column("not to be asked before (Retry-After, 410, backoff)", default=None)
    wait_reason: str | None = column("why wait_until stands, as a dead-letter reason", default=None)
    failures: Int16 = column("failures in a row", default=0)
    last_polled_at: Instant | None = column("the last poll", default=None)
    last_success_at: Instant | None = column("the last poll that gave a body or a 304", default=None)
    last_reason: str | None = column("why the last poll failed, null if it did not", default=None)


@dataclass(frozen=True, slots=True)
class KnownKey:
    """An entry that has had its outcome. It stays known while a feed lists it, and some days after."""

    TABLE: ClassVar[str] = "known"
    VERSION: ClassVar[int] = 1

    key: Key = column("the entry's key")
    listed_at: Instant = column("when it was last seen listed")
