"""The names of countries and cities in one language, and how that language writes them into a sentence."""

import json
import re
import sys
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import ahocorasick_rs
from babel import Locale
from ruamel.yaml import YAML

from transforms.topics.folding import fold

_DATA = Path(__file__).parent / "data"
_SCRIPTS = {
    "latin": "A-Za-zÀ-ÖØ-öø-ÿĀ-ž",
    "cyrillic": "\u0400-\u052f",
    "arabic": "\u0621-\u063a\u0641-\u064a",
}
LONGEST_WORD = 24
"""Letters beside a name, or of the word before it, that are looked at at most."""
_REST = "*"
"""Stands in a table of endings for every last letter that it doesn't name."""
_ALIKE = 5
"""How many times as many people make a city the one that is meant by a name that several have."""


class Place(NamedTuple):
    """A country or a city: its name, GeoNames id, ISO 3166 code of the country, people (0 for a country)."""

    name: str
    geonames_id: int
    country: str
    people: int


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """The places that a language can name.

    In a text whose letters are `cased` a capital says that a word is a name, unless all nouns have one (`nouns_cased`).
    `names` finds the stems of names in a text, longest first; `stems[n]` are the names that stem n may be the
    beginning of, by their last letter, each with the places that have it; `endings` are those that a name may have
    for such a letter.
    """

    names: ahocorasick_rs.AhoCorasick
    stems: tuple[tuple[tuple[str, tuple[Place, ...]], ...], ...]
    endings: Mapping[str, frozenset[str]]
    doubtful: frozenset[str]
    cues: frozenset[str]
    after: frozenset[str]
    telling: frozenset[str]
    prefixes: frozenset[str]
    joins: frozenset[str]
    longer: frozenset[str]
    letter: re.Pattern[str]
    rest: re.Pattern[str]
    cased: bool
    nouns_cased: bool

    def meant(self, stem: int, ending: str) -> tuple[Place, ...]:
        """The places that a stem with an ending may mean, those first whose name it is as it stands."""
        named = self.stems[stem]
        if len(named) == 1:
            last, places = named[0]
            return places if ending in self.endings[last] else ()
        found = [(last, places) for last, places in named if ending in self.endings[last]]
        if len(found) > 1:
            found.sort(key=lambda item: item[0].strip(_REST) != ending)
        return tuple(place for _, places in found for place in places)


@cache
def gazetteer(lang: str) -> Gazetteer | None:
    """The gazetteer of a language, None where there is none. Making one takes a fifth of a second."""
    spoken = _languages().get(lang)
    if spoken is None:
        return None
    cased = spoken["script"] != "arabic"
    letters = _SCRIPTS[spoken["script"]]
    endings = {
        last: frozenset(_words(listed)) for last, listed in spoken.get("endings", {_REST: "''"}).items()
    }
    stems: dict[str, list[tuple[str, tuple[Place, ...]]]] = {}
    for name, places in _named(lang, spoken).items():
        last = name[-1] if name[-1] in endings else _REST
        own = [place for place in places if place.name == name or not place.people]
        meant = sorted(own or places, key=lambda place: (place.people > 0, -place.people))
        stems.setdefault(name[:-1] if last != _REST else name, []).append((last, tuple(meant)))
    order = sorted(stems)
    return Gazetteer(
        ahocorasick_rs.AhoCorasick(
            order,
            matchkind=ahocorasick_rs.MatchKind.LeftmostLongest,
            implementation=ahocorasick_rs.Implementation.ContiguousNFA,
        ),
        tuple(tuple(stems[stem]) for stem in order),
        endings,
        frozenset(word if cased else fold(word).text for word in _words(spoken.get("doubtful", ""))),
        frozenset(word if cased else fold(word).text for word in _words(spoken.get("cues", ""))),
        frozenset(_words(spoken.get("after", ""))),
        frozenset(_words(spoken.get("telling", ""))),
        frozenset(_words(spoken.get("prefixes", ""))),
        frozenset(_words(spoken.get("joins", ""))),
        frozenset(_words(spoken.get("longer", ""))),
        re.compile(f"[{letters}]"),
        re.compile(f"[{letters}]{{0,{LONGEST_WORD}}}"),
        cased,
        bool(spoken.get("nouns_cased")),
    )


def likeliest(places: tuple[Place, ...], countries: frozenset[str]) -> Place | None:
    """Which of the places of one name is meant in a text that names the countries; None where none stands out."""
    near = [place for place in places if place.country in countries]
    for chosen in (near, places):
        if len(chosen) == 1 or (len(chosen) > 1 and chosen[0].people >= _ALIKE * chosen[1].people):
            return chosen[0]
        if chosen and not chosen[0].people:
            return chosen[0]
    return None


def _words(listed: str) -> list[str]:
    return ["" if word == "''" else word for word in str(listed).split()]


@cache
def _languages() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load(
        (_DATA / "places.yaml").read_text(encoding="utf-8")
    )
    return loaded


class _City(NamedTuple):
    """A city, its names in its own language's writing and without accents, and those that it has elsewhere."""

    place: Place
    own: tuple[str, ...]
    elsewhere: tuple[str, ...]


@cache
def _geonames() -> tuple[dict[str, int], tuple[_City, ...]]:
    """GeoNames' numbers of countries by ISO 3166 code, and the cities."""
    loaded = json.loads((_DATA / "cities.json").read_text(encoding="utf-8"))
    cities = []
    for geonames_id, country, people, name, *elsewhere in loaded["cities"]:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        own = (name,) if plain == name else (name, plain)
        cities.append(_City(Place(name, geonames_id, sys.intern(country), people), own, tuple(elsewhere)))
    return loaded["countries"], tuple(cities)


def _named(lang: str, spoken: Mapping[str, Any]) -> dict[str, list[Place]]:
    """The places by their names in the language's script, folded where it has no capitals."""
    letters = _SCRIPTS[spoken["script"]]
    fits = re.compile(f"[{letters}][{letters} .'’-]*")
    cased = spoken["script"] != "arabic"
    never = {name if cased else fold(name).text for name in str(spoken.get("never", "")).split("|")}
    named: dict[str, list[Place]] = {}
    for name, place in (*_countries(lang, spoken), *_cities(spoken)):
        written = name if cased else fold(name).text
        if fits.fullmatch(name) and written not in never and place not in named.setdefault(written, []):
            named[written].append(place)
    return named


def _countries(lang: str, spoken: Mapping[str, Any]) -> list[tuple[str, Place]]:
    """Names of countries: CLDR's without what stands in brackets, and the further ones of the language's table."""
    ids, _ = _geonames()
    english = Locale("en").territories
    found = []
    for code, name in Locale(lang).territories.items():
        if code in ids:
            place = Place(english[code], ids[code], code, 0)
            further = spoken.get("countries", {}).get(code)
            written = (name.partition("(")[0].strip(), *(further.split("|") if further else ()))
            found += [(one, place) for one in written]
    return found


def _cities(spoken: Mapping[str, Any]) -> list[tuple[str, Place]]:
    found = []
    for place, own, elsewhere in _geonames()[1]:
        if place.people >= spoken.get("cities_from", 0):
            found += [(name, place) for name in own]
            if place.people >= spoken.get("names_elsewhere_from", 0):
                found += [(name, place) for name in elsewhere]
    return found
