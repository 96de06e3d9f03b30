"""How each language writes dates, as patterns; the names of months are CLDR's, by Babel.

A pattern has the groups `month`, `day`, `until` (the last day of a range) and `year`. Month names stand for
`{month}`, days for `{day}` and `{until}`, years for `{year}`, what parts the days of a range for `{dash}`.
"""

import re
from dataclasses import dataclass
from functools import cache

from babel import Locale

_DAY = r"(?<![\w.,/:-])(?P<day>0?[1-9]|[12]\d|3[01])"
_UNTIL = r"(?P<until>0?[1-9]|[12]\d|3[01])"
_YEAR = r"(?P<year>(?:19|20)\d\d)(?!\w)"
_SHORTENED = 4
"""Letters of a month that may have a full stop, at most."""
_END = r"(?!\w|[.,:]\d)"


@dataclass(frozen=True, slots=True)
class Habits:
    """How a language writes dates.

    `patterns` are tried in turn at every name of a month; `dash` are the words that part the days of a range, besides
    dashes; `locales` are CLDR's whose months are read, and `widths` which of their names; `endings` may be written
    onto a name; with `capitals` it begins with one; with
    `day_first_slashes` 3/4/2022 is in April.
    """

    patterns: tuple[str, ...]
    dash: str
    locales: tuple[str, ...]
    widths: tuple[str, ...] = ("wide",)
    endings: str = ""
    capitals: bool = False
    day_first_slashes: bool = True


_DAY_MONTH = r"{day}(?:{dash}{until})? {month}(?:,? {year}|{end})"

HABITS = {
    "en": Habits(
        (
            r"{month} {day}(?:st|nd|rd|th)?(?:{dash}{until}(?:st|nd|rd|th)?)?(?:,? {year}|{end})",
            r"{day}(?:st|nd|rd|th)?(?:{dash}{until}(?:st|nd|rd|th)?)?(?: of)? {month}(?:,? {year}|{end})",
            r"{month},? {year}",
        ),
        dash=" to ",
        locales=("en",),
        widths=("wide", "abbreviated"),
        capitals=True,
        day_first_slashes=False,
    ),
    "ru": Habits((_DAY_MONTH, r"{month} {year}"), dash=r" по ", locales=("ru",)),
    "kk": Habits(
        (
            r"(?:{year} (?:жылғы|жылдың|жылы) )?{day}(?:{dash}{until})? {month}{end}",
            r"{day}(?:{dash}{until})? {month} {year}",
            r"{year} (?:жылғы|жылдың|жылы) {month}",
        ),
        dash=r" - ",
        locales=("kk",),
        endings=r"(?:[ыі]?(?:н?[дт][ае]н?|н[ае]н?|[ғгқк][ае]|[ндт][ыі][ңн]?))?",
    ),
    "es": Habits(
        (
            r"{day}(?:º|°)?(?:{dash}{until})? de {month}(?:,? del? (?:año )?{year}|{end})",
            r"{month} del? {year}",
        ),
        dash=r" al | a ",
        locales=("es",),
    ),
    "fr": Habits(
        (r"{day}(?:er)?(?:{dash}{until})? {month}(?: {year}|{end})", r"{month} {year}"),
        dash=r" au ",
        locales=("fr",),
    ),
    "de": Habits(
        (r"{day}\.(?:{dash}{until}\.)? {month}(?: {year}|{end})", r"{month} {year}"),
        dash=r" bis ",
        capitals=True,
        locales=("de", "de_AT"),
        widths=("wide", "abbreviated"),
    ),
    "ar": Habits(
        (
            r"{day}(?:{dash}{until})? (?:من )?{month}(?: ?\([^()]{2,14}\)| ?/ ?[^\W\d]+(?: [^\W\d]+)?)?(?:،? (?:من )?(?:عام |سنة )?{year}|{end})",
            r"{month} (?:عام |سنة )?{year}",
        ),
        dash=r" إلى | حتى ",
        locales=("ar", "ar_SY", "ar_DZ", "ar_MA"),
    ),
}


@dataclass(frozen=True, slots=True)
class Grammar:
    """A language's dates: the month that each name means, and the patterns in which it may stand."""

    months: dict[str, int]
    patterns: tuple[re.Pattern[str], ...]
    capitals: bool
    day_first_slashes: bool


@cache
def grammar(lang: str) -> Grammar | None:
    """The grammar of a language, None where there is none."""
    habits = HABITS.get(lang)
    if habits is None:
        return None
    months = month_names(habits)
    names = "|".join(
        re.escape(name) + (r"\.?" if "abbreviated" in habits.widths and len(name) <= _SHORTENED else "")
        for name in sorted(months, key=lambda name: (-len(name), name))
    )
    parts = {
        "{month}": rf"(?<!\w)(?P<month>{names}){habits.endings}(?!\w)",
        "{day}": _DAY,
        "{until}": _UNTIL,
        "{year}": _YEAR,
        "{dash}": rf"(?: ?[-–—] ?|{habits.dash})",
        "{end}": _END,
    }
    compiled = []
    for written in habits.patterns:
        pattern = written.replace(" ", r"[ \u00a0\u202f]")
        for name, part in parts.items():
            pattern = pattern.replace(name, part)
        compiled.append(re.compile(pattern))
    return Grammar(months, tuple(compiled), habits.capitals, habits.day_first_slashes)


def month_names(habits: Habits) -> dict[str, int]:
    """The names of the months in lower case, without the full stop of a shortened one, and their numbers."""
    names: dict[str, int] = {}
    for code in habits.locales:
        months = Locale.parse(code).months
        for context in ("format", "stand-alone"):
            for width in habits.widths:
                for number, name in months[context][width].items():
                    names.setdefault(name.lower().strip("."), number)
    return names
