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

from dateutil import parser as date_parser
from lxml import html

from schemas.entries import Entry
from transforms.extraction.bylines import stands_elsewhere
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
_ISO = re.compile(
    r"^(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"
    r"(?:[T\s,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?)?"
    r"\s*(?P<zone>Z|UTC|GMT|(?:GMT|UTC)?[+-]\d{1,2}:?(?:\d{2})?)?$",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"^\d{10}(?:\d{3})?$")
_NUMERIC = re.compile(
    r"\b(?P<day>\d{1,2})[./-](?P<month>\d{1,2})[./-](?P<year>(?:19|20)\d{2})\b(?:\D{1,12}(?P<hour>\d{1,2})[:.h](?P<minute>\d{2}))?"
)
_DATED_TITLE = re.compile(r"[|–—-]\s*(\d{1,2})\.(\d{1,2})\.((?:19|20)\d{2})\s*$")
_IN_WORDS = re.compile(
    r"\d{1,2}\.?\s+(?:de\s+)?[^\W\d_]{3,12}\.?,?\s+(?:de\s+)?(?:19|20)\d{2}.{0,16}|[^\W\d_]{3,12}\.?\s+\d{1,2},?\s+(?:19|20)\d{2}.{0,16}"
)
_IN_URL = re.compile(r"/((?:19|20)\d{2})[/-]?(0[1-9]|1[0-2])[/-]?(0[1-9]|[12]\d|3[01])(?=[/\-_.]|$)")
_ZONES = {
    "CET": 1,
    "CEST": 2,
    "MEZ": 1,
    "MESZ": 2,
    "EET": 2,
    "EEST": 3,
    "WET": 0,
    "WEST": 1,
    "BST": 1,
    "MSK": 3,
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
    "AKST": -9,
    "HST": -10,
    "SAST": 2,
    "EAT": 3,
    "WAT": 1,
    "JST": 9,
    "KST": 9,
    "HKT": 8,
    "AEST": 10,
    "AEDT": 11,
    "NZST": 12,
    "NZDT": 13,
}
"""Hours east of UTC of the abbreviations that news sites write; IST and the like, which mean several, are left out."""
_ZONE_SECONDS = {name: hours * 3600 for name, hours in _ZONES.items()}
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


@dataclass(frozen=True, slots=True)
class _Reading:
    """A date as a source writes it; `wall` is its clock as written, `zone` None where it names none."""

    wall: datetime
    zone: timezone | None
    precision: str
    source: str

    def moment(self, zone: timezone | None = None) -> datetime:
        return self.wall.replace(tzinfo=self.zone or zone or UTC).astimezone(UTC)


def publication_time(
    root: html.HtmlElement, data: StructuredData, entry: Entry, url: str, now: datetime
) -> PublicationTime:
    """The article's time; `now` is the clock, more than a day after which no time is possible."""
    chosen: _Reading | None = None
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
                chosen = _Reading(chosen.wall, zone, chosen.precision, chosen.source)
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


def _readings(root: html.HtmlElement, data: StructuredData, entry: Entry, url: str) -> Iterator[_Reading]:
    for node in (*data.articles, *data.pages):
        for key in ("datePublished", "dateCreated"):
            yield from _read(text_of(node.get(key)), "json_ld")
    for name in _META:
        for content in data.meta.get(name, ()):
            yield from _read(content, "meta")
    yield from _time_elements(root)
    if entry.published_at is not None:
        zone = UTC if entry.published_at.tzinfo is None else None
        at = entry.published_at.replace(tzinfo=zone) if zone else entry.published_at.astimezone(UTC)
        yield _Reading(at.replace(tzinfo=None), UTC, "second", "feed")
    for title in (data.first_meta("og:title"), root.findtext(".//title")):
        dated = _DATED_TITLE.search(title or "")
        if dated:
            yield from _read(f"{dated[3]}-{dated[2]}-{dated[1]}", "page_text")
    yield from _date_texts(root, data.html_lang)
    match = _IN_URL.search(url)
    if match:
        yield from _read("-".join(match.groups()), "url")


def _read(value: str | None, source: str) -> Iterator[_Reading]:
    """The date in a declared value; nothing where it holds none."""
    text = (value or "").strip()[:64]
    if len(text) < 8:
        return
    if _EPOCH.match(text):
        at = datetime.fromtimestamp(int(text[:10]), UTC)
        yield _Reading(at.replace(tzinfo=None), UTC, "second", source)
        return
    match = _ISO.match(text)
    reading = _iso(match, source) if match else _written(text, source)
    if reading is not None:
        yield reading


def _iso(match: re.Match[str], source: str) -> _Reading | None:
    fraction = (match["fraction"] or "0")[:6].ljust(6, "0")
    precision = "day" if match["hour"] is None else "minute" if match["second"] is None else "second"
    try:
        wall = datetime(  # noqa: DTZ001  the wall clock as written; its zone stands beside it
            int(match["year"]),
            int(match["month"]),
            int(match["day"]),
            int(match["hour"] or 0),
            int(match["minute"] or 0),
            int(match["second"] or 0),
            int(fraction),
        )
        return _Reading(wall, _zone(match["zone"]), precision, source)
    except ValueError:
        return None


def _zone(text: str | None) -> timezone | None:
    if not text:
        return None
    digits = re.sub(r"\D", "", text)
    if not digits:
        return UTC
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if "-" in text else offset)


def _written(text: str, source: str) -> _Reading | None:
    """A date in another notation, as RFC 5322 or the languages' own."""
    if not re.search(r"\d{4}", text):
        return None
    try:
        at = date_parser.parse(text, tzinfos=_ZONE_SECONDS)
    except (ValueError, OverflowError, TypeError, AttributeError):
        return None
    precision = "second" if text.count(":") > 1 else "minute" if ":" in text else "day"
    zone = None if at.tzinfo is None else timezone(at.utcoffset() or timedelta(0))
    return _Reading(at.replace(tzinfo=None), zone, precision, source)


def _is_possible(reading: _Reading, now: datetime) -> bool:
    try:
        return possible(reading.moment(), now) is not None
    except (OverflowError, ValueError):
        return False


def _zone_between(chosen: _Reading, reading: _Reading) -> timezone | None:
    """The zone of a time without one: another source's for the same clock, or what parts it from a feed's moment."""
    if abs(chosen.wall - reading.wall) < timedelta(minutes=1):
        return reading.zone
    offset = chosen.wall - reading.moment().replace(tzinfo=None)
    quarters = round(offset / timedelta(minutes=15))
    if abs(quarters) <= 56 and abs(offset - quarters * timedelta(minutes=15)) < timedelta(minutes=1):
        return timezone(quarters * timedelta(minutes=15)) if reading.source == "feed" else None
    return None


def _time_elements(root: html.HtmlElement) -> Iterator[_Reading]:
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
        yield from _read(value, "page_text")


def _date_texts(root: html.HtmlElement, lang: str | None) -> Iterator[_Reading]:
    """Dates that the page shows in elements whose class speaks of one, outside teasers, comments and the frame."""
    seen = 0
    for element in root.iter("span", "div", "p", "time", "li", "small", "strong"):
        names = class_of(element)
        if element.tag != "time" and (names is None or _DATE_WORDS.isdisjoint(words(names))):
            continue
        text = " ".join("".join(element.itertext()).split())
        if not 8 <= len(text) <= 80 or not any(map(str.isdigit, text)) or stands_elsewhere(element):
            continue
        numeric, in_words = _NUMERIC.search(text), _IN_WORDS.search(text)
        if numeric:
            clock = f" {numeric['hour']}:{numeric['minute']}" if numeric["hour"] else ""
            yield from _read(f"{numeric['year']}-{numeric['month']}-{numeric['day']}{clock}", "page_text")
        elif in_words:
            yield from _read_words(in_words[0], lang)
        seen += 1
        if seen >= _SOME_DATE_TEXTS:
            return


def _read_words(text: str, lang: str | None) -> Iterator[_Reading]:
    """A date with the month's name, in the page's language."""
    import dateparser  # type: ignore[import-untyped]  # noqa: PLC0415  ships no types; slow to load, and few pages need it

    try:
        at = dateparser.parse(text, languages=[lang[:2].lower()] if lang else None)
    except ValueError:
        return
    if at is not None:
        precision = "minute" if re.search(r"\d[:.h]\d\d", text) else "day"
        wall = at if precision == "minute" else at.replace(hour=0, minute=0, second=0, microsecond=0)
        yield _Reading(wall.replace(tzinfo=None), None, precision, "page_text")
