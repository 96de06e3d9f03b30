"""What a worker does with a page: extract it and find its topics, each failure with the stage that it came from."""

from datetime import UTC, datetime
from pathlib import Path

from schemas.articles import Article
from schemas.dead_letters import Reason, Stage
from schemas.extraction import Refusal
from schemas.outcomes import FetchedPage
from tests.support.site import article_page
from tests.transforms.extraction.making import entry
from transforms.topics.tagging import shared_detector
from transforms.workers.tasks import read_page

NOW = datetime(2026, 5, 6, 7, 8, tzinfo=UTC)
RIOT = [
    "Rioters threw stones at the police on Monday night and set two cars on fire in the old town, witnesses said.",
    "At least 40 people were arrested during the riot, and the prosecutor charged six of them with arson.",
]


def page(body: bytes, content_type: str = "text/html; charset=utf-8") -> FetchedPage:
    """A page as it was fetched."""
    url = "http://news.example.org/2026/riot.html"
    return FetchedPage(entry(url=url), url, 200, content_type, body, "allowed", NOW)


def test_a_page_comes_back_as_an_article_with_topics_figures_and_the_taxonomy_s_version():
    """Nothing is left for the driver to look for."""
    read = read_page(page(article_page("Riot in the old town", RIOT).body), "run", None, None)
    assert isinstance(read.outcome, Article)
    assert {topic.topic for topic in read.outcome.topics} >= {"riot"}
    assert [(figure.kind, figure.low) for figure in read.outcome.figures if figure.kind == "detained"]
    assert read.outcome.taxonomy_version == shared_detector(None).taxonomy.version
    assert read.extract_seconds > 0
    assert read.detect_seconds > 0


def test_what_is_no_page_is_refused_by_extraction():
    """A picture is named as such, and its topics are not looked for."""
    read = read_page(page(b"\x89PNG\r\n\x1a\n", "image/png"), "run", None, None)
    assert isinstance(read.outcome, Refusal)
    assert (read.stage, read.outcome.reason, read.detect_seconds) == (
        Stage.EXTRACT_TEXT,
        Reason.WRONG_TYPE,
        0.0,
    )


def test_fault_59_a_detection_that_fails_names_its_stage_and_its_cause(tmp_path: Path):
    """A taxonomy that is gone when a worker comes to read it costs the page, not the run."""
    gone = tmp_path / "gone.yaml"
    read = read_page(page(article_page("Riot in the old town", RIOT).body), "run", str(gone), "1")
    assert isinstance(read.outcome, Refusal)
    assert (read.stage, read.outcome.reason) == (Stage.DETECT_TOPICS, Reason.INTERNAL)
    assert "gone.yaml" in read.outcome.detail


def test_a_changed_taxonomy_is_read_again_for_its_new_version(tmp_path: Path):
    """Workers outlive a run: what they find follows the file that the run's driver has read."""
    file = tmp_path / "taxonomy.yaml"
    text = "name: water\nversion: {version}\ntopics:\n  floods:\n    terms: {{en: [{term}]}}\n"
    file.write_text(text.format(version=1, term="flood"))
    body = article_page(
        "High water", ["The flood reached the mill on Friday, and the dam held all night."]
    ).body
    first = read_page(page(body), "run", str(file), "1")
    file.write_text(text.format(version=2, term="drought"))
    second = read_page(page(body), "run", str(file), "2")
    assert isinstance(first.outcome, Article)
    assert isinstance(second.outcome, Article)
    assert [topic.topic for topic in first.outcome.topics] == ["floods"]
    assert second.outcome.topics == ()
    assert first.outcome.taxonomy_version != second.outcome.taxonomy_version
