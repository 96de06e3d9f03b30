"""When an article was published: to the second where the page says so, null rather than a guess."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dateutil import parser as date_parser

from schemas.entries import Entry
from transforms.extraction.structured_data import StructuredData, text_of

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r"^\s*(\d{4})-(\d{1,2})-(\d{1,2})(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s*(Z|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class PublicationTime:
    """A moment, where it comes from and how exact it is."""

    at: datetime | None
    source: str
    precision: str


UNKNOWN = PublicationTime(None, "none", "none")
_META = (
    "article:published_time",
    "article:published",
    "og:article:published_time",
    "datepublished",
    "og:published_time",
    "parsely-pub-date",
    "sailthru.date",
    "date",
    "dc.date.issued",
    "pubdate",
    "publishdate",
    "cxenseparse:recs:publishtime",
)


def publication_time(data: StructuredData, entry: Entry, now: datetime) -> PublicationTime:
    """The first possible time of JSON-LD, meta elements and the feed."""
    for node in (*data.articles, *data.pages):
        found = _moment(text_of(node.get("datePublished")), now)
        if found:
            return PublicationTime(found[0], "json_ld", found[1])
    for name in _META:
        for content in data.meta.get(name, ()):
            found = _moment(content, now)
            if found:
                return PublicationTime(found[0], "meta", found[1])
    if entry.published_at is not None:
        return PublicationTime(entry.published_at, "feed", "second")
    return UNKNOWN


def _moment(value: str | None, now: datetime) -> tuple[datetime, str] | None:
    if not value:
        return None
    match = _ISO.match(value)
    if match:
        precision = "day" if match[4] is None else "minute" if match[6] is None else "second"
    else:
        precision = "second" if value.count(":") > 1 else "minute" if ":" in value else "day"
    try:
        at = date_parser.parse(value)
    except (ValueError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    try:
        at = at.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return (at, precision) if EARLIEST <= at <= now + timedelta(days=1) else None


def possible(at: datetime | None, now: datetime) -> datetime | None:
    """The time in UTC, None where it lies before 1990 or more than a day in the future."""
    if at is None:
        return None
    try:
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return at if EARLIEST <= at <= now + timedelta(days=1) else None
