"""A feed on its way through a run: to be polled, fetched, and told of."""

from dataclasses import dataclass
from datetime import datetime

from schemas.dead_letters import DeadLetter
from schemas.feed_fetches import FeedFetch
from schemas.feeds import FeedSource, FeedState


@dataclass(frozen=True, slots=True)
class FeedTask:
    """A feed of the list with what is remembered of it."""

    source: FeedSource
    state: FeedState | None


@dataclass(frozen=True, slots=True)
class FeedBody:
    """A feed's response with a body, not yet parsed."""

    task: FeedTask
    url: str
    status: int
    content_type: str | None
    body: bytes
    truncated: bool
    elapsed_ms: int
    etag: str | None
    last_modified: str | None
    max_age: int | None
    permanent_url: str | None
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class PolledFeed:
    """The end of a poll: the row to write, the state to keep, and what went wrong.

    `departed` are the keys that the last body listed and this one does not; their days of grace begin now.
    """

    fetch: FeedFetch
    state: FeedState | None
    dead_letter: DeadLetter | None
    departed: tuple[bytes, ...]
