"""Dates as pages write them: ISO 8601 and what is near it, epochs, RFC 5322, numbers and words of many languages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from dateutil import parser as date_parser

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
_IN_WORDS = re.compile(
    r"\d{1,2}\.?\s+(?:de\s+)?[^\W\d_]{3,12}\.?,?\s+(?:de\s+)?(?:19|20)\d{2}.{0,16}|[^\W\d_]{3,12}\.?\s+\d{1,2},?\s+(?:19|20)\d{2}.{0,16}"
)
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
_TWO_DAYS = (datetime(2000, 1, 1), datetime(2001, 2, 2))  # noqa: DTZ001 -- defaults for what a text lacks
_ZONE_SECONDS = {name: hours * 3600 for name, hours in _ZONES.items()}


@dataclass(frozen=True, slots=True)
class Reading:
    """A date as a source writes it; `wall` is its clock as written, `zone` None where it names none."""

    wall: datetime
    zone: timezone | None
    precision: str
    source: str

    def moment(self, zone: timezone | None = None) -> datetime:
        """The moment in UTC; `zone` is taken where the source names none, else UTC."""
        return self.wall.replace(tzinfo=self.zone or zone or UTC).astimezone(UTC)


def read_declared(value: str | None, source: str) -> Iterator[Reading]:
    """The date in a declared value; nothing where it holds none."""
    text = (value or "").strip()[:64]
    if len(text) < 8:
        return
    if _EPOCH.match(text):
        at = datetime.fromtimestamp(int(text[:10]), UTC)
        yield Reading(at.replace(tzinfo=None), UTC, "second", source)
        return
    match = _ISO.match(text)
    reading = _iso(match, source) if match else _written(text, source)
    if reading is not None:
        yield reading


def _iso(match: re.Match[str], source: str) -> Reading | None:
    fraction = (match["fraction"] or "0")[:6].ljust(6, "0")
    precision = "day" if match["hour"] is None else "minute" if match["second"] is None else "second"
    try:
        wall = datetime(  # noqa: DTZ001 -- the wall clock as written; its zone stands beside it
            int(match["year"]),
            int(match["month"]),
            int(match["day"]),
            int(match["hour"] or 0),
            int(match["minute"] or 0),
            int(match["second"] or 0),
            int(fraction),
        )
        return Reading(wall, _zone(match["zone"]), precision, source)
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


def _zone_named(name: str | None, offset: int | None) -> int | None:
    """Seconds east of UTC, of a zone by its offset or its name."""
    return offset if offset is not None else _ZONE_SECONDS.get(name or "")


def _written(text: str, source: str) -> Reading | None:
    """A date in another notation, as RFC 5322 or the languages' own."""
    if not re.search(r"\d{4}", text):
        return None
    try:
        at, again = (date_parser.parse(text, default=day, tzinfos=_zone_named) for day in _TWO_DAYS)
    except (ValueError, OverflowError, TypeError, AttributeError):
        return None
    if at != again:  # it lacks a day or month, which the parser took from the default
        return None
    precision = "second" if text.count(":") > 1 else "minute" if ":" in text else "day"
    zone = None if at.tzinfo is None else timezone(at.utcoffset() or timedelta(0))
    return Reading(at.replace(tzinfo=None), zone, precision, source)


def read_shown(text: str, lang: str | None, source: str) -> Iterator[Reading]:
    """The date within a short text that a page shows, in numbers or in words of its language."""
    numeric, in_words = _NUMERIC.search(text), _IN_WORDS.search(text)
    if numeric:
        clock = f" {numeric['hour']}:{numeric['minute']}" if numeric["hour"] else ""
        yield from read_declared(f"{numeric['year']}-{numeric['month']}-{numeric['day']}{clock}", source)
    elif in_words:
        yield from _read_words(in_words[0], lang, source)


def _read_words(text: str, lang: str | None, source: str) -> Iterator[Reading]:
    """A date with the month's name, in the page's language."""
    import dateparser  # type: ignore[import-untyped]  # noqa: PLC0415  ships no types; slow to load, and few pages need it

    try:
        at = dateparser.parse(text, languages=[lang[:2].lower()] if lang else None)
    except ValueError:
        return
    if at is not None:
        precision = "minute" if re.search(r"\d[:.h]\d\d", text) else "day"
        wall = at if precision == "minute" else at.replace(hour=0, minute=0, second=0, microsecond=0)
        yield Reading(wall.replace(tzinfo=None), None, precision, source)
