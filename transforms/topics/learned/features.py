"""What a model sees of a sentence: hashed word and character n-grams, and what the taxonomy heard in it.

Features are hashed to a fixed number of places (Weinberger et al. 2009, "Feature hashing for large scale multitask
learning"), so that a model needs no vocabulary and no text of its training data can be read from its file.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from zlib import crc32

import numpy as np
import numpy.typing as npt

from transforms.topics.read_sentences import ReadSentence

FEATURES_VERSION = 1
"""To be raised whenever a sentence would get other features than before: models of another version are refused."""

HEARD_WEIGHT = 1.0
"""The value of a rule or group that the sentence meets: as much as its n-grams together, whose length is 1."""

_WORDS = re.compile(r"[^\W\d_]+|\d+")
_LONGEST_WORD = 40
_CACHED_WORDS = 200_000

Places = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Hashing:
    """How features become numbers: 2 ** `bits` places, words and their pairs, letters by `shortest` to `longest`."""

    bits: int = 18
    shortest: int = 3
    longest: int = 5

    @property
    def places(self) -> int:
        """How many places there are."""
        return 1 << self.bits


def sentence_features(sentence: ReadSentence, hashing: Hashing) -> tuple[Places, Values]:
    """The places of a sentence's features, each once and rising, and their values.

    Numbers are all one word, so that no model learns a day or an amount.
    """
    words = ["0" if word[0].isdecimal() else word for word in _WORDS.findall(sentence.folded)]
    grams: set[int] = set()
    for word in words:
        grams.update(_word_places(word[:_LONGEST_WORD], hashing))
    last = hashing.places - 1
    grams.update(crc32(f"p{one} {two}".encode()) & last for one, two in pairwise(words))
    heard = {crc32(f"g{name}".encode()) & last for name in sentence.groups}
    heard |= {crc32(f"r{name}".encode()) & last for name in sentence.rules}
    values = dict.fromkeys(grams, 1.0 / max(len(grams), 1) ** 0.5)
    for place in heard:
        values[place] = values.get(place, 0.0) + HEARD_WEIGHT
    places = np.array(sorted(values), dtype=np.int64)
    return places, np.array([values[place] for place in places.tolist()], dtype=np.float64)


@lru_cache(maxsize=_CACHED_WORDS)
def _word_places(word: str, hashing: Hashing) -> tuple[int, ...]:
    """The places of a word and of its letters, with its beginning and end marked."""
    last = hashing.places - 1
    marked = f"<{word}>"
    pieces: Iterable[str] = (
        marked[start : start + length]
        for length in range(hashing.shortest, hashing.longest + 1)
        for start in range(len(marked) - length + 1)
    )
    return tuple(
        {crc32(f"w{word}".encode()) & last, *(crc32(f"c{piece}".encode()) & last for piece in pieces)}
    )


@dataclass(frozen=True, slots=True)
class SentenceRows:
    """The features of many sentences, row after row: row n has the entries `bounds[n]` up to `bounds[n + 1]`."""

    bounds: Places
    places: Places
    values: Values

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def dot(self, weights: Values) -> Values:
        """The sum of each row's values, weighted."""
        if not len(self):
            return np.zeros(0)
        products = np.append(weights[self.places] * self.values, 0.0)
        sums: Values = np.add.reduceat(products, self.bounds[:-1])
        sums[self.bounds[:-1] == self.bounds[1:]] = 0.0
        return sums


def sentence_rows(sentences: Iterable[ReadSentence], hashing: Hashing) -> SentenceRows:
    """The features of the sentences, in their order."""
    bounds, places, values = [0], [], []
    for sentence in sentences:
        own, worth = sentence_features(sentence, hashing)
        places.append(own)
        values.append(worth)
        bounds.append(bounds[-1] + len(own))
    return SentenceRows(
        np.array(bounds, dtype=np.int64),
        np.concatenate(places) if places else np.zeros(0, dtype=np.int64),
        np.concatenate(values) if values else np.zeros(0),
    )
