"""The work that worker processes do: importable functions, preloaded by the forkserver."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

import trafilatura.meta

from schemas.dead_letters import Reason
from schemas.entries import Entry
from schemas.extraction import Extraction, Refusal
from transforms.extraction.page import extract_page
from transforms.feeds.parse import NotParsed, ParsedFeed, parse_feed
from transforms.http.content import classify_page

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


def extract(
    body: bytes, content_type: str | None, status: int, url: str, entry: Entry, now: datetime
) -> Timed[Extraction | Refusal]:
    """Tell what a body is, and extract it if it is a page.

    trafilatura's caches are reset now and then, since they only grow.
    """
    global _pages_seen  # noqa: PLW0603 -- the count belongs to this worker process
    _pages_seen += 1
    if _pages_seen % _CACHES_RESET_EVERY == 0:
        trafilatura.meta.reset_caches()
    started = time.perf_counter()
    reason = classify_page(body, content_type, status)
    outcome: Extraction | Refusal
    if reason is not None:
        outcome = Refusal(reason, NO_ARTICLE.get(reason, reason))
    else:
        outcome = extract_page(body, content_type=content_type, url=url, entry=entry, now=now)
    return Timed(outcome, time.perf_counter() - started)


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
