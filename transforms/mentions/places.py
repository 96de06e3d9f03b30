"""Find the countries and cities that an article names.

Precision comes first: a country's name is believed unless it is another word too; a city's only after a word that
says it is a place (in, near, из), or with its country after it, or where the article has named it so elsewhere. A
name within a longer one (Delhi Police, Jack London) is not the place.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from schemas.articles import MentionedPlace
from transforms.mentions.gazetteer import LONGEST_WORD, Gazetteer, Place, gazetteer, likeliest
from transforms.topics.folding import fold
from transforms.topics.headed_text import HeadedText

_QUOTES = "\"'«“„("
_SPACES = " \u00a0"
_JOINTS = ".’'-_"
_ELIDED = ("d'", "d’")
"""French de before a vowel, written onto the name."""
_WORD_AFTER = re.compile(r"[ \u00a0-]([\w’'-]+)")
_LONGEST_JOIN = 7


class _Named(NamedTuple):
    """A name in the text: its span, what it may mean, whether something beside it says that it is a place."""

    start: int
    end: int
    places: tuple[Place, ...]
    told: bool
    doubtful: bool


def mentioned_places(title: str | None, text: str, *, lang: str | None) -> tuple[MentionedPlace, ...]:
    """The places that an article names, by place in it.

    Args:
        title: the headline.
        text: the text.
        lang: BCP 47 primary subtag; nothing is found in a language without a gazetteer.
    """
    names = gazetteer(lang) if lang else None
    if names is None:
        return ()
    article = HeadedText.of(title, text)
    folded = None if names.cased else fold(article.whole)
    written = article.whole if folded is None else folded.text
    named = list(_named(written, names))
    believed = [name for name in named if _believed_alone(name)]
    countries = frozenset(name.places[0].country for name in believed if not name.places[0].people)
    told = {written[name.start : name.end] for name in named if name.told}
    found = []
    for name in named:
        if not _believed_alone(name) and not name.told and written[name.start : name.end] not in told:
            continue
        place = likeliest(name.places, countries)
        if place is not None:
            start, end = (name.start, name.end) if folded is None else folded.span(name.start, name.end)
            kind = "city" if place.people else "country"
            found.append(
                MentionedPlace(
                    place.name,
                    place.geonames_id,
                    place.country,
                    kind,
                    *article.place(start, end),
                    article.whole[start:end],
                )
            )
    return tuple(found)


def _believed_alone(name: _Named) -> bool:
    return not name.places[0].people and not name.doubtful


def _named(written: str, names: Gazetteer) -> Iterator[_Named]:
    """The names of places that stand alone as words, not within a longer name."""
    last: _Named | None = None
    for number, start, stem_end in names.names.find_matches_as_indexes(written):
        begin, end = _word(written, start, stem_end, names)
        ending, prefix = written[stem_end:end], written[begin:start]
        if prefix and prefix not in names.prefixes:
            continue
        places = names.meant(number, ending)
        if not places:
            continue
        if written[end : end + 1] in ("-", "$") or (begin and written[begin - 1] in "-@#_./"):
            continue
        word, opens = _word_before(written, begin)
        joined = last is not None and _joins(written[last.end : begin], names)
        cue = word in names.cues or word.lower() in names.cues or prefix.endswith("ب")
        follows = _WORD_AFTER.match(written, end)
        following = follows[1] if follows else ""
        if names.cased and not names.nouns_cased:
            beside = last is not None and last.end >= begin - 1
            within = word[:1].isupper() and (word in names.longer or not opens)
            if following[:1].isupper() or (within and not (cue or joined or beside)):
                continue
        told = (
            cue
            or ending in names.telling
            or following in names.after
            or (joined and last is not None and last.told)
        )
        last = _Named(start, end, places, told, written[start:end] in names.doubtful)
        yield last


def _word(written: str, start: int, stem_end: int, names: Gazetteer) -> tuple[int, int]:
    """Where the word begins and ends in which a stem stands; too far off counts as no word."""
    rest = names.rest.match(written, stem_end)
    begin = start
    while begin and start - begin < LONGEST_WORD and names.letter.match(written, begin - 1):
        begin -= 1
    return begin, rest.end() if rest is not None else stem_end


def _joins(between: str, names: Gazetteer) -> bool:
    """Whether what stands between two names makes a list of them."""
    return len(between) <= _LONGEST_JOIN and between.strip(" ,") in ("", *names.joins) and between != " "


def _word_before(written: str, begin: int) -> tuple[str, bool]:
    """The word just before, nothing where a sign parts them; and whether it opens its sentence."""
    if written[max(0, begin - 2) : begin] in _ELIDED:
        return written[begin - 2 : begin], False
    end = begin
    if end and written[end - 1] in _QUOTES:
        end -= 1
    if end and written[end - 1] in _SPACES:
        end -= 1
    start = end
    while (
        start
        and end - start < LONGEST_WORD
        and (written[start - 1].isalnum() or written[start - 1] in _JOINTS)
    ):
        start -= 1
    word = written[start:end]
    if not word[:1].isalpha() or word.endswith("."):
        return "", False
    ahead = written[max(0, start - 3) : start].rstrip(" \"'«“„(—–-")
    return word, not ahead or ahead[-1] in ".!?\n"
