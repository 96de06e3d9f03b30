"""The articles table: one row per article, with topics, figures and the words that prove them."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from schemas.columns import Category, Float32, Instant, Int32, Int64, column


@dataclass(frozen=True, slots=True)
class Evidence:
    """The words that prove a topic: `field[start:end] == text`, offsets in code points."""

    field: str
    start: Int32
    end: Int32
    text: str
    rule: str


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic found in an article, with its score in 0..1, its concepts (CURIEs) and its evidence."""

    topic: str
    score: Float32
    concepts: tuple[str, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that the text states; `high` is None for "more than", `low` is None for "up to"."""

    kind: str
    low: Int64 | None
    high: Int64 | None
    field: str
    start: Int32
    end: Int32
    text: str
    sentence: str


@dataclass(frozen=True, slots=True)
class MentionedDate:
    """A day that the title or text states, a month or a range of days: `field[start:end] == text` says so.

    `low` and `high` are its first and last day; `precision` is day, or month where no day is said.
    """

    low: date
    high: date
    precision: str
    field: str
    start: Int32
    end: Int32
    text: str


@dataclass(frozen=True, slots=True)
class MentionedPlace:
    """A country or city that the title or text names: `field[start:end] == text` does.

    `name` is its English name, `geonames_id` GeoNames' number, `country` the ISO 3166 code, `kind` country or city.
    """

    name: str
    geonames_id: Int64
    country: str
    kind: str
    field: str
    start: Int32
    end: Int32
    text: str


@dataclass(frozen=True, slots=True)
class Article:
    """One article: where it came from, what it says, and what was found in it."""

    TABLE: ClassVar[str] = "articles"
    VERSION: ClassVar[int] = 3

    article_id: str = column("first 128 bits of SHA-256 of canonical_url, in hex")
    canonical_url: str = column("the listed URL, normalised by tocsin's own rules")
    url: str = column("the URL where the redirects ended; the listed one where no page was fetched")
    declared_canonical_url: str | None = column("the page's rel=canonical, null if none")
    feed_url: str = column("the feed, exactly as written in the feed list")
    entry_id: str | None = column("the feed's own id (guid) of the entry")
    host: str = column("host name of canonical_url")
    site_name: str | None = column("the site's name as the page or feed gives it")
    title: str | None = column("the headline, without site name")
    authors: tuple[str, ...] = column("names of the authors")
    text: str = column("the article's text, paragraphs separated by newlines")
    text_source: Category = column("page, or feed where the page could not be had")
    text_method: Category = column("which extractor or structured data gave the text")
    truncated: bool = column("whether the feed's text was cut by a limit")
    lang: str | None = column("BCP 47 primary subtag, null where unsure")
    published_at: Instant | None = column("when the article was published, null rather than a guess")
    published_source: Category = column("json_ld, meta, feed, url, page_text or none")
    published_precision: Category = column("second, minute, day or none")
    fetched_at: Instant = column("when the text was fetched")
    robots: Category = column("allowed, no_rules, ignored or exempt")
    word_count: Int32 = column("words in text")
    content_hash: str = column("SHA-256 of the normalised text, first 128 bits in hex")
    topics: tuple[Topic, ...] = column("topics found, each with score, concepts and evidence")
    figures: tuple[Figure, ...] = column("figures stated, each with the words that state it")
    taxonomy_version: str | None = column("version of the taxonomy that found the topics")
    run_id: str = column("the run that wrote the row")
    dates: tuple[MentionedDate, ...] = column(
        "days and months that title and text state, each with the words that do", default=()
    )
    places: tuple[MentionedPlace, ...] = column(
        "countries and cities that title and text name, with their GeoNames ids", default=()
    )
