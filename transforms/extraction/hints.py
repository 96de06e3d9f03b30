"""What a page and its feed let one know of an article before its text is looked for."""

import re
from dataclasses import dataclass

from schemas.entries import Entry
from transforms.extraction import declared_text
from transforms.extraction.structured_data import StructuredData, text_of

_WORDLESS = re.compile(r"[\W_]+")
_TELLING_WORD = re.compile("[\u3040-\u9fff\uac00-\ud7ff]{2,}|[^\\W\\d_]{5,}")
_TITLES = ("og:title", "twitter:title")
_DESCRIPTIONS = ("description", "og:description", "twitter:description")
_SAME_START = 40
_SUMMARY = 1000
_SOME = 3


@dataclass(frozen=True, slots=True)
class Hints:
    """Titles, descriptions and body that the page declares, each squeezed by `squeeze`.

    `words` are the beginnings of the longer words of titles and descriptions, in lower case.
    """

    titles: frozenset[str] = frozenset()
    descriptions: tuple[str, ...] = ()
    body: str = ""
    words: frozenset[str] = frozenset()

    def describes(self, squeezed: str) -> bool:
        """Whether a description and the squeezed text begin alike, or one holds the other's beginning."""
        return len(squeezed) >= 20 and any(
            squeezed[:_SAME_START] in known or known[:_SAME_START] in squeezed for known in self.descriptions
        )

    def fits(self, text: str) -> bool:
        """Whether the text speaks of what titles and descriptions do: a third of their longer words occur."""
        folded = text.lower()
        return 3 * sum(word in folded for word in self.words) >= len(self.words)


def squeeze(text: str) -> str:
    """The letters and digits of a text, in lower case: equal for texts that differ in spaces and signs alone."""
    return _WORDLESS.sub("", text).lower()


def telling_words(text: str) -> frozenset[str]:
    """The beginnings of a text's longer words, in lower case, by which its subject may be known again."""
    return frozenset(word[:5] for word in _TELLING_WORD.findall(text.lower()))


def hints_of(data: StructuredData, entry: Entry | None = None) -> Hints:
    """What the page's structured data and the feed's entry let one know."""
    titles = [text for node in data.articles if (text := text_of(node.get("headline")))]
    titles += [text for name in _TITLES for text in data.meta.get(name, ())]
    described = [text for name in _DESCRIPTIONS for text in data.meta.get(name, ())]
    described += [
        text
        for node in data.articles
        for key in ("description", "alternativeHeadline", "abstract")
        if (text := text_of(node.get(key)))
    ]
    if entry is not None:
        titles += [entry.title] if entry.title else []
        described += [entry.summary[:_SUMMARY]] if entry.summary else []
    long = [text for text in map(squeeze, described) if len(text) > 25]
    told = [*titles[:_SOME], *described[:_SOME]]
    return Hints(
        titles=frozenset(filter(None, map(squeeze, titles))),
        descriptions=tuple(dict.fromkeys(long)),
        body=squeeze(declared_text.body_of(data)),
        words=telling_words(" ".join(told)),
    )
