"""An article from the feed's own text: for pages that could not be had or are not to be fetched."""

from datetime import datetime

from schemas.dead_letters import Reason
from schemas.entries import Entry
from schemas.extraction import Extraction, Refusal
from transforms.extraction.plain_text import line, paragraphs
from transforms.extraction.publication_time import possible
from transforms.language import detect_language


def extract_from_feed(entry: Entry, *, now: datetime) -> Extraction | Refusal:
    """The entry's content, else its summary, as an article; a Refusal (`no_text`) where it has neither.

    Args:
        entry: the entry as the feed lists it, plain text.
        now: the clock; the entry's date is dropped where it lies more than a day after it.
    """
    for method, source in (("feed_content", entry.content), ("feed_summary", entry.summary)):
        text = paragraphs(source or "")
        if not text:
            continue
        at = possible(entry.published_at, now)
        return Extraction(
            text=text,
            text_source="feed",
            text_method=method,
            title=(line(entry.title) or None) if entry.title else None,
            authors=entry.authors,
            published_at=at,
            published_source="feed" if at else "none",
            published_precision="second" if at else "none",
            lang=detect_language(text, entry.lang) or entry.lang,
            site_name=entry.feed_title,
            declared_canonical_url=None,
            truncated=entry.truncated,
        )
    return Refusal(Reason.NO_TEXT, "the feed gives neither content nor summary")
