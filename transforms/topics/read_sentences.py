"""The sentences of an article with what the taxonomy hears in each, for a learned stage."""

from itertools import pairwise
from typing import NamedTuple

LONGEST_SENTENCE = 600
"""Code points that are taken for one sentence at most."""


class ReadSentence(NamedTuple):
    """A sentence: where it stands (`field[start:end] == text`), its folded text, the taxonomy's groups and rules met."""

    field: str
    start: int
    end: int
    text: str
    folded: str
    groups: tuple[str, ...]
    rules: tuple[str, ...]


def bounded(starts: list[int], length: int) -> list[int]:
    """The starts, and further ones where a sentence would be longer than `LONGEST_SENTENCE`."""
    found: list[int] = []
    for start, end in pairwise([*starts, length]):
        found += range(start, max(end, start + 1), LONGEST_SENTENCE)
    return found
