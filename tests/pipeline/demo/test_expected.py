"""The table of expected outcomes speaks of exactly the entries that the feeds list, and of known topics."""

from collections import Counter

from pipeline.demo.feeds import UNUSABLE_FEEDS
from pipeline.demo.publishers import Mention, Story, Trouble, load_publishers
from schemas.dead_letters import RETRYABLE, Reason

TOPICS = {
    "civil_unrest",
    "riot",
    "protest",
    "vandalism",
    "arrest",
    "investigation",
    "prosecution",
    "trial",
    "verdict",
    "torture",
    "disinformation",
}
PUBLISHERS = load_publishers()


def test_table_names_every_entry_and_feed(expected):
    """Every item of every feed has one expected outcome, and every feed of the list too."""
    listed = [(p.feed_url, p.link(item), item.title) for p in PUBLISHERS for item in p.items()]
    named = [(row["feed_url"], row["url"], row["title"]) for row in expected["entries"]]
    assert Counter(named) == Counter(listed)
    feeds = {row["feed_url"]: row["entries"] for row in expected["feeds"] if row["outcome"] == "fetched"}
    assert feeds == {publisher.feed_url: len(publisher.items()) for publisher in PUBLISHERS}
    others = [row["feed_url"] for row in expected["feeds"] if row["outcome"] != "fetched"]
    problems = [row["url"] for row in expected["feed_list_problems"]]
    assert others + problems == [url for _, url in UNUSABLE_FEEDS]


def test_outcomes_follow_from_what_is_served(expected):
    """Stories end as articles, a mention as a duplicate, broken items as dead letters or carried over."""
    items = {(p.feed_url, p.link(item)): (p, item) for p in PUBLISHERS for item in p.items()}
    for row in expected["entries"]:
        publisher, item = items[row["feed_url"], row["url"]]
        match item:
            case Story():
                assert (row["outcome"], row["lang"]) == ("article", publisher.lang)
                assert row["text_source"] == ("feed" if item.paywall else "page")
                assert row["published_at"] == item.published.isoformat()
                assert row["authors"] == list(item.authors)
            case Mention():
                assert row["outcome"] == "duplicate"
            case _:
                carried = Reason(row["reason"]) in RETRYABLE
                assert row["outcome"] == ("carried" if carried else "dead_letter")
                assert carried is (item.trouble is Trouble.FAILING)


def test_topics_are_known_and_all_of_them_occur(expected):
    """Expected topics are tocsin's, each occurs somewhere, and each language has ordinary news without any."""
    articles = [row for row in expected["entries"] if row["outcome"] == "article"]
    for row in articles:
        assert set(row["topics"]) | set(row["topics_allowed"]) <= TOPICS
        assert not set(row["topics"]) & set(row["topics_allowed"])
    assert {topic for row in articles for topic in row["topics"]} == TOPICS
    ordinary = {row["lang"] for row in articles if not row["topics"] and not row["topics_allowed"]}
    assert ordinary == {publisher.lang for publisher in PUBLISHERS}
