"""The demo's texts are what they promise, and a mistake in a file of stories is told with its place."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from pipeline.demo.checked_yaml import StoryFileError
from pipeline.demo.publishers import FeedFormat, Trouble, load_publishers, publisher_of

PUBLISHERS = load_publishers()
STORIES = [(publisher, story) for publisher in PUBLISHERS for story in publisher.stories]

SMALL = """
host: paper.test
name: Paper
lang: en
template: harbour_post.html
feed: {path: /feed, format: rss, folder: A/B}
phrases: {tagline: News}
stories:
  - path: /one
    title: One
    summary: First
    section: News
    published: "2026-11-01T08:00:00+00:00"
    body: Text.
"""


def test_languages_and_formats():
    """Every language of tocsin has at least three stories, and every feed format at least one feed."""
    stories = Counter(publisher.lang for publisher, _ in STORIES)
    assert stories.keys() == {"en", "ru", "kk", "es", "fr", "de", "ar"}
    assert min(stories.values()) >= 3
    assert {publisher.feed.format for publisher in PUBLISHERS} == set(FeedFormat)
    assert {publisher.feed.encoding for publisher in PUBLISHERS} == {"utf-8", "windows-1251"}


@pytest.mark.parametrize(("publisher", "story"), STORIES, ids=[story.path for _, story in STORIES])
def test_story_is_a_short_article(publisher, story):
    """A story is a short article of several paragraphs, dated in November 2026 before the demo was written."""
    assert 80 <= len(story.text.split()) <= 250
    assert len(story.paragraphs) >= 3
    assert datetime(2026, 11, 1, tzinfo=UTC) <= story.published < datetime(2026, 11, 20, tzinfo=UTC)
    assert story.path.startswith("/")
    assert story.section in publisher.sections


def test_everything_that_goes_wrong_is_there():
    """Each kind of trouble happens to exactly one item, and no link is listed twice by one feed."""
    troubles = Counter(item.trouble for publisher in PUBLISHERS for item in publisher.broken)
    assert troubles == dict.fromkeys(Trouble, 1)
    for publisher in PUBLISHERS:
        links = [publisher.link(item) for item in publisher.items()]
        assert len(links) == len(set(links))


def test_names_are_reserved_for_testing():
    """Every host is under .test, which no resolver of the internet answers (RFC 6761)."""
    hosts = [publisher.host for publisher in PUBLISHERS]
    assert all(host.endswith(".test") for host in hosts)
    assert len(hosts) == len(set(hosts)) >= 5


def test_small_publisher_is_read():
    """A file with no more than the required keys is a publisher, and defaults stand for the rest."""
    publisher = publisher_of(SMALL, name="small.yaml")
    (story,) = publisher.stories
    assert story.listed == story.path
    assert (story.in_full, story.paywall, story.comments) == (False, False, ())
    assert publisher.feed_url == "http://paper.test/feed"


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ("host: paper.test", "", "small.yaml: 'host' must be a text"),
        ("format: rss", "format: gopher", "small.yaml: feed: 'format' must be one of rss, atom, rdf, json"),
        (
            "feed: {path: /feed, format: rss, folder: A/B}",
            "feed: /feed",
            "small.yaml: feed: expected a mapping",
        ),
        ("title: One", "titel: One", "small.yaml: stories, item 1: 'title' must be a text"),
        ("body: Text.", "body: Text.\n    colour: red", "small.yaml: stories, item 1: unknown keys: colour"),
        ("+00:00", "", "small.yaml: stories, item 1: 'published' must be a time with its offset"),
        ("2026-11-01T08", "yesterday", "small.yaml: stories, item 1: 'published' must be a date and time"),
        ("body: Text.", "body: Text.\n    in_full: often", "'in_full' must be true or false"),
        ("body: Text.", "body: Text.\n    authors: Ann", "'authors' must be a list of texts"),
        (
            "phrases: {tagline: News}",
            "phrases: {tagline: 3}",
            "small.yaml: phrases: 'tagline' must be a text",
        ),
        ("stories:\n", "mentions: none\nstories:\n", "small.yaml: 'mentions' must be a list"),
    ],
)
def test_mistake_is_told_with_its_place(good, bad, told):
    """A mistake in a file of stories is refused with the file, the place and what should stand there."""
    assert good in SMALL
    with pytest.raises(StoryFileError) as refused:
        publisher_of(SMALL.replace(good, bad), name="small.yaml")
    assert told in str(refused.value)
