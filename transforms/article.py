"""An article's row, put together from its entry, its page and what was extracted. Pure."""

import hashlib
import re
import unicodedata
from datetime import datetime

from schemas.articles import Article
from schemas.entries import Entry
from schemas.extraction import Extraction
from transforms.http.redaction import redact
from transforms.urls import host_of

_WORD = re.compile(r"\w+")


def article_of(
    entry: Entry, extraction: Extraction, *, url: str | None, robots: str, fetched_at: datetime, run_id: str
) -> Article:
    """The row of an article, its topics and figures not yet looked for."""
    canonical = entry.canonical_url or ""
    return Article(
        article_id=entry.key.hex(),
        canonical_url=redact(canonical, published=True),
        url=redact(url or canonical, published=True),
        declared_canonical_url=_shown(extraction.declared_canonical_url),
        feed_url=entry.feed_url,
        entry_id=_shown(entry.entry_id),
        host=host_of(canonical),
        site_name=extraction.site_name or entry.feed_title,
        title=extraction.title or entry.title,
        authors=extraction.authors,
        text=extraction.text,
        text_source=extraction.text_source,
        text_method=extraction.text_method,
        truncated=extraction.truncated,
        lang=extraction.lang,
        published_at=extraction.published_at,
        published_source=extraction.published_source,
        published_precision=extraction.published_precision,
        fetched_at=fetched_at,
        robots=robots,
        word_count=len(_WORD.findall(extraction.text)),
        content_hash=content_hash(extraction.text),
        topics=(),
        figures=(),
        taxonomy_version=None,
        run_id=run_id,
    )


def _shown(url: str | None) -> str | None:
    return None if url is None else redact(url, published=True)


def content_hash(text: str) -> str:
    """The first 128 bits of SHA-256, in hex, of the text in NFKC, case-folded, runs of white space as one blank."""
    normalised = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return hashlib.sha256(normalised.encode("utf-8", "replace")).hexdigest()[:32]
