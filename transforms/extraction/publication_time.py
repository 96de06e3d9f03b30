"""When an article was published: to the second where the page says so, null rather than a guess.

Sources in the order of trust that the evaluation pages justify: JSON-LD, meta elements, microdata and time elements,
the feed's entry, dates in the page's text, the URL. A source that gives but the day yields to a later one that gives
the time of the same day. A time without a zone takes the zone of another source with the same wall clock, else it is
read as UTC.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from lxml import html

from schemas.entries import Entry
from transforms.extraction.bylines import stands_elsewhere
from transforms.extraction.dates import Reading, read_declared, read_shown
from transforms.extraction.structured_data import StructuredData, text_of
from transforms.extraction.vocabulary import class_of, word_set, words

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Before there were news pages."""
_META = (
    "article:published_time",
    "article:published",
    "og:article:published_time",
    "og:published_time",
    "datepublished",
    "article:publish_date",
    "publish_date",
    "publish-date",
    "publishdate",
    "published_time",
    "published_at",
    "published-at",
    "published",
    "pubdate",
    "publication_date",
    "publication-date",
    "parsely-pub-date",
    "sailthru.date",
    "cxenseparse:recs:publishtime",
    "cxenseparse:publishtime",
    "dc.date.issued",
    "dcterms.issued",
    "dcterms.created",
    "date.available",
    "dc.date",
    "dcterms.date",
    "date",
    "datecreated",
    "dcsext.articlefirstpublished",
    "article.published",
    "last-published",
)
_DATED_TITLE = re.compile(r"[|–—-]\s*(\d{1,2})\.(\d{1,2})\.((?:19|20)\d{2})\s*$")
_IN_URL = re.compile(r"/((?:19|20)\d{2})[/-]?(0[1-9]|1[0-2])[/-]?(0[1-9]|[12]\d|3[01])(?=[/\-_.]|$)")
_DATE_WORDS = word_set(
    "date dateline datetime time timestamp published publish pubdate posted created datum fecha data tarih created"
)
_PUBLISHED_WORDS = word_set("published publish pubdate posted created publication")
_UPDATED_WORDS = word_set("updated modified update lastchanged changed")
_SOME_DATE_TEXTS = 6


@dataclass(frozen=True, slots=True)
class PublicationTime:
    """A moment in UTC, where it comes from, and how exact it is: second, minute, day or none."""

    at: datetime | None
    source: str
    precision: str


UNKNOWN = PublicationTime(None, "none", "none")


def publication_time(
    root: html.HtmlElement, data: StructuredData, entry: Entry, url: str, now: datetime
) -> PublicationTime:
    """The article's time; `now` is the clock, more than a day after which no time is possible."""
    chosen: Reading | None = None
    for reading in _readings(root, data, entry, url):
        if not _is_possible(reading, now):
            continue
        if chosen is None:
            chosen = reading
        elif chosen.precision == "day" and reading.precision != "day":
            if abs(reading.wall - chosen.wall) < timedelta(hours=36) and reading.source != "page_text":
                chosen = reading
        elif chosen.precision != "day" and chosen.zone is None and reading.zone is not None:
            zone = _zone_between(chosen, reading)
            if zone is not None:
                chosen = Reading(chosen.wall, zone, chosen.precision, chosen.source)
        if chosen.precision != "day" and chosen.zone is not None:
            break
    if chosen is None:
        return UNKNOWN
    return PublicationTime(chosen.moment(), chosen.source, chosen.precision)


def possible(at: datetime | None, now: datetime) -> datetime | None:
    """The time in UTC, None where it lies before 1990 or more than a day after `now`."""
    if at is None:
        return None
    try:
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return at if EARLIEST <= at <= now + timedelta(days=1) else None


def _readings(root: html.HtmlElement, data: StructuredData, entry: Entry, url: str) -> Iterator[Reading]:
    for node in (*data.articles, *data.pages):
        for key in ("datePublished", "dateCreated"):
            yield from read_declared(text_of(node.get(key)), "json_ld")
    for name in _META:
        for content in data.meta.get(name, ()):
            yield from read_declared(content, "meta")
    yield from _time_elements(root)
    if entry.published_at is not None:
        zone = UTC if entry.published_at.tzinfo is None else None
        at = entry.published_at.replace(tzinfo=zone) if zone else entry.published_at.astimezone(UTC)
        yield Reading(at.replace(tzinfo=None), UTC, "second", "feed")
    for title in (data.first_meta("og:title"), root.findtext(".//title")):
        dated = _DATED_TITLE.search(title or "")
        if dated:
            yield from read_declared(f"{dated[3]}-{dated[2]}-{dated[1]}", "page_text")
    yield from _date_texts(root, data.html_lang)
    match = _IN_URL.search(url)
    if match:
        yield from read_declared("-".join(match.groups()), "url")


def _is_possible(reading: Reading, now: datetime) -> bool:
    try:
        return possible(reading.moment(), now) is not None
    except (OverflowError, ValueError):
        return False


def _zone_between(chosen: Reading, reading: Reading) -> timezone | None:
    """The zone of a time without one: another source's for the same clock, or what parts it from a feed's moment."""
    if abs(chosen.wall - reading.wall) < timedelta(minutes=1):
        return reading.zone
    offset = chosen.wall - reading.moment().replace(tzinfo=None)
    quarters = round(offset / timedelta(minutes=15))
    if abs(quarters) <= 56 and abs(offset - quarters * timedelta(minutes=15)) < timedelta(minutes=1):
        return timezone(quarters * timedelta(minutes=15)) if reading.source == "feed" else None
    return None


def _time_elements(root: html.HtmlElement) -> Iterator[Reading]:
    """Times in microdata and time elements: those marked as published first, then the first of the article."""
    found: list[tuple[int, str]] = []
    for element in root.iter("time", "span", "abbr", "div", "p", "meta"):
        value = element.get("datetime") or element.get("content") if element.tag != "meta" else None
        prop = element.get("itemprop", "")
        if not value or (element.tag != "time" and "datePublished" not in prop):
            continue
        said = words(class_of(element) or "")
        if not _UPDATED_WORDS.isdisjoint(said) or "dateModified" in prop:
            continue
        marked = "datePublished" in prop or element.get("pubdate") is not None
        marked = marked or not _PUBLISHED_WORDS.isdisjoint(said)
        found.append((0 if marked else 1, value))
        if len(found) >= _SOME_DATE_TEXTS:
            break
    for _, value in sorted(found[:_SOME_DATE_TEXTS], key=lambda pair: pair[0])[:1]:
        yield from read_declared(value, "page_text")


def _date_texts(root: html.HtmlElement, lang: str | None) -> Iterator[Reading]:
    """Dates that the page shows in elements whose class speaks of one, outside teasers, comments and the frame."""
    seen = 0
    for element in root.iter("span", "div", "p", "time", "li", "small", "strong"):
        names = class_of(element)
        if element.tag != "time" and (names is None or _DATE_WORDS.isdisjoint(words(names))):
            continue
        text = " ".join("".join(element.itertext()).split())
        if not 8 <= len(text) <= 80 or not any(map(str.isdigit, text)) or stands_elsewhere(element):
            continue
        yield from read_shown(text, lang, "page_text")
        seen += 1
        if seen >= _SOME_DATE_TEXTS:
            return
