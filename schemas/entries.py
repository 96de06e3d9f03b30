"""An entry of a feed, as it travels from the parser to its one outcome, and is carried over between runs."""

from dataclasses import dataclass
from typing import ClassVar

from schemas.columns import Category, Instant, Int16, Int32, Key, column


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of one feed, whole: enough to become an article without the feed being read again."""

    TABLE: ClassVar[str] = "pending"
    VERSION: ClassVar[int] = 1

    key: Key = column("identity: of the canonical URL, or of feed and content where there is no link")
    feed_url: str = column("the feed, exactly as written in the feed list")
    feed_title: str | None = column("the feed's own title")
    entry_id: str | None = column("the feed's own id (guid)")
    url: str | None = column("the listed link, absolute; null where the entry has none that can be fetched")
    canonical_url: str | None = column("the listed link, normalised; null where url is")
    title: str | None = column("the entry's title, plain text")
    authors: tuple[str, ...] = column("names the entry gives as authors")
    published_at: Instant | None = column("the entry's date, null where absent or impossible")
    published_raw: str | None = column("the date as the feed writes it")
    summary: str | None = column("the entry's summary, plain text")
    content: str | None = column("the entry's full content, plain text")
    lang: str | None = column("the language that the feed or entry declares, primary subtag")
    truncated: bool = column("whether summary or content was cut by a limit")
    feed_index: Int32 = column("place of the feed in the list, from 0")
    position: Int32 = column("place of the entry in the feed, from 0")
    problem: Category | None = column(
        "why the entry cannot be fetched (bad_url), null where it can", default=None
    )
    attempts: Int16 = column("runs that have tried", default=0)
    reason: Category | None = column("why the last try was put off", default=None)
    detail: str | None = column("what happened at the last try", default=None)
    first_listed_at: Instant | None = column("when tocsin first saw it", default=None)
    retry_at: Instant | None = column("not to be tried before", default=None)
