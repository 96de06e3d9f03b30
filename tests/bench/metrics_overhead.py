"""What the metrics of one page cost beside the page's work, in CPU seconds of this process.

    python -m tests.bench.metrics_overhead

One DoFn makes the calls that a page's way through the stages makes, another makes none; both run in process, so that
Beam's containers of metrics are there. The work is extraction and topics of the evaluation data's pages.
"""

import dataclasses
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner

from schemas.articles import Article
from schemas.dead_letters import Stage
from schemas.extraction import Extraction
from tests.bench.extraction import pages_of
from tests.transforms.extraction.making import entry
from transforms import metrics
from transforms.article import article_of
from transforms.extraction.page import extract_page
from transforms.http.response import Response
from transforms.topics.tagging import shared_detector, with_topics

NOW = datetime(2026, 11, 24, tzinfo=UTC)
ELEMENTS = 2_000
PAGES_AN_ELEMENT = 50
"""Pages that one element stands for, so that what the engine does for an element drowns nothing."""
PAGES = 60
ROUNDS = 3


class Measured(beam.DoFn):
    """The calls of one page: its fetch, extraction, detection and row, and its share of the counts of a bundle."""

    def __init__(self, response: Response, article: Article) -> None:
        self._response = response
        self._article = article

    def process(self, number: int) -> Iterator[int]:
        """An element as it came, measured."""
        for _ in range(PAGES_AN_ELEMENT):
            metrics.fetched(Stage.FETCH_ARTICLES, self._response)
            metrics.took(Stage.EXTRACT_TEXT, 0.0123)
            metrics.took(Stage.DETECT_TOPICS, 0.0014)
            metrics.recorded(self._article, NOW)
            metrics.reported({"balance.duplicates": 0, "balance.carried_in": 0, "balance.articles": 1})
        yield number


class Passed(beam.DoFn):
    """The same without a call."""

    def process(self, number: int) -> Iterator[int]:
        """An element as it came."""
        yield number


def seconds_of(step: beam.DoFn) -> float:
    """CPU seconds of one page's share of a step."""
    began = time.process_time()
    with beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions(flags=[])) as pipeline:
        _ = pipeline | "Numbers" >> beam.Create(range(ELEMENTS)) | "Step" >> beam.ParDo(step)
    return (time.process_time() - began) / (ELEMENTS * PAGES_AN_ELEMENT)


def work() -> tuple[float, Article]:
    """CPU seconds of one page's extraction and topics, and an article of them."""
    detector = shared_detector(None)
    pages = pages_of("aeb")[: PAGES + 5]
    article = None
    for number, (body, url) in enumerate(pages):
        if number == len(pages) - PAGES:
            began = time.process_time()
        listed = entry(url=url)
        found = extract_page(body, content_type="text/html", url=url, entry=listed, now=NOW)
        if isinstance(found, Extraction):
            article = with_topics(
                article_of(listed, found, url=url, robots="allowed", fetched_at=NOW, run_id="r"), detector
            )
    assert article is not None
    return (time.process_time() - began) / PAGES, article


def main() -> None:
    """Print the cost of a page's metrics, of its work, and their ratio."""
    page, article = work()
    article = dataclasses.replace(article, published_at=NOW, published_precision="minute")
    response = Response(
        url=article.url,
        status=200,
        headers={},
        body=b"x" * 50_000,
        truncated=False,
        redirects=(),
        elapsed_ms=120,
        robots="allowed",
        content_type="text/html",
    )
    seconds_of(Passed())  # what is loaded late is loaded before the clock runs
    costs = []
    for _ in range(ROUNDS):
        bare = seconds_of(Passed())
        costs.append(seconds_of(Measured(response, article)) - bare)
    cost = statistics.median(costs)
    print(
        f"metrics of a page: {cost * 1e6:.1f} us; its extraction and topics: {page * 1e3:.2f} ms of one core"
    )
    print(f"metrics cost {cost / page:.4f} of a page's work (median of {ROUNDS})")


if __name__ == "__main__":
    main()
