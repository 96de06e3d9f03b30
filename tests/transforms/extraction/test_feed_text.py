"""Articles from the feed's own text."""

from datetime import UTC, datetime

from schemas.dead_letters import Reason
from schemas.extraction import Extraction, Refusal
from tests.transforms.extraction.making import NOW, SENTENCES, entry
from transforms.extraction.feed_text import extract_from_feed


def test_content_before_summary():
    """The full content is taken where the feed has it, and what the entry says goes with it."""
    at = datetime(2026, 2, 14, 8, tzinfo=UTC)
    listed = entry(
        content="\r\n\r\n".join(SENTENCES),
        summary="Short.",
        title="Ferry &amp; quay",
        authors=("Ida Holm",),
        published_at=at,
        feed_title="Echo",
        truncated=True,
    )
    found = extract_from_feed(listed, now=NOW)
    assert found == Extraction(
        text="\n".join(SENTENCES),
        text_source="feed",
        text_method="feed_content",
        title="Ferry & quay",
        authors=("Ida Holm",),
        published_at=at,
        published_source="feed",
        published_precision="second",
        lang="en",
        site_name="Echo",
        declared_canonical_url=None,
        truncated=True,
    )


def test_summary_and_declared_language():
    """A summary too short to tell its language takes the feed's; a date in the future is dropped."""
    found = extract_from_feed(
        entry(content=" ", summary="Kort.", lang="da", published_at=datetime(2031, 1, 1, tzinfo=UTC)), now=NOW
    )
    assert isinstance(found, Extraction)
    assert (found.text_method, found.lang, found.published_at, found.published_source) == (
        "feed_summary",
        "da",
        None,
        "none",
    )


def test_neither():
    """A feed without text gives a reason."""
    found = extract_from_feed(entry(), now=NOW)
    assert isinstance(found, Refusal)
    assert found.reason == Reason.NO_TEXT
