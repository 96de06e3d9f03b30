"""The words, numbers and signs of a sentence, and the numbers that some of them state."""

import re
from typing import NamedTuple

TOKEN = re.compile(
    r"\d{1,3}(?:[.,' \u066c]\d{3})+(?![\d])(?:[.,\u066b]\d+)?|\d+(?:[.,\u066b]\d+)?|[^\W\d_]+(?:'(?=\w))?|[^\w\s]"
)


class Token(NamedTuple):
    """A word, number or sign of the folded sentence, with its span in the folded text."""

    text: str
    start: int
    end: int


class Number(NamedTuple):
    """A stated number: its bounds (None is open), the tokens that state it, and those of the bare number."""

    low: int | None
    high: int | None
    first: int
    last: int
    bare: int
    plain_year: bool
