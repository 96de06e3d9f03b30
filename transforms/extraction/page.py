"""From a page's bytes to an article, or the reason why there is none."""

import dataclasses
import re
from datetime import datetime

from schemas.dead_letters import Reason
from schemas.entries import Entry
from schemas.extraction import Extraction, Refusal
from transforms.extraction import (
    bylines,
    charset,
    declared_text,
    headline,
    publication_time,
    site_names,
    structured_data,
    tree,
)
from transforms.extraction.area import Hints, squeeze
from transforms.extraction.feed_text import extract_from_feed
from transforms.extraction.main_text import main_text
from transforms.extraction.plain_text import line, paragraphs
from transforms.language import detect_language

_TELLING_WORD = re.compile("[\u3040-\u9fff\uac00-\ud7ff]{2,}|[^\\W\\d_]{5,}")


def extract_page(
    body: bytes, *, content_type: str | None, url: str, entry: Entry, now: datetime
) -> Extraction | Refusal:
    """The article of a page; the feed's own text where the page has none; else a Refusal with its reason.

    Args:
        body: the response's bytes, decoded of any content encoding.
        content_type: the response's Content-Type header, None where it had none.
        url: where the redirects ended.
        entry: what the feed says of the article.
        now: the clock, against which dates in the future are refused.

    Never raises for bad input: any bytes give an Extraction or a Refusal.
    """
    if not body.strip():
        return _feed_or(Refusal(Reason.EMPTY, "the page has no content"), entry, now)
    root = tree.parse(charset.decode(body, content_type))
    if root is None:
        return _feed_or(Refusal(Reason.EMPTY, "the page has no elements"), entry, now)
    deepest = tree.flatten(root)
    data = structured_data.read(root)
    sites = site_names.site_names(data, url, entry.feed_title)
    title = headline.headline(root, data, entry, sites)
    names = bylines.authors(root, data, entry, sites)
    time = publication_time.publication_time(root, data, entry, url, now)
    found = main_text(root, data, hints_of(data))
    text = paragraphs(found.text) if found else ""
    if not text or found is None:
        refusal = (
            Refusal(Reason.TOO_DEEP, "the page nests its elements too deep to be read")
            if deepest >= tree.PARSER_DEPTH
            else Refusal(Reason.NO_TEXT, "no article text was found on the page")
        )
        return _feed_or(refusal, entry, now)
    site = data.first_meta("og:site_name", "application-name")
    return Extraction(
        text=text,
        text_source="page",
        text_method=found.method,
        title=title,
        authors=names,
        published_at=time.at,
        published_source=time.source,
        published_precision=time.precision,
        lang=detect_language(text, data.html_lang or entry.lang),
        site_name=line(site) if site else entry.feed_title,
        declared_canonical_url=data.canonical,
    )


def hints_of(data: structured_data.StructuredData) -> Hints:
    """What the page declares of its article: titles, descriptions, body."""
    text_of = structured_data.text_of
    titles = [text for node in data.articles if (text := text_of(node.get("headline")))]
    titles += [text for name in ("og:title", "twitter:title") for text in data.meta.get(name, ())]
    described = [
        text
        for name in ("description", "og:description", "twitter:description")
        for text in data.meta.get(name, ())
    ]
    described += [
        text
        for node in data.articles
        for key in ("description", "alternativeHeadline", "abstract")
        if (text := text_of(node.get(key)))
    ]
    return Hints(
        titles=frozenset(filter(None, map(squeeze, titles))),
        descriptions=tuple(dict.fromkeys(text for text in map(squeeze, described) if len(text) > 25)),
        body=squeeze(declared_text.body_of(data)),
        words=frozenset(
            word[:5] for text in (titles + described)[:6] for word in _TELLING_WORD.findall(text.lower())
        ),
    )


def _feed_or(refusal: Refusal, entry: Entry, now: datetime) -> Extraction | Refusal:
    """The feed's own text, or the refusal where the feed has none."""
    found = extract_from_feed(entry, now=now)
    return found if isinstance(found, Extraction) else dataclasses.replace(refusal)
