"""What the extractor gives for a page: the parts of an article, or why there is none."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Extraction:
    """The parts of an article that a page (or the feed's own text) gave, each with its provenance."""

    text: str
    text_source: str
    text_method: str
    title: str | None
    authors: tuple[str, ...]
    published_at: datetime | None
    published_source: str
    published_precision: str
    lang: str | None
    site_name: str | None
    declared_canonical_url: str | None
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no article could be made of a page: a `dead_letters.Reason`, and a sentence."""

    reason: str
    detail: str
