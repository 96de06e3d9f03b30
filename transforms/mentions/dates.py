"""Find the dates that an article states, to the day or the month, and ranges of days.

Only what is written is told: a date without its year is given the one that the publication suggests, and is left
out where that is not known. "Last Monday" is no date.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date
from functools import cache

import ahocorasick_rs

from schemas.articles import MentionedDate
from transforms.mentions.date_grammar import Grammar, grammar
from transforms.topics.headed_text import HeadedText

_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
_NUMERIC = re.compile(
    r"(?<![\w./-])(?:(?P<iso>(?:19|20)\d\d-[01]\d-[0-3]\d)(?=\b|t\d)"
    r"|(?P<first>[0-3]?\d)(?P<sign>[./])(?P<second>[0-3]?\d)(?P=sign)(?P<year>(?:19|20)\d\d))(?![./-]?\d|\w)"
)
_SIGNED = re.compile(r"[./-](?:(?:19|20)\d\d|[01]\d-[0-3]\d)")
"""A sign and a year, or the signs of ISO 8601: what only dates in digits have."""
_AROUND = 7
"""Code points before and after these in which the rest of the date stands."""
_INDIC = re.compile("[٠-٩۰-۹]")
_CENTURIES = ("19", "20")
"""One of which every date in digits has, and many texts have not; sought many times as fast."""
_BEFORE = 24
_AFTER = 30
"""Code points before and after the name of a month in which the rest of its date may stand."""
_SOON = 90
"""Days that a date without a year may lie ahead."""


def mentioned_dates(
    title: str | None, text: str, *, lang: str | None, published: date | None
) -> tuple[MentionedDate, ...]:
    """The dates that an article states, by place.

    Args:
        title: the headline.
        text: the text.
        lang: BCP 47 primary subtag; where there is no grammar for it, only dates in digits are found.
        published: when it was published, for dates without a year.
    """
    article = HeadedText.of(title, text)
    lower = article.whole
    if not lower.isascii():
        # İ is the one letter whose lower case is longer.
        lower = lower.replace("İ", "i")
        lower = lower.translate(_DIGITS) if lang == "ar" and _INDIC.search(lower) else lower
    lower = lower.lower()
    rules = grammar(lang) if lang else None
    found: list[MentionedDate] = []
    for match in _in_digits(lower):
        day = _numeric(match, day_first=rules is None or rules.day_first_slashes)
        if day is not None:
            found.append(_mentioned(article, match.span(), day, day, "day"))
    if rules is not None:
        found += _worded(article, lower, rules, _names(lang or ""), published)
    return tuple(sorted(found, key=lambda said: (said.field != "title", said.start)))


def _in_digits(lower: str) -> Iterator[re.Match[str]]:
    """Dates in digits, sought around what only they have."""
    beyond = 0
    for signed in _SIGNED.finditer(lower) if any(century in lower for century in _CENTURIES) else ():
        match = next(
            _NUMERIC.finditer(lower, max(beyond, signed.start() - _AROUND), signed.end() + _AROUND),
            None,
        )
        if match is not None:
            beyond = match.end()
            yield match


def _worded(
    article: HeadedText,
    lower: str,
    rules: Grammar,
    names: ahocorasick_rs.AhoCorasick,
    published: date | None,
) -> Iterator[MentionedDate]:
    beyond = 0
    for _, start, end in names.find_matches_as_indexes(lower):
        if start < beyond or (rules.capitals and not article.whole[start].isupper()):
            continue
        for pattern in rules.patterns:
            match = next(
                (
                    m
                    for m in pattern.finditer(lower, max(beyond, start - _BEFORE), end + _AFTER)
                    if m.start("month") <= start < m.end("month")
                ),
                None,
            )
            if match is not None:
                told = _told(match, rules, published)
                if told is not None:
                    beyond = match.end()
                    yield _mentioned(article, match.span(), *told)
                break


def _told(match: re.Match[str], rules: Grammar, published: date | None) -> tuple[date, date, str] | None:
    """The first day, the last and the precision of a match; None where there is no such date, or no year."""
    said = match.groupdict()
    month = rules.months[said["month"].rstrip(".")]
    day = int(said.get("day") or 0)
    until = int(said.get("until") or day)
    year = int(said["year"]) if said.get("year") else _year(month, day, published)
    if year is None or until < day:
        return None
    if not day:
        return date(year, month, 1), date(year, month, monthrange(year, month)[1]), "month"
    if until > monthrange(year, month)[1]:
        return None
    return date(year, month, day), date(year, month, until), "day"


def _year(month: int, day: int, published: date | None) -> int | None:
    """The year of a day told without it: the last such day, or the next where that is soon. News looks back."""
    if published is None or not day:
        return None
    for year in range(published.year + 1, published.year - 2, -1):
        if day <= monthrange(year, month)[1] and (date(year, month, day) - published).days <= _SOON:
            return year
    return None


def _numeric(match: re.Match[str], *, day_first: bool) -> date | None:
    try:
        if match["iso"]:
            return date.fromisoformat(match["iso"])
        first, second, year = int(match["first"]), int(match["second"]), int(match["year"])
        if match["sign"] == "/" and not day_first:
            if first <= 12 and second <= 12 and first != second:
                return None
            day, month = (first, second) if first > 12 else (second, first)
        else:
            day, month = first, second
        return date(year, month, day)
    except ValueError:
        return None


@cache
def _names(lang: str) -> ahocorasick_rs.AhoCorasick:
    """The names of a language's months as one automaton, the longest first."""
    rules = grammar(lang)
    assert rules is not None  # noqa: S101 -- asked for only where there is a grammar
    return ahocorasick_rs.AhoCorasick(
        sorted(rules.months), matchkind=ahocorasick_rs.MatchKind.LeftmostLongest
    )


def _mentioned(
    article: HeadedText, span: tuple[int, int], low: date, high: date, precision: str
) -> MentionedDate:
    start, end = span
    text = article.whole[start:end]
    return MentionedDate(low, high, precision, *article.place(start, end), text)
