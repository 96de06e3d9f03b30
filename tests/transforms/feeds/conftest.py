"""Feeds to parse, built in the tests."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from transforms.feeds.parse import NotParsed, ParsedFeed, parse_feed

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def parse() -> Callable[..., ParsedFeed | NotParsed]:
    """parse_feed with the arguments that most tests share."""

    def call(body: bytes | str, **changed: object) -> ParsedFeed | NotParsed:
        arguments = {
            "content_type": None,
            "feed_url": "https://news.test/feed",
            "final_url": "https://news.test/feed",
            "feed_index": 0,
            "now": NOW,
        } | changed
        return parse_feed(body.encode() if isinstance(body, str) else body, **arguments)

    return call


@pytest.fixture
def rss() -> Callable[..., str]:
    """An RSS 2.0 feed of the given items."""

    def build(
        *items: str, channel: str = "", declaration: str = '<?xml version="1.0" encoding="UTF-8"?>'
    ) -> str:
        inside = "".join(f"<item>{item}</item>" for item in items)
        return (
            f'{declaration}<rss version="2.0"><channel><title>News</title>{channel}{inside}</channel></rss>'
        )

    return build
