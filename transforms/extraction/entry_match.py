"""Whether a page is the article that its feed told of, or what came in its place: a front page, a login, a notice."""

import unicodedata
from collections import Counter

from lxml import html

from schemas.entries import Entry
from transforms.extraction.hints import telling_words
from transforms.extraction.structured_data import StructuredData

_FEWEST_WORDS = 4
"""Longer words that an entry's title must have before it can speak against a page."""

_SUMMARY = 1000
_FOR_SCRIPT = 200
_MOST_SHARED = 0.25
_DECLARED = ("og:title", "twitter:title", "description", "og:description")


def own_headings(root: html.HtmlElement, data: StructuredData) -> str:
    """What the page itself puts over its content: its title, first-level headings and what it declares."""
    headings = [element.text_content() for element in root.iter("title", "h1")]
    declared = [content for name in _DECLARED for content in data.meta.get(name, ())]
    return "\n".join([*headings, *declared])


def is_another_page(entry: Entry, data: StructuredData, headings: str, text: str) -> bool:
    """Whether the page declares no article, and neither its headings nor its text speak of what the feed's title does.

    Of 153 pages with their own titles none is such a page; with titles of other pages in the same language four in
    ten would be. A page that calls itself an article is believed, and one in another script is not judged: titles
    are rewritten and translated.

    Args:
        entry: what the feed says of the article.
        data: what the page declares.
        headings: as `own_headings` gave them.
        text: the page's text as it was read.
    """
    if data.articles or data.first_meta("og:type") == "article":
        return False
    title = entry.title or ""
    words = telling_words(title)
    if len(words) < _FEWEST_WORDS or _script_of(title) != _script_of(text):
        return False
    said = f"{headings}\n{text}".lower()
    if any(word in said for word in words):
        return False
    summary = telling_words((entry.summary or "")[:_SUMMARY]) - words
    return sum(word in said for word in summary) <= _MOST_SHARED * len(summary)


def _script_of(text: str) -> str | None:
    """The script of most letters at a text's beginning, by their Unicode names: LATIN, CYRILLIC, CJK, ..."""
    letters = (letter for letter in text[:_FOR_SCRIPT] if letter.isalpha())
    found = Counter(unicodedata.name(letter, "").partition(" ")[0] for letter in letters)
    return max(found, key=lambda name: found[name], default=None)
