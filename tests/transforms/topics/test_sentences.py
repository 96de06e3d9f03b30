import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.topics.languages import language
from transforms.topics.sentences import sentence_starts


@pytest.mark.parametrize(
    ("lang", "sentences"),
    [
        (
            "en",
            ["Mr. Oduya met Dr. A. B. Shah. ", "They left at 9 p.m. from St. Ives. ", "“Go!” ", "She went."],
        ),
        ("ru", ["В 2020 г. Иванов И. И. уехал на ул. Мира. ", "Он не вернулся… ", "Почему?"]),
        ("de", ["Am 2. November kam z.B. Dr. Weber. ", "Er blieb."]),
        ("ar", ["هل عاد؟ ", "نعم. ", "ثم رحل."]),
        ("es", ["El Sr. Paz llegó.\n", "¿Y luego? ", "«Nada», dijo."]),
    ],
)
def test_sentences_begin_where_a_reader_says(lang, sentences):
    """Abbreviations, initials and ordinals don't end a sentence; newlines and marks of every script do."""
    spoken = language(lang)
    text = "".join(sentences)
    starts = sentence_starts(text, spoken.abbreviations, ordinals=spoken.ordinals)
    assert [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)] == sentences


@given(st.text(max_size=200))
def test_starts_rise_from_the_beginning(text):
    """Whatever the text, the sentences cover it in order."""
    starts = sentence_starts(text, frozenset())
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert all(0 < start < len(text) for start in starts[1:])
