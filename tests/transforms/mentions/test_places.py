"""Countries and cities that texts name, with the words that do."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.mentions.places import mentioned_places


def found(text, lang):
    """English name, country and words of each place."""
    return [(place.name, place.country, place.text) for place in mentioned_places(None, text, lang=lang)]


@pytest.mark.parametrize(
    ("lang", "text", "places"),
    [
        (
            "en",
            "Crowds met in Almaty, Kazakhstan.",
            [("Almaty", "KZ", "Almaty"), ("Kazakhstan", "KZ", "Kazakhstan")],
        ),
        ("en", "Trains between Leeds and the U.S. are rare.", [("United States", "US", "U.S.")]),
        (
            "ru",
            "Люди вышли на улицы в Москве и Алматы.",
            [("Moscow", "RU", "Москве"), ("Almaty", "KZ", "Алматы")],
        ),
        ("ru", "Власти Казахстана отрицают это.", [("Kazakhstan", "KZ", "Казахстана")]),
        ("kk", "Наразылық Шымкентте болды.", [("Shymkent", "KZ", "Шымкентте")]),
        ("kk", "Ақтау қаласында жиын өтті.", [("Aktau", "KZ", "Ақтау")]),
        ("es", "Hubo protestas en Londres.", [("London", "GB", "Londres")]),
        ("fr", "La foule s’est rassemblée à Marseille.", [("Marseille", "FR", "Marseille")]),
        (
            "de",
            "Tausende zogen in München durch Russlands Botschaftsviertel.",
            [("Munich", "DE", "München"), ("Russia", "RU", "Russlands")],
        ),
        ("ar", "احتشد الآلاف في القاهرة.", [("Cairo", "EG", "القاهرة")]),
    ],
)
def test_a_place_is_told_with_the_words_that_name_it(lang, text, places):
    """As each language writes it, cases and endings included."""
    assert found(text, lang) == places


def test_a_place_has_its_number():
    """GeoNames' id, and whether it is a country or a city."""
    city, country = mentioned_places("Rally in Oslo", "Norway is calm.", lang="en")
    assert (city.geonames_id, city.kind, city.field, city.start, city.end) == (
        3143244,
        "city",
        "title",
        9,
        13,
    )
    assert (country.geonames_id, country.kind, country.field) == (3144096, "country", "text")


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("en", "Nice weather makes Reading a joy."),
        ("en", "Paris Hilton met Jack London there."),
        ("en", "Northern Ireland and New Mexico are neither."),
        ("en", "Jordan scored twice."),
        ("en", "The Delhi Police said so. It costs US$100."),
        ("ru", "Того не знал никто. Мали ли что?"),
        ("fr", "Réunion du conseil. Maurice est venu."),
        ("ar", "خرجوا من المدينة إلى ميدان واسع في مدينة صغيرة."),
        ("xx", "A rally in Oslo."),
        (None, "A rally in Oslo."),
    ],
)
def test_what_only_looks_like_a_place_is_none(lang, text):
    """Words that are names of cities too, people, longer names, and languages that nobody described."""
    assert found(text, lang) == []


def test_a_name_of_several_places_is_the_likeliest_or_none():
    """The much larger one; another one where the text names its country; none where none stands out."""
    assert found("A march in Birmingham.", "en") == [("Birmingham", "GB", "Birmingham")]
    assert found("In Hyderabad, Pakistan, they met.", "en")[0][1] == "PK"
    assert found("A march in Hyderabad.", "en") == []


def test_a_city_once_told_is_known_again():
    """A name that the article has told to be a place needs no preposition the second time."""
    assert [words for _, _, words in found("They met in Lyon. Lyon was calm.", "en")] == ["Lyon", "Lyon"]
    assert found("Lyon was calm.", "en") == []


@given(
    st.text(alphabet=st.sampled_from("in Oslo,Москвевьг. \n\u0301قطر فيİ'-"), max_size=50),
    st.sampled_from(["en", "ru", "ar", "kk", "de"]),
)
@settings(max_examples=200, deadline=None)
def test_the_words_are_the_stored_ones(text, lang):
    """Whatever the text, `field[start:end]` is the evidence."""
    for place in mentioned_places(text, text, lang=lang):
        assert text[place.start : place.end] == place.text
