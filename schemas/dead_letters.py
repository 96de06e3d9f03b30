"""The dead_letters table: one row per failure of any stage, with its reason and place."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from schemas.columns import Category, Instant, Int16, column


class Stage(StrEnum):
    """Where in the data path a failure happened."""

    FEED_LIST = "feed_list"
    FETCH_FEEDS = "fetch_feeds"
    PARSE_ENTRIES = "parse_entries"
    FETCH_ARTICLES = "fetch_articles"
    EXTRACT_TEXT = "extract_text"
    DETECT_TOPICS = "detect_topics"
    WRITE_RECORDS = "write_records"


class Level(StrEnum):
    """What failed: a whole feed, or one entry."""

    FEED = "feed"
    ENTRY = "entry"


class Reason(StrEnum):
    """Why something could not be had. A closed list that grows only by decision."""

    BAD_URL = "bad_url"
    PRIVATE_ADDRESS = "private_address"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    BAD_ENCODING = "bad_encoding"
    REDIRECT_LOOP = "redirect_loop"
    BAD_REDIRECT = "bad_redirect"
    ROBOTS = "robots"
    ROBOTS_UNAVAILABLE = "robots_unavailable"
    RATE_LIMITED = "rate_limited"
    HTTP_4XX = "http_4xx"
    HTTP_5XX = "http_5xx"
    GONE = "gone"
    NOT_A_FEED = "not_a_feed"
    EMPTY = "empty"
    PARSE_FAILED = "parse_failed"
    WRONG_TYPE = "wrong_type"
    CHALLENGE = "challenge"
    CONSENT_WALL = "consent_wall"
    NO_TEXT = "no_text"
    TOO_DEEP = "too_deep"
    EXTRACTOR_CRASHED = "extractor_crashed"
    EXTRACTOR_TIMEOUT = "extractor_timeout"
    RETRIES_EXHAUSTED = "retries_exhausted"
    INTERNAL = "internal"


RETRYABLE: frozenset[Reason] = frozenset(
    {
        Reason.DNS,
        Reason.CONNECT,
        Reason.TIMEOUT,
        Reason.ROBOTS_UNAVAILABLE,
        Reason.RATE_LIMITED,
        Reason.HTTP_5XX,
    }
)
"""Reasons that another run may see gone; entries that fail so are carried over."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One failure: what, where, why, and whether trying again may help."""

    TABLE: ClassVar[str] = "dead_letters"
    VERSION: ClassVar[int] = 1

    stage: Category = column("feed_list, fetch_feeds, parse_entries, fetch_articles, extract_text, ...")
    level: Category = column("feed or entry")
    reason: Category = column("one of the closed list of reasons")
    url: str | None = column("the URL that failed, without secrets")
    feed_url: str | None = column("the feed, exactly as written in the feed list")
    entry_id: str | None = column("the feed's own id (guid) of the entry")
    host: str | None = column("host name of url")
    detail: str = column("what happened, in a sentence")
    http_status: Int16 | None = column("status of the last response, null if there was none")
    retryable: bool = column("whether a later run may succeed")
    attempts: Int16 = column("how many runs have tried")
    occurred_at: Instant = column("when it failed")
    run_id: str = column("the run that wrote the row")
