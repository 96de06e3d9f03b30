"""The work that worker processes do: importable functions, preloaded by the forkserver."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

import trafilatura.meta

from schemas.articles import Article
from schemas.dead_letters import Reason, Stage
from schemas.extraction import Refusal
from schemas.outcomes import FetchedPage
from transforms.article import article_of
from transforms.extraction.page import extract_page
from transforms.feeds.parse import NotParsed, ParsedFeed, parse_feed
from transforms.http.content import classify_page
from transforms.topics.tagging import shared_detector, with_topics

NO_ARTICLE = {
    Reason.EMPTY: "the response has no content",
    Reason.WRONG_TYPE: "the response is no HTML page but another kind of file",
    Reason.CHALLENGE: "a bot defence answered instead of the site",
    Reason.CONSENT_WALL: "the page asks for consent and shows nothing else",
}
"""What is said of a body that by its make holds no article."""

_CACHES_RESET_EVERY = 200
_pages_seen = 0


Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True)
class Timed(Generic[Outcome]):
    """What a task gave, and the seconds of the worker it took."""

    outcome: Outcome
    seconds: float


@dataclass(frozen=True, slots=True)
class PageRead:
    """What became of a page in a worker: its article with topics and figures, or a refusal by the stage named.

    The seconds are the worker's, for each of the two stages that it did.
    """

    outcome: Article | Refusal
    stage: Stage
    extract_seconds: float
    detect_seconds: float = 0.0


def read_page(
    page: FetchedPage, run_id: str, taxonomy_path: str | None, taxonomy_version: str | None
) -> PageRead:
    """Tell what a body is, extract it if it is a page, and find its topics and figures.

    Both are done here since the process that fetches and writes is the one that all pages pass through: what it
    need not do itself, another core can. trafilatura's caches are reset now and then, since they only grow.
    """
    global _pages_seen  # noqa: PLW0603 -- the count belongs to this worker process
    _pages_seen += 1
    if _pages_seen % _CACHES_RESET_EVERY == 0:
        trafilatura.meta.reset_caches()
    began = time.perf_counter()
    made = _article(page, run_id)
    extracted = time.perf_counter()
    if isinstance(made, Refusal):
        return PageRead(made, Stage.EXTRACT_TEXT, extracted - began)
    try:
        made = with_topics(made, shared_detector(taxonomy_path, taxonomy_version))
    except Exception as error:  # noqa: BLE001 -- one text must not end the run; it is told with its cause
        made = Refusal(Reason.INTERNAL, f"{type(error).__name__}: {error}"[:500])
    return PageRead(made, Stage.DETECT_TOPICS, extracted - began, time.perf_counter() - extracted)


def _article(page: FetchedPage, run_id: str) -> Article | Refusal:
    reason = classify_page(page.body, page.content_type, page.status)
    if reason is not None:
        return Refusal(reason, NO_ARTICLE.get(reason, reason))
    extraction = extract_page(
        page.body, content_type=page.content_type, url=page.url, entry=page.entry, now=page.fetched_at
    )
    if isinstance(extraction, Refusal):
        return extraction
    return article_of(
        page.entry, extraction, url=page.url, robots=page.robots, fetched_at=page.fetched_at, run_id=run_id
    )


def parse(
    body: bytes,
    content_type: str | None,
    feed_url: str,
    final_url: str,
    feed_index: int,
    now: datetime,
    *,
    cut: bool,
) -> Timed[ParsedFeed | NotParsed]:
    """Parse one feed's body; `cut` says that it goes on past the cap."""
    started = time.perf_counter()
    outcome = parse_feed(
        body,
        content_type=content_type,
        feed_url=feed_url,
        final_url=final_url,
        feed_index=feed_index,
        now=now,
        cut=cut,
    )
    return Timed(outcome, time.perf_counter() - started)
