"""What flows between the fused stages after select new: a page to work on, or an entry's outcome."""

from dataclasses import dataclass
from datetime import datetime

from schemas.articles import Article
from schemas.dead_letters import DeadLetter
from schemas.entries import Entry


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A page as it came: `url` is where the redirects ended, `body` is decoded of its content encoding."""

    entry: Entry
    url: str
    status: int
    content_type: str | None
    body: bytes
    robots: str
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class PageMissing:
    """An entry whose page could not be had: it ends as `letter` unless the feed's own text can stand in."""

    entry: Entry
    letter: DeadLetter
    robots: str


@dataclass(frozen=True, slots=True)
class Ended:
    """An entry with its terminal outcome: exactly one article or one dead letter."""

    entry: Entry
    record: Article | DeadLetter


@dataclass(frozen=True, slots=True)
class Carried:
    """An entry put off to a later run, whole, with reason and retry_at set."""

    entry: Entry
