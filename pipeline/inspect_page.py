"""One page through the same transforms as a run: fetched, extracted, its topics found."""

from datetime import datetime, timedelta
from pathlib import Path

from pipeline.options import RunOptions, UsageError, usable_cores
from schemas.articles import Article
from schemas.entries import Entry
from schemas.extraction import Refusal
from schemas.outcomes import FetchedPage
from transforms.http.crawl import Job
from transforms.http.response import Kind, Response
from transforms.run_context import RunContext
from transforms.shared_crawler import crawl_jobs
from transforms.topics.tagging import shared_detector, shared_learned, with_learned
from transforms.urls import BadUrl, canonical_url, url_key
from transforms.workers.tasks import read_page


def inspect_page(page: str, options: RunOptions, *, url: str | None, now: datetime) -> Article | Refusal:
    """The article that a URL or a saved page gives, with its topics, or why there is none.

    Raises:
        UsageError: neither a URL nor a file that can be read.
        TaxonomyError: the taxonomy can't be used.
        ModelError: the model can't be used.
    """
    # A taxonomy or model with a mistake is told of before anything is fetched.
    shared_detector(options.taxonomy)
    learned = shared_learned(options.model, options.taxonomy) if options.model else None
    context = _context(options, now)
    address = page if "://" in page else (url or "http://page.invalid/")
    try:
        entry = _entry(address)
    except BadUrl as error:
        raise UsageError(f"{page} can't be fetched: {error}") from error
    if "://" not in page:
        try:
            body = Path(page).read_bytes()
        except OSError as error:
            raise UsageError(f"{page} is no URL, and no file that can be read: {error.strerror}") from error
        content_type, status, final_url, robots = None, 200, address, "exempt"
    else:
        ((_, result),) = crawl_jobs([Job(item=entry, url=address, kind=Kind.PAGE, headers={})], context)
        if not isinstance(result, Response):
            return Refusal(getattr(result, "reason", "internal"), getattr(result, "detail", str(result)))
        body, content_type, status = result.body, result.content_type, result.status
        final_url, robots = result.url, result.robots
    fetched = FetchedPage(entry, final_url, status, content_type, body, robots, now)
    found = read_page(fetched, context.run_id, options.taxonomy, None).outcome
    return with_learned(found, learned) if learned is not None and isinstance(found, Article) else found


def _context(options: RunOptions, now: datetime) -> RunContext:
    return RunContext(
        run_id="inspect",
        started_at=now,
        deadline_at=now + timedelta(minutes=5),
        http=options.http_settings(),
        output="",
        staging="",
        workers=usable_cores(),
        taxonomy_path=options.taxonomy,
    )


def _entry(url: str) -> Entry:
    canonical = canonical_url(url)
    return Entry(
        key=url_key(canonical),
        feed_url="",
        feed_title=None,
        entry_id=None,
        url=url,
        canonical_url=canonical,
        title=None,
        authors=(),
        published_at=None,
        published_raw=None,
        summary=None,
        content=None,
        lang=None,
        truncated=False,
        feed_index=0,
        position=0,
    )
