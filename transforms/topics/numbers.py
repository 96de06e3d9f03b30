"""Read the numbers that a sentence states, in digits and in words, as ranges with their bounds.

"About 40" is 40; "more than 40" has no upper bound, "up to 40" no lower; "dozens" is 20 to 99, "hundreds" 200 to
999, "thousands" 2000 to 9999. Decimals without a scale word, and numbers glued to letters, are no counts.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import ahocorasick_rs

from transforms.topics.folding import fold
from transforms.topics.number_bounds import NumberBounds
from transforms.topics.number_tokens import Number, Token

_GROUPED = re.compile(r"\d{1,3}(?:[.,' \u066c]\d{3})+$")
_DIGITS = re.compile(r"\d+")
_DASHES = "-–—‑"
_MOST = 10**12
_LONGEST = 15
_MOST_WORDS = 50_000
"""Words of which it is kept whether they are numbers."""


class NumberReader:
    """Reads the numbers of one language by its tables (`figures` in `data/languages`)."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        self._values: dict[str, int] = {}
        for value, words in tables.get("numbers", {}).items():
            for word in str(words).split():
                self._values[fold(word).text] = int(value)
        self._scales = _valued(tables.get("scales", {}))
        self._vague: dict[str, tuple[int, int]] = {}
        for word, bounds in tables.get("vague", {}).items():
            for spelling in str(word).split("|"):
                self._vague[fold(spelling).text] = (int(bounds[0]), int(bounds[1]))
        self._few = _words(tables.get("few", ""))
        self._half = _words(tables.get("half", ""))
        self._joiners = _words(tables.get("joiners", ""))
        self._of = _words(tables.get("of", ""))
        self._prefix = fold(str(tables.get("number_prefix", ""))).text
        self._ten_adds = bool(tables.get("ten_adds"))
        self._vigesimal = bool(tables.get("vigesimal"))
        self._compound_one = fold(str(tables.get("compound_one", ""))).text
        self._compound = _words(tables.get("compound_joiner", ""))
        self._bounds = NumberBounds(tables)
        self._range_words = _words(tables.get("range_words", ""))
        self._range_and = _words(tables.get("range_and", ""))
        self._range_before = _words(tables.get("range_before", ""))
        self._endings = tuple(fold(ending).text for ending in str(tables.get("digit_endings", "")).split())
        self._known: dict[str, int | None] = {}
        self._beginnings: dict[str, bool] = {}
        self._telling = ahocorasick_rs.AhoCorasick([*self._values, *self._scales, *self._vague] or ["\0\0\0"])

    def is_of(self, word: str) -> bool:
        """Whether a folded word links a number to what it counts (a dozen of, une centaine de)."""
        return word in self._of

    def places(self, text: str) -> list[int]:
        """Places in a folded text at which a number may be stated."""
        found = [digit.start() for digit in _DIGITS.finditer(text)]
        for _, start, end in self._telling.find_matches_as_indexes(text, overlapping=True):
            whole = end == len(text) or not text[end].isalnum() or bool(self._compound)
            ahead = text[start - 1] if start else " "
            if whole and (not ahead.isalnum() or ahead == self._prefix or bool(self._compound)):
                found.append(start)
        return found

    def read(self, tokens: Sequence[Token]) -> list[Number]:
        """The numbers of a sentence's tokens, in order, without overlap."""
        found: list[Number] = []
        beyond = 0
        known = self._beginnings
        for at, token in enumerate(tokens):
            begins = known.get(token.text)
            if begins is None:
                begins = self._begins(token.text)
                if len(known) < _MOST_WORDS:
                    known[token.text] = begins
            if at < beyond or not begins:
                continue
            number = self._bare(tokens, at)
            if number is not None:
                number = self._ranged(tokens, number)
                number = self._bounds.bounded(tokens, number, found[-1].last if found else 0)
                found.append(number)
                beyond = number.last
        return found

    def _begins(self, word: str) -> bool:
        """Whether a number may begin with a word."""
        listed = (self._vague, self._few, self._half, self._scales)
        return (
            word[0].isdecimal()
            or any(word in words for words in listed)
            or self._word_value(word) is not None
        )

    def _word_value(self, word: str) -> int | None:
        """The value of a number word, joined words (siebenundvierzig) and prefixed ones included."""
        if word in self._values:
            return self._values[word]
        if word in self._known:
            return self._known[word]
        value: int | None = None
        if self._prefix and word.startswith(self._prefix):
            value = self._values.get(word[len(self._prefix) :])
        if value is None and self._compound and len(word) > 6:
            value = self._joined_value(word)
        if len(self._known) < _MOST_WORDS:
            self._known[word] = value
        return value

    def _joined_value(self, word: str) -> int | None:
        """Value of a word made of number words alone: hundreds, then unit and ten with their joiner."""
        for scale, factor in sorted(self._scales.items(), key=lambda item: -item[1]):
            head, sign, tail = word.partition(scale)
            if sign:
                times = 1 if head in ("", self._compound_one) else self._word_value(head)
                rest = self._word_value(tail) if tail else 0
                return None if times is None or rest is None else times * factor + rest
        for joiner in self._compound:
            unit, sign, ten = word.partition(joiner)
            one = 1 if unit == self._compound_one else None
            if sign and ten in self._values and (one or unit in self._values):
                return (one or self._values[unit]) + self._values[ten]
        return None

    def _bare(self, tokens: Sequence[Token], at: int) -> Number | None:
        token = tokens[at]
        text = token.text
        if text[0].isdecimal():
            return self._digits(tokens, at)
        if text in self._vague:
            return self._vague_number(tokens, at)
        if text in self._few or text in self._half:
            return self._few_number(tokens, at)
        return self._spelled(tokens, at)

    def _digits(self, tokens: Sequence[Token], at: int) -> Number | None:
        text = tokens[at].text
        last = self._after_digits(tokens, at)
        if last is None or _is_glued(tokens, at):
            return None
        scale, last = self._scale(tokens, last)
        value: float
        if len(text) > _LONGEST:
            value = _MOST
        elif text.isdecimal() or _GROUPED.match(text):
            value = int(re.sub(r"\D", "", text))
        elif scale > 1:
            value = float(re.sub(r"[,\u066b]", ".", text))
        else:
            return None
        year = scale == 1 and len(text) == 4 and text.isdecimal() and 1900 <= int(text) <= 2100
        count = int(min(round(value * scale), _MOST))
        return Number(count, count, at, last, at, plain_year=year)

    def _after_digits(self, tokens: Sequence[Token], at: int) -> int | None:
        """The token after the digits and an ending of theirs (54-х); None where they are part of something else."""
        after = tokens[at + 1] if at + 1 < len(tokens) else None
        if after is None or after.start != tokens[at].end:
            return at + 1
        follower = tokens[at + 2] if at + 2 < len(tokens) and tokens[at + 2].start == after.end else None
        if after.text[0].isalnum() or after.text in "%°":
            return None
        if follower is not None and after.text in ":/" and follower.text[0].isdecimal():
            return None
        if follower is not None and after.text in _DASHES and not follower.text[0].isdecimal():
            return at + 3 if follower.text in self._endings else None
        return at + 1

    def _scale(self, tokens: Sequence[Token], at: int) -> tuple[int, int]:
        scale = 1
        while at < len(tokens) and tokens[at].text in self._scales and scale < _MOST:
            scale *= self._scales[tokens[at].text]
            at += 1
        return scale, at

    def _vague_number(self, tokens: Sequence[Token], at: int) -> Number:
        low, high = self._vague[tokens[at].text]
        last = at + 1
        ahead = last
        if ahead < len(tokens) and tokens[ahead].text in self._of:
            ahead += 1
        if ahead < len(tokens):
            following = tokens[ahead].text
            scale = self._scales.get(following, 0)
            if following in self._vague and self._vague[following][0] > low:
                scale = self._vague[following][0] // 2
            if scale >= 1000:
                low, high, last = low * scale, (high + 1) * scale - 1, ahead + 1
        return Number(low, high, at, last, at, plain_year=False)

    def _few_number(self, tokens: Sequence[Token], at: int) -> Number | None:
        if at + 1 >= len(tokens):
            return None
        following = tokens[at + 1].text
        if tokens[at].text in self._half:
            value = self._values.get(following) or self._scales.get(following)
            return (
                Number(value // 2, value // 2, at, at + 2, at, plain_year=False)
                if value and value > 2
                else None
            )
        if following in self._vague:
            found = self._vague_number(tokens, at + 1)
            return found._replace(first=at, bare=at)
        scale = self._scales.get(following) or self._values.get(following, 0)
        if scale in (10, 12, 100, 1000):
            return Number(
                2 * scale, {10: 99, 12: 99, 100: 999, 1000: 9999}[scale], at, at + 2, at, plain_year=False
            )
        return None

    def _spelled(self, tokens: Sequence[Token], at: int) -> Number | None:
        total = group = 0
        last_value = _MOST
        place = end = at
        while place < len(tokens):
            word = tokens[place].text
            if word in self._scales and (group or total or place == at):
                factor = self._scales[word]
                if factor >= 1000:
                    total, group = total + max(group, 1) * factor, 0
                else:
                    group = max(group, 1) * factor
                last_value = factor
            else:
                value = self._word_value(word)
                if value is None:
                    joins = word in self._joiners or word in _DASHES
                    if joins and place > at and place + 1 < len(tokens):
                        follower = self._word_value(tokens[place + 1].text)
                        if follower is not None and self._adds(follower, last_value, joined=True):
                            place += 1
                            continue
                    break
                if place > at and not self._adds(value, last_value, joined=bool(self._prefix)):
                    break
                if self._vigesimal and last_value == 4 and value == 20:
                    group, value = group - 4 + 80, 80
                else:
                    group += value
                last_value = value
            place += 1
            end = place
        if end == at:
            return None
        count = total + group
        return Number(count, count, at, end, at, plain_year=False) if count else None

    def _adds(self, value: int, before: int, *, joined: bool) -> bool:
        """Whether a number word may follow another within one number: smaller ranks, or unit and ten."""
        if before >= 100:
            return value < before
        if before >= 20:
            return value < 10 or (self._vigesimal and before % 20 == 0 and value < 20)
        if before == 10:
            return self._ten_adds and value < 10
        if self._vigesimal and before == 4 and value == 20:
            return True
        return joined and before < 10 and 10 <= value < 100

    def _ranged(self, tokens: Sequence[Token], number: Number) -> Number:
        at = number.last
        if at + 1 >= len(tokens):
            return number
        sign = tokens[at].text
        opened = number.first > 0 and tokens[number.first - 1].text in self._range_before
        if not (sign in _DASHES or sign in self._range_words or (opened and sign in self._range_and)):
            return number
        other = self._bare(tokens, at + 1)
        if other is None or other.low is None or number.low is None or other.low <= number.low:
            return number
        if number.plain_year or other.plain_year:
            return number._replace(last=other.last, plain_year=True)
        return Number(
            number.low, other.high, number.first - opened, other.last, number.bare, plain_year=False
        )


def _is_glued(tokens: Sequence[Token], at: int) -> bool:
    """Whether digits are written onto what is before them: M5, 10:30, №12. The end of a range is not."""
    if not at or tokens[at - 1].end != tokens[at].start:
        return False
    before = tokens[at - 1].text
    if before in _DASHES and at > 1 and tokens[at - 2].text[0].isdecimal():
        return False
    return before[0].isalnum() or before in "-:/.,№#§"


def _valued(table: Mapping[Any, Any]) -> dict[str, int]:
    return {fold(word).text: int(value) for value, words in table.items() for word in str(words).split()}


def _words(listed: str) -> frozenset[str]:
    return frozenset(fold(word).text for word in str(listed).split())
