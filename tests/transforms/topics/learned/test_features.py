"""What a model sees of a sentence."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from transforms.topics.learned.features import Hashing, sentence_features, sentence_rows

TEXTS = st.text(st.characters(codec="utf-8"), max_size=200) | st.text(
    "a.!? \n\u0301\u0661ёЁ\u0640١😀\0", max_size=900
)


@given(title=st.none() | TEXTS, text=TEXTS, lang=st.sampled_from([None, "en", "ru", "ar", "xx"]))
def test_sentences_stand_where_they_say(detector, title, text, lang):
    """Every sentence is the words of its field at its offsets, short enough, and none is of two fields."""
    fields = {"title": title or "", "text": text}
    for sentence in detector.read_sentences(title=title, text=text, lang=lang):
        assert fields[sentence.field][sentence.start : sentence.end] == sentence.text
        assert sentence.text == sentence.text.strip() != ""
        assert len(sentence.text) <= 600


@given(text=TEXTS)
def test_no_word_is_lost_between_sentences(detector, text):
    """Whatever is no space is in exactly one sentence."""
    sentences = detector.read_sentences(title=None, text=text, lang="en")
    assert "".join("".join(sentence.text.split()) for sentence in sentences) == "".join(text.split())


@given(text=TEXTS)
def test_a_row_is_its_sentence(detector, text):
    """The rows of many sentences give each the sum that it has alone, also where a sentence has no features."""
    hashing = Hashing(bits=10)
    sentences = detector.read_sentences(title=None, text=text, lang="en")
    weights = np.random.default_rng(1).normal(size=hashing.places)
    alone = []
    for sentence in sentences:
        places, values = sentence_features(sentence, hashing)
        assert (np.diff(places) > 0).all()
        alone.append(float((weights[places] * values).sum()))
    np.testing.assert_allclose(sentence_rows(sentences, hashing).dot(weights), alone, atol=1e-12)


def test_case_marks_and_numbers_change_nothing(detector):
    """What folds to the same words has the same features, and so has another number."""
    one, other = (
        detector.read_sentences(title=None, text=text, lang="ru")[0]
        for text in ("Её допросили 12 мая", "ЕЕ ДОПРОСИЛИ 7 МАЯ")
    )
    for ours, theirs in zip(
        sentence_features(one, Hashing()), sentence_features(other, Hashing()), strict=True
    ):
        assert ours.tolist() == theirs.tolist()


def test_what_the_rules_hear_is_among_the_features(detector):
    """A sentence that meets a rule has features that the same words without the taxonomy's would not have."""
    (sentence,) = detector.read_sentences(title=None, text="Police arrested 12 people.", lang="en")
    assert any(rule.startswith("arrest/") for rule in sentence.rules)
    bare = sentence._replace(rules=(), groups=())
    heard = set(sentence_features(sentence, Hashing())[0].tolist())
    assert len(heard - set(sentence_features(bare, Hashing())[0].tolist())) == len(
        {*sentence.rules, *sentence.groups}
    )
