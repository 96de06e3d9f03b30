"""Hear "more than", "up to" and "about" before a number or after it."""

from collections.abc import Mapping, Sequence
from typing import Any

from transforms.topics.folding import fold
from transforms.topics.number_tokens import Number, Token

_Phrases = Mapping[str, list[list[str]]]


class NumberBounds:
    """The bounds that a language's words set, by its tables (`figures` in `data/languages`)."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        self._more_before = _phrases(tables.get("more_before", ""), known_by=-1)
        self._more_after = _phrases(tables.get("more_after", ""), known_by=0)
        self._up_to_before = _phrases(tables.get("up_to_before", ""), known_by=-1)
        self._up_to_after = _phrases(tables.get("up_to_after", ""), known_by=0)
        self._about_before = _phrases(tables.get("about_before", ""), known_by=-1)
        self._about_after = _phrases(tables.get("about_after", ""), known_by=0)
        self._rises = frozenset(fold(word).text for word in str(tables.get("rises", "")).split())

    def bounded(self, tokens: Sequence[Token], number: Number, least: int) -> Number:
        """The number with "more than", "up to" and "about" heard, before it or after."""
        if number.low != number.high:
            return number
        before = [token.text for token in tokens[max(least, number.first - 5) : number.first]]
        after = [token.text for token in tokens[number.last : number.last + 5]]
        for phrases, ahead, low, high in (
            (self._about_before, True, number.low, number.high),
            (self._about_after, False, number.low, number.high),
            (self._more_before, True, number.low, None),
            (self._more_after, False, number.low, None),
            (self._up_to_before, True, None, number.high),
            (self._up_to_after, False, None, number.high),
        ):
            length = _ends_with(before, phrases) if ahead else _begins_with(after, phrases)
            if not length and not ahead and _begins_with(after[1:], phrases):
                # "40 people at least": the bound stands after what is counted.
                return number._replace(low=low, high=high)
            if length:
                if ahead:
                    first = number.first - length
                    # "The toll rose to 16" is 16, though the same word says "up to".
                    risen = low is None and tokens[first - 1].text in self._rises
                    return number._replace(
                        low=high if risen else low, high=high, first=number.first if risen else first
                    )
                return number._replace(low=low, high=high, last=number.last + length)
        return number


def _phrases(listed: str, *, known_by: int) -> _Phrases:
    """Phrases split at commas, longest first, by the word of theirs that stands next to the number."""
    phrases: dict[str, list[list[str]]] = {}
    for part in str(listed).split(","):
        words = fold(part).text.split()
        if words:
            phrases.setdefault(words[known_by], []).append(words)
    return {word: sorted(known, key=lambda phrase: (-len(phrase), phrase)) for word, known in phrases.items()}


def _ends_with(words: list[str], phrases: _Phrases) -> int:
    """How many words the longest phrase has with which the words end."""
    for phrase in phrases.get(words[-1], ()) if words else ():
        if words[-len(phrase) :] == phrase:
            return len(phrase)
    return 0


def _begins_with(words: list[str], phrases: _Phrases) -> int:
    """How many words the longest phrase has with which the words begin."""
    for phrase in phrases.get(words[0], ()) if words else ():
        if words[: len(phrase)] == phrase:
            return len(phrase)
    return 0
