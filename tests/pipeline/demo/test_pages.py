"""The demo's pages hold the story whole, among the clutter of real ones, and say their dates in several ways."""

import json
from html import escape

import lxml.html
import pytest

from pipeline.demo.publishers import load_publishers

PUBLISHERS = load_publishers()
STORIES = [(publisher, story) for publisher in PUBLISHERS for story in publisher.stories]
OPEN = [(publisher, story) for publisher, story in STORIES if not story.paywall]


def document(answer):
    charset = answer.headers["content-type"].partition("charset=")[2]
    return lxml.html.document_fromstring(answer.body, parser=lxml.html.HTMLParser(encoding=charset))


@pytest.mark.parametrize(("publisher", "story"), OPEN, ids=[story.path for _, story in OPEN])
def test_page_holds_the_story_once_among_clutter(publisher, story, ask):
    """A page has every paragraph exactly once, its title, teasers of other stories, a notice and a footer."""
    answer = ask(publisher.host, story.path)
    assert answer.status == 200
    page = document(answer)
    assert page.get("lang") == publisher.lang
    paragraphs = [paragraph.text_content() for paragraph in page.iter("p")]
    for paragraph in story.paragraphs:
        assert paragraphs.count(paragraph) == 1
    assert [heading.text_content() for heading in page.iter("h1")] == [story.title]
    text = page.text_content()
    others = [other for other in publisher.stories if other is not story]
    assert sum(other.title in text for other in others) >= 3
    assert publisher.phrases["cookies"] in text
    assert publisher.phrases["imprint"] in text
    assert all(comment in text for comment in story.comments)
    assert all(author in text for author in story.authors)


@pytest.mark.parametrize("publisher", PUBLISHERS, ids=lambda publisher: publisher.host)
def test_each_host_says_the_date_in_its_own_way(publisher, ask):
    """Date and time stand where the publisher's template puts them, and always the same moment."""
    story = publisher.stories[0]
    page = document(ask(publisher.host, story.path))
    assert date_places(page) == DATE_PLACES[publisher.host]
    for value in machine_dates(page):
        assert value == story.published.isoformat()
    if not {"json_ld", "meta", "time"} & DATE_PLACES[publisher.host]:
        assert publisher.phrases["date"].format(day=story.published.day, time=f"{story.published:%H:%M}") in (
            page.text_content()
        )


DATE_PLACES = {
    "correo-de-lirio.test": {"time", "microdata"},
    "dala-tynysy.test": {"meta"},
    "falkenroder-anzeiger.test": {"time"},
    "gazette-de-brumont.test": {"json_ld"},
    "harbour-post.test": {"json_ld"},
    "kestrel-wire.test": {"meta"},
    "sada-alwadi.test": {"json_ld"},
    "vestnik-zarechya.test": set(),
}
"""How each host tells machines when a story was published; where it doesn't, only the text says it."""


def articles_in_json_ld(page):
    graphs = [json.loads(script.text) for script in page.xpath("//script[@type='application/ld+json']")]
    things = [thing for graph in graphs for thing in graph.get("@graph", [graph])]
    return [thing for thing in things if thing["@type"] == "NewsArticle"]


def machine_dates(page):
    yield from (article["datePublished"] for article in articles_in_json_ld(page))
    yield from page.xpath("//meta[@property='article:published_time' or @name='date']/@content")
    yield from page.xpath("//time/@datetime")


def date_places(page):
    places = {
        "json_ld": articles_in_json_ld(page),
        "meta": page.xpath("//meta[@property='article:published_time' or @name='date']"),
        "time": page.xpath("//time[@datetime]"),
        "microdata": page.xpath("//*[@itemprop='datePublished']"),
    }
    return {place for place, found in places.items() if found}


def test_paywall_shows_no_text(ask):
    """Behind the paywall not one paragraph of the story is on its page, while its feed carries them all."""
    ((publisher, story),) = [(publisher, story) for publisher, story in STORIES if story.paywall]
    answer = ask(publisher.host, story.path)
    assert answer.status == 200
    text = document(answer).text_content()
    assert story.title in text
    assert publisher.phrases["paywall_pitch"] in text
    assert not any(paragraph in text for paragraph in story.paragraphs)
    feed = json.loads(ask(publisher.host, publisher.feed.path).body)
    (entry,) = [item for item in feed["items"] if item["url"] == publisher.url(story.path)]
    assert all(escape(paragraph) in entry["content_html"] for paragraph in story.paragraphs)


@pytest.mark.parametrize("publisher", PUBLISHERS, ids=lambda publisher: publisher.host)
def test_homepage_names_the_feed(publisher, ask):
    """Each homepage is HTML that links to its feed with rel=alternate and to every story."""
    answer = ask(publisher.host, "/")
    assert answer.headers["content-type"].startswith("text/html")
    page = document(answer)
    assert page.xpath("//link[@rel='alternate']/@href") == [publisher.feed_url]
    links = page.xpath("//main//a/@href")
    assert links == [publisher.url(story.path) for story in publisher.stories]
