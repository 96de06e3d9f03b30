"""Dates that texts state, in seven languages, with the words that do."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.mentions.dates import mentioned_dates

PUBLISHED = date(2022, 1, 20)


def found(text, lang, published=PUBLISHED):
    """First day, last day and words of each date."""
    return [
        (said.low.isoformat(), said.high.isoformat(), said.text)
        for said in mentioned_dates(None, text, lang=lang, published=published)
    ]


@pytest.mark.parametrize(
    ("lang", "text", "day", "words"),
    [
        ("en", "It began on January 4, 2022 in the west.", "2022-01-04", "January 4, 2022"),
        ("en", "It began on 4th of January 2022.", "2022-01-04", "4th of January 2022"),
        ("ru", "Беспорядки начались 4 января 2022 года.", "2022-01-04", "4 января 2022"),
        ("kk", "Оқиға 2022 жылғы 4 қаңтарда басталды.", "2022-01-04", "2022 жылғы 4 қаңтарда"),
        ("es", "Empezó el 4 de enero de 2022.", "2022-01-04", "4 de enero de 2022"),
        ("fr", "Tout a commencé le 1er janvier 2022.", "2022-01-01", "1er janvier 2022"),
        ("de", "Es begann am 4. Januar 2022.", "2022-01-04", "4. Januar 2022"),
        ("ar", "بدأت في ٤ يناير (كانون الثاني) ٢٠٢٢.", "2022-01-04", "٤ يناير (كانون الثاني) ٢٠٢٢"),
        ("ar", "بدأت في 4 يناير/كانون الثاني 2022.", "2022-01-04", "4 يناير/كانون الثاني 2022"),
        ("ar", "بدأت في 4 كانون الثاني 2022.", "2022-01-04", "4 كانون الثاني 2022"),
        ("ru", "Заседание назначено на 04.02.2022.", "2022-02-04", "04.02.2022"),
        ("en", "Updated 2022-01-04 by the desk.", "2022-01-04", "2022-01-04"),
        ("en", "Updated 12/31/2021 by the desk.", "2021-12-31", "12/31/2021"),
        ("es", "Actualizado el 3/4/2021.", "2021-04-03", "3/4/2021"),
    ],
)
def test_a_day_is_told_with_the_words_that_state_it(lang, text, day, words):
    """In words and in digits, as each language writes days."""
    assert found(text, lang) == [(day, day, words)]


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("en", "The events of January 4-6, 2022 are investigated."),
        ("en", "The events of 4 to 6 January 2022 are investigated."),
        ("ru", "События 4–6 января 2022 года расследуются."),
        ("es", "Los hechos del 4 al 6 de enero de 2022 se investigan."),
        ("fr", "Les événements du 4 au 6 janvier 2022 font l’objet d’une enquête."),
        ("de", "Die Ereignisse vom 4. bis 6. Januar 2022 werden untersucht."),
        ("ar", "أحداث 4-6 يناير 2022 قيد التحقيق."),
        ("kk", "2022 жылғы 4-6 қаңтардағы оқиға.".replace("қаңтардағы", "қаңтарда болған")),
    ],
)
def test_a_range_of_days_has_its_first_and_last(lang, text):
    """One mention, not its last day alone."""
    ((low, high, _),) = found(text, lang)
    assert (low, high) == ("2022-01-04", "2022-01-06")


@pytest.mark.parametrize(
    ("published", "year"),
    [(date(2022, 1, 20), 2021), (date(2021, 11, 30), 2021), (date(2021, 3, 1), 2020), (None, None)],
)
def test_the_publication_gives_a_day_its_year(published, year):
    """The last such day, or one that is soon to come; none where nobody knows."""
    days = found("They met on December 30 in the capital.", "en", published)
    assert days == ([(f"{year}-12-30", f"{year}-12-30", "December 30")] if year else [])


def test_a_month_with_its_year_is_told_as_a_month():
    """Its first and last day; a month without a year is told of no more than "last Monday" is."""
    (said,) = mentioned_dates(
        "In May they met on Monday", "Since February 2020.", lang="en", published=PUBLISHED
    )
    assert (said.low, said.high, said.precision) == (date(2020, 2, 1), date(2020, 2, 29), "month")
    assert (said.field, said.text) == ("text", "February 2020")


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("en", "Updated 3/4/2021 by the desk."),
        ("en", "They may 4 times march 5 miles."),
        ("en", "Version 1.12.2021.7 came out."),
        ("ru", "Отчёт за 31.02.2021 отсутствует."),
        ("de", "Seite 12. Mairegen fiel."),
        ("fr", "Le 31 juin 2021 n’existe pas."),
        ("xx", "4 January 2022"),
        (None, "4 January 2022"),
    ],
)
def test_what_is_no_date_or_could_be_two_is_left_out(lang, text):
    """A day that no calendar has, a number of something else, 3/4 in English."""
    assert found(text, lang) == []


@given(
    st.text(alphabet=st.sampled_from("0123456789 .-/,January4МайяқİÉé \n\u0301٤"), max_size=60),
    st.sampled_from(["en", "ru", "kk", "ar", "de", None]),
)
@settings(max_examples=300, deadline=None)
def test_the_words_are_the_stored_ones(text, lang):
    """Whatever the text, `field[start:end]` is the evidence."""
    for said in mentioned_dates(text, text, lang=lang, published=PUBLISHED):
        assert text[said.start : said.end] == said.text
        assert said.low <= said.high
