import pickle
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.topics.detector import Detector
from transforms.topics.folding import fold

WORDS = [
    "Rioters torched two buses and police arrested 12 people. ",
    "Ж\u0438\u0306илой дом. Суд приговорил троих обвиняемых к шести годам колонии за беспорядки. ",
    "Полиция митингіге шыққан он екі адамды ұстады. ",
    "La polici\u0301a detuvo a 1.200 manifestantes durante los disturbios. ",
    "Une e\u0301meute a fait trois morts ; le parquet a ouvert une enquête. ",
    "Nach Ausschreitungen wurden 44 Randalierer festgenommen. ",
    "أوقفت الشرطة ثلاثين مُتظاهـــراً بعد أعمال شَغَب. ",
]
TEXTS = st.lists(
    st.one_of(
        st.sampled_from(WORDS),
        st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20),
        st.sampled_from(
            ["\0", "² ", "١٢ ", "12", "½", "👩‍🚒 ", "\u0301", "\u200f", "\n\n", "... ", "\u00ad", "\ufeff"]
        ),
    ),
    max_size=8,
).map("".join)
LANGS = st.sampled_from(["en", "ru", "kk", "es", "fr", "de", "ar", "xx", None])


@settings(max_examples=400, deadline=None)
@given(title=st.one_of(st.none(), TEXTS), text=TEXTS, lang=LANGS)
def test_evidence_is_the_stored_text_and_what_the_rule_matched(detector, title, text, lang):
    """`text[start:end]` is the evidence's words, and folded they are a term of a group that its rule names."""
    found = detector.detect(title=title, text=text, lang=lang)
    fields = {"title": title or "", "text": text}
    rules = {
        f"{topic.name}/{rule.id}": {name for need in rule.all for name in need}
        for topic in detector.taxonomy.topics
        for rule in topic.rules
    }
    for topic in found.topics:
        assert 0 < topic.score < 1
        for said in topic.evidence:
            assert fields[said.field][said.start : said.end] == said.text
            folded = fold(said.text).text
            groups = detector._rules.mask(sorted(rules[said.rule]))
            assert any(
                (start, end) == (0, len(folded)) and detector._terms._groups_of[term] & groups
                for start, end, term in detector._terms.matcher.hits(folded, None)
            )
    for figure in found.figures:
        assert fields[figure.field][figure.start : figure.end] == figure.text
        assert figure.text in figure.sentence
        assert figure.low is not None or figure.high is not None


@given(text=TEXTS, lang=LANGS)
@settings(max_examples=30, deadline=None)
def test_detection_is_deterministic_and_survives_pickling(detector, text, lang):
    """A worker that gets the taxonomy by pickle finds what the driver finds."""
    copy = pickle.loads(pickle.dumps(detector.taxonomy))
    assert copy == detector.taxonomy
    assert detector.detect(title=None, text=text, lang=lang) == detector.detect(
        title=None, text=text, lang=lang
    )


def test_a_language_without_terms_has_no_topics(detector):
    """Words of another language don't speak for a text."""
    assert detector.detect(title="Riot", text="Riots and arrests.", lang="sv").topics == ()


def test_without_a_language_the_terms_of_all_are_heard(detector):
    """Where the language is not known, detection still works."""
    found = detector.detect(title=None, text="Полиция задержала 12 участников беспорядков.", lang=None)
    assert {topic.topic for topic in found.topics} >= {"riot", "arrest"}
    assert [(figure.kind, figure.low) for figure in found.figures] == [("detained", 12)]


@pytest.mark.parametrize(
    ("told", "hedged"),
    [
        ("Police arrested two men.", "Police did not arrest anyone; no arrests were made."),
        ("The court convicted him.", "The court would convict him if he were convicted."),
        ("A riot broke out in the port.", "The museum recalls the riot of 1911 a century ago."),
        ("Rioters looted the shops.", "The river came like a looter."),
    ],
)
def test_what_is_not_so_counts_less(detector, told, hedged):
    """Negated, hypothetical, long-past and figurative mentions don't make a topic."""
    assert detector.detect(title=None, text=told, lang="en").topics
    assert not detector.detect(title=None, text=hedged, lang="en").topics


def test_set_phrases_are_not_heard(detector):
    """Running riot, time trials and cardiac arrests are none of ours."""
    text = "The winger ran riot. She won the time trial. He died of cardiac arrest. The riot of colour delighted all."
    assert detector.detect(title=None, text=text, lang="en").topics == ()


def test_the_title_counts_more_than_the_text(detector):
    """The same words weigh more where a paper says first what matters."""
    filler = "The council met on Tuesday. " * 4
    in_title = detector.detect(title="Riot in the port", text=filler, lang="en").topics[0].score
    in_text = detector.detect(title="Council", text=filler + "Riot in the port.", lang="en").topics[0].score
    assert in_title > in_text


def test_concepts_and_rules_are_named(detector):
    """A topic carries its concepts, its evidence the rule that found it."""
    topic = detector.detect(title=None, text="Rioters torched two buses.", lang="en").topics[0]
    assert topic.topic == "riot"
    assert {"medtop:20000069", "plover:PROTEST/riot"} <= set(topic.concepts)
    assert topic.evidence[0].rule.startswith("riot/")


def test_a_very_long_word_or_blank_costs_little(detector):
    """Nothing in the matcher grows with the square of a word's length."""
    for text in ("riot" * 100_000, " " * 400_000, "." * 400_000, "a. " * 100_000, "12 " * 50_000):
        detector.detect(title=None, text=text, lang="en")


@pytest.mark.parametrize(
    "words",
    ["no cardiac arrest, rioters arrested ", "12 people killed and 4 of them ", "if crowd torched, found "],
)
def test_a_long_text_full_of_terms_costs_in_proportion(detector, words):
    """One endless sentence of hits, cues and set phrases takes seconds, not hours."""
    started = time.process_time()
    detector.detect(title=None, text=words * 10_000, lang="en")
    assert time.process_time() - started < 20


def test_two_detectors_of_one_taxonomy_agree(detector, default_taxonomy):
    """Building is deterministic too."""
    text = "Суд приговорил троих обвиняемых. Police arrested 12 people."
    assert Detector(default_taxonomy).detect(title=None, text=text, lang=None) == detector.detect(
        title=None, text=text, lang=None
    )
