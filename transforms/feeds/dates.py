"""Dates of entries: read where they can be, never guessed."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from time import struct_time

from babel.dates import get_month_names

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""No news feed carries entries from before the web; older dates are the epoch or a broken clock."""
FUTURE_TOLERANCE = timedelta(days=2)
"""How far a date may lie ahead: clocks and zones differ, embargoed entries come a little early."""

_MAX_RAW = 100
_MONTH_LOCALES = "en ru kk es fr de ar it pt nl pl cs sk uk be ro hu tr el sv da nb fi bg sr hr sl lt lv et id vi ca ky uz az hy ka"
_ENGLISH = {
    name: number
    for number, full in enumerate(
        [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ],
        start=1,
    )
    for name in (full, full[:3], full[:4])
}
_ZONES = {
    # Hours from UTC of the names of RFC 822, and of others that mean one zone wherever they are used.
    "z": 0.0, "ut": 0.0, "utc": 0.0, "gmt": 0.0, "est": -5.0, "edt": -4.0, "cst": -6.0, "cdt": -5.0,
    "mst": -7.0, "mdt": -6.0, "pst": -8.0, "pdt": -7.0, "wet": 0.0, "west": 1.0, "bst": 1.0, "cet": 1.0,
    "met": 1.0, "cest": 2.0, "mest": 2.0, "mesz": 2.0, "mez": 1.0, "eet": 2.0, "eest": 3.0, "sast": 2.0,
    "cat": 2.0, "eat": 3.0, "wat": 1.0, "msk": 3.0, "msd": 4.0, "trt": 3.0, "gst": 4.0, "pkt": 5.0,
    "npt": 5.75, "ict": 7.0, "wib": 7.0, "wita": 8.0, "wit": 9.0, "hkt": 8.0, "sgt": 8.0, "pht": 8.0,
    "awst": 8.0, "jst": 9.0, "kst": 9.0, "acst": 9.5, "aest": 10.0, "aedt": 11.0, "nzst": 12.0, "nzdt": 13.0,
    "brt": -3.0, "art": -3.0, "clt": -4.0, "akst": -9.0, "akdt": -8.0, "hst": -10.0,
}  # fmt: skip
_RFC_822 = re.compile(
    r"""(?:[^\W\d]+\.?\s*,?\s*)?             # weekday, in any language, unused
    (?P<day>\d{1,2})\.?[\s\-]+(?:de\s+)?
    (?P<month>[^\W\d]+)\.?[\s\-,]+(?:de\s+)?
    (?P<year>\d{4}|\d{2})
    (?:[\s,T]+(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:[.,]\d+)?)?)?
    \s*(?P<zone>\S+)?(?:\s*\([^)]*\))?""",
    re.VERBOSE,
)
_OFFSET = re.compile(r"(?:GMT|UTC|UT)?([+-])(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)


def published_at(
    candidates: Iterable[tuple[str | None, struct_time | None]], now: datetime
) -> tuple[datetime | None, str | None]:
    """When an entry was published, and the date as the feed writes it.

    Args:
        candidates: the entry's dates, the best first: each as written, and in UTC as feedparser read it (or None).
        now: the current time; later dates than `now` plus FUTURE_TOLERANCE are impossible.

    Returns:
        The first date that can be read and is possible, in UTC, with the text it came from; else None with the
        first text there is.
    """
    first_raw: str | None = None
    for raw, parsed in candidates:
        text = (raw or "").strip()[:_MAX_RAW]
        if not text:
            continue
        first_raw = first_raw or text
        moment = parse_date(text) or _of_struct(parsed)
        if moment is not None and EARLIEST <= moment <= now + FUTURE_TOLERANCE:
            return moment, text
    return None, first_raw


def parse_date(text: str) -> datetime | None:
    """A date in ISO 8601, or in RFC 822 with what feeds make of it, in UTC; None where it is neither.

    Months may be named in the languages of CLDR that news feeds use. A date without a zone is taken as UTC.
    """
    text = text.strip()
    try:
        return _utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        pass
    found = _RFC_822.fullmatch(text)
    if found is None:
        return None
    name = found["month"].casefold()
    # English first: the names of the other languages take a third of a second to load.
    month = _ENGLISH.get(name) or _months().get(name)
    offset = _offset(found["zone"])
    if month is None or offset is None:
        return None
    year = int(found["year"])
    if year < 100:
        year += 1900 if year >= 70 else 2000
    clock = (int(found["hour"] or 0), int(found["minute"] or 0), min(int(found["second"] or 0), 59))
    try:
        return _utc(datetime(year, month, int(found["day"]), *clock, tzinfo=timezone(offset)))
    except (ValueError, OverflowError):
        return None


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _of_struct(parsed: struct_time | None) -> datetime | None:
    if parsed is None:
        return None
    try:
        return datetime(*parsed[:5], min(parsed[5], 59), tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _offset(zone: str | None) -> timedelta | None:
    """Distance of a zone from UTC, None where the name is not known."""
    if zone is None:
        return timedelta(0)
    found = _OFFSET.fullmatch(zone)
    if found is not None:
        sign = -1 if found[1] == "-" else 1
        hours, minutes = int(found[2]), int(found[3] or 0)
        return sign * timedelta(hours=hours, minutes=minutes) if hours <= 14 and minutes < 60 else None
    named = _ZONES.get(zone.lower())
    return None if named is None else timedelta(hours=named)


@cache
def _months() -> dict[str, int]:
    """Month by its name, full or short, in the languages of feeds; names that mean two months are left out."""
    names: dict[str, set[int]] = {}
    for locale in _MONTH_LOCALES.split():
        for width in ("wide", "abbreviated"):
            for context in ("format", "stand-alone"):
                for number, name in get_month_names(width, context, locale).items():
                    names.setdefault(name.casefold().strip("."), set()).add(number)
    return {name: min(found) for name, found in names.items() if len(found) == 1}
