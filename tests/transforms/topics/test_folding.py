import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.topics.folding import fold

SCRIPTS = st.text(
    alphabet=st.one_of(
        st.sampled_from("aéßİıſΣςКёйіғӘقأإى\u0640\u0651\u064b\u0308\u0306\u200d\u00ad😀👩\0\n .,-'’"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=60,
)


@given(SCRIPTS)
def test_every_slice_folds_to_the_slice_of_the_folded(text):
    """A span of the folded text, carried back, is the stored words that fold to it."""
    folded = fold(text)
    for start in range(len(folded.text)):
        for end in (start + 1, min(start + 4, len(folded.text))):
            first, last = folded.span(start, end)
            assert 0 <= first < last <= len(text)
            assert fold(text[first:last]).text == folded.text[start:end]


@given(SCRIPTS)
def test_a_folded_text_folds_to_itself(text):
    """Folding once is enough, so terms and texts meet."""
    once = fold(text).text
    assert fold(once).text == once


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Ёлка", "елка"),
        ("МЕЖДУ\u00a0тем", "между тем"),
        ("Émeute", "emeute"),
        ("المُحاكمـــة", "المحاكمه"),
        ("إلى", "الي"),
        ("İSTANBUL", "istanbul"),
        ("würde", "würde"),
    ],
)
def test_letters_that_differ_only_in_dress_fold_to_one(written, folded):
    """Case, ё and е, accents, Arabic alef, yeh and tatweel don't part words; umlauts do."""
    assert fold(written).text == folded


@pytest.mark.parametrize("word", ["протестующий", "manifestación", "Zürich", "أحكام"])
def test_decomposed_letters_fold_as_composed_ones(word):
    """A text in NFD is read like one in NFC."""
    assert fold(unicodedata.normalize("NFD", word)).text == fold(unicodedata.normalize("NFC", word)).text
