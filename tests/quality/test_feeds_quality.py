"""Real feeds and feedparser's own suite: no entry is lost, and nothing crashes."""

import io
import warnings
from datetime import UTC, datetime
from pathlib import Path

import feedparser
import pytest

from schemas.dead_letters import Reason
from transforms.feeds.parse import NotParsed, ParsedFeed, parse_feed

pytestmark = [pytest.mark.quality, pytest.mark.filterwarnings("ignore")]
NOW = datetime(2026, 6, 15, tzinfo=UTC)


def parsed(body: bytes) -> ParsedFeed | NotParsed:
    url = "https://news.test/feed"
    return parse_feed(body, content_type=None, feed_url=url, final_url=url, feed_index=0, now=NOW)


def seen_by_feedparser(body: bytes) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return len(feedparser.parse(io.BytesIO(body)).entries)
        except Exception:  # noqa: BLE001 - feedparser raises on some of its own files
            return 0


def test_real_feeds_lose_no_entry(eval_data: Path):
    """Every entry that feedparser sees in a captured feed comes out once, with what a feed of news always has."""
    files = sorted((eval_data / "feeds" / "real").iterdir())
    assert len(files) >= 29
    for file in files:
        body = file.read_bytes()
        found = parsed(body)
        assert isinstance(found, ParsedFeed), file.name
        assert len(found.entries) == seen_by_feedparser(body), file.name
        assert found.title, file.name
        for entry in found.entries:
            assert entry.url, file.name
            assert entry.title or entry.summary, file.name
            # A date that is written can be read.
            assert entry.published_raw is None or entry.published_at is not None, (
                file.name,
                entry.published_raw,
            )
            assert "\ufffd" not in (entry.title or ""), file.name
            repr(entry).encode()


def test_feedparsers_suite_ends_as_feeds_or_reasons(eval_data: Path):
    """Each of the well-formed and ill-formed files is a feed with all its entries, or has one typed reason."""
    files = sorted(file for file in (eval_data / "feeds" / "feedparser").rglob("*") if file.is_file())
    assert len(files) >= 2_106
    reasons = set(Reason)
    feeds = 0
    for file in files:
        body = file.read_bytes()
        found = parsed(body)
        if isinstance(found, NotParsed):
            assert found.reason in reasons, file.name
            assert found.detail, file.name
            assert seen_by_feedparser(body) == 0, file.name
        else:
            feeds += 1
            assert len(found.entries) >= seen_by_feedparser(body), file.name
    assert feeds >= 1_800
