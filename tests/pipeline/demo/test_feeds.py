"""The demo's feeds say in each format what the publisher's items are, and the feed list names them all."""

import html
import io
import json
import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import feedparser
import pytest

from pipeline.demo.feeds import UNUSABLE_FEEDS, feed_list
from pipeline.demo.publishers import FeedFormat, Story, load_publishers

PUBLISHERS = load_publishers()
SYNDICATED = [publisher for publisher in PUBLISHERS if publisher.feed.format is not FeedFormat.JSON]
JSON_FEEDS = [publisher for publisher in PUBLISHERS if publisher.feed.format is FeedFormat.JSON]
VERSIONS = {FeedFormat.RSS: "rss20", FeedFormat.ATOM: "atom10", FeedFormat.RDF: "rss10"}


@pytest.mark.parametrize("publisher", SYNDICATED, ids=lambda publisher: publisher.host)
def test_feedparser_reads_every_item(publisher, ask):
    """feedparser reads from every XML feed all its items, with titles, links, dates, authors and texts."""
    answer = ask(publisher.host, publisher.feed.path)
    headers = {"content-type": answer.headers["content-type"]}
    parsed = feedparser.parse(io.BytesIO(answer.body), response_headers=headers)
    assert not parsed.bozo
    assert parsed.version == VERSIONS[publisher.feed.format]
    assert parsed.encoding.lower() == publisher.feed.encoding
    assert parsed.feed.title == publisher.name
    assert len(parsed.entries) == len(publisher.items())
    for entry, item in zip(parsed.entries, publisher.items(), strict=True):
        assert entry.title == item.title
        moment = entry.get("published_parsed") or entry.updated_parsed  # RSS 1.0 has one date, dc:date
        assert datetime(*moment[:6], tzinfo=UTC) == item.published
        assert entry.get("summary", "").startswith(getattr(item, "summary", ""))
        if isinstance(item, Story):
            assert entry.link == publisher.link(item)
            assert [author.name for author in entry.get("authors", [])] == list(item.authors)
            assert bool(entry.get("content")) is item.in_full
        if isinstance(item, Story) and item.in_full:
            content = html.unescape(entry.content[0].value)
            assert all(paragraph in content for paragraph in item.paragraphs)


@pytest.mark.parametrize("publisher", JSON_FEEDS, ids=lambda publisher: publisher.host)
def test_json_feed_lists_every_item(publisher, ask):
    """A JSON feed lists all items in the shape of version 1.1."""
    answer = ask(publisher.host, publisher.feed.path)
    assert answer.headers["content-type"].startswith("application/feed+json")
    feed = json.loads(answer.body)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == publisher.feed_url
    assert len({item["id"] for item in feed["items"]}) == len(feed["items"]) == len(publisher.items())
    for entry, item in zip(feed["items"], publisher.items(), strict=True):
        assert (entry["title"], entry["url"]) == (item.title, publisher.link(item))
        assert datetime.fromisoformat(entry["date_published"]) == item.published
        assert entry.get("summary") == getattr(item, "summary", None)
        assert ("content_html" in entry) is (isinstance(item, Story) and item.in_full)


def test_some_feeds_carry_whole_texts():
    """Whole texts come in each of RSS, Atom, RDF and JSON Feed, but not for every story."""
    in_full = {p.feed.format for p in PUBLISHERS for story in p.stories if story.in_full}
    assert in_full == set(FeedFormat)
    assert any(not story.in_full for publisher in PUBLISHERS for story in publisher.stories)


def test_feed_list_names_every_feed_in_nested_folders():
    """The feed list is OPML whose folders hold folders, names every feed and three lines that are none."""
    root = ET.fromstring(feed_list(PUBLISHERS, with_unusable=True))
    assert (root.tag, root.get("version")) == ("opml", "2.0")
    nested = root.findall("./body/outline/outline/outline")
    addresses = [outline.get("xmlUrl") for outline in nested]
    assert len(addresses) == len(root.findall(".//outline[@xmlUrl]"))
    assert addresses[-3:] == [url for _, url in UNUSABLE_FEEDS]
    assert sorted(addresses[:-3]) == sorted(publisher.feed_url for publisher in PUBLISHERS)
