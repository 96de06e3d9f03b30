"""What a feed says about how often it changes and when it does not."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_PERIODS = {"hourly": 3600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SKIP_HOURS = re.compile(r"<skipHours\s*>(.{0,2000}?)</skipHours", re.IGNORECASE | re.DOTALL)
_SKIP_DAYS = re.compile(r"<skipDays\s*>(.{0,2000}?)</skipDays", re.IGNORECASE | re.DOTALL)
_HOUR = re.compile(r"<hour\s*>\s*([0-9]{1,2})\s*<", re.IGNORECASE)
_DAY = re.compile(r"<day\s*>\s*([A-Za-z]{1,12})\s*<", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PollHints:
    """A feed's own words on polling.

    `ttl_minutes` is RSS 2.0's ttl; `update_period_s` is the syndication module's updatePeriod divided by its
    updateFrequency, in seconds; `skip_hours` (0 to 23, UTC) and `skip_days` (0 is Monday) are RSS's.
    """

    ttl_minutes: int | None = None
    update_period_s: int | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()


def poll_hints(xml: str, *, ttl: str | None, period: str | None, frequency: str | None) -> PollHints:
    """The hints of a feed from its text and from the values of ttl, sy:updatePeriod and sy:updateFrequency.

    Values that make no sense are left out.
    """
    minutes = _positive(ttl)
    base = _PERIODS.get((period or "").strip().lower())
    times = _positive(frequency) or 1
    return PollHints(
        ttl_minutes=minutes,
        update_period_s=None if base is None else max(1, base // times),
        skip_hours=_skipped_hours(_inside(_SKIP_HOURS, _HOUR, xml)),
        skip_days=_skipped_days(_inside(_SKIP_DAYS, _DAY, xml)),
    )


def _positive(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 8 and int(text) > 0 else None


def _inside(container: re.Pattern[str], item: re.Pattern[str], xml: str) -> list[str]:
    found = container.search(xml)
    return item.findall(found[1]) if found else []


def _skipped_hours(hours: Iterable[str]) -> tuple[int, ...]:
    # RSS 0.91 counts from 1 to 24, RSS 2.0 from 0 to 23: 24 is midnight in both.
    skipped = tuple(sorted({int(hour) % 24 for hour in hours if int(hour) <= 24}))
    return skipped if len(skipped) < 24 else ()


def _skipped_days(days: Iterable[str]) -> tuple[int, ...]:
    skipped = tuple(sorted({_WEEKDAYS.index(day.lower()) for day in days if day.lower() in _WEEKDAYS}))
    return skipped if len(skipped) < 7 else ()
