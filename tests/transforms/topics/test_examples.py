from collections import Counter

from transforms.topics.examples import check_examples, render_taxonomy
from transforms.topics.taxonomy import load_taxonomy

UNLABELLED = ("civil_unrest", "vandalism", "torture", "disinformation")


def test_the_default_taxonomy_passes_its_own_check(default_taxonomy):
    """Every example of the default comes out as it says, and no term is enough for two topics."""
    assert [str(finding) for finding in check_examples(default_taxonomy)] == []


def test_topics_that_no_data_labels_have_examples_of_both_kinds(default_taxonomy):
    """Six texts that have the topic and six that only sound like it, at least, in several languages."""
    has = Counter(topic for example in default_taxonomy.examples for topic in example.has)
    lacks = Counter(topic for example in default_taxonomy.examples for topic in example.lacks)
    for topic in UNLABELLED:
        assert has[topic] >= 6
        assert lacks[topic] >= 6
        assert len({example.lang for example in default_taxonomy.examples if topic in example.has}) == 7


def test_every_topic_has_words_in_seven_languages(default_taxonomy):
    """No language goes without a topic."""
    assert default_taxonomy.languages() == ("ar", "de", "en", "es", "fr", "kk", "ru")
    for topic in default_taxonomy.topics:
        for lang in default_taxonomy.languages():
            assert default_taxonomy.groups[topic.name].terms[lang]


def test_concepts_are_the_media_topics_that_the_design_names(default_taxonomy):
    """The IPTC concepts stand in the mappings, with a SKOS relation."""
    first = {topic.name: topic.mappings[0].concept for topic in default_taxonomy.topics}
    assert first == {
        "civil_unrest": "medtop:20000065",
        "riot": "medtop:20000069",
        "protest": "medtop:20000066",
        "vandalism": "medtop:20001285",
        "arrest": "medtop:20000130",
        "investigation": "medtop:20000131",
        "prosecution": "medtop:20000118",
        "trial": "medtop:20000111",
        "verdict": "medtop:20000134",
        "torture": "medtop:20001320",
        "disinformation": "medtop:20001319",
    }


def test_failing_examples_and_collisions_are_told_with_their_lines(tmp_path):
    """An author sees which example fails, why, and which term two topics share."""
    file = tmp_path / "mine.yaml"
    file.write_text(
        "groups: {fire: {en: blaze}}\n"
        "topics:\n"
        "  arson: {rules: [{id: fire, all: [fire]}]}\n"
        "  wildfire:\n    terms:\n      en: blaze\n"
        "examples:\n"
        "  - {lang: en, has: [arson], text: The choir sang.}\n"
        "  - {lang: en, lacks: [wildfire], text: The blaze spread.}\n",
        encoding="utf-8",
    )
    told = [str(finding) for finding in check_examples(load_taxonomy(str(file)))]
    assert told == [
        f"{file}:8: the example is not arson",
        f"{file}:9: the example is wildfire, though it must not be: 'blaze' by wildfire/terms",
        f"{file}:6: the term 'blaze' (en) is enough for arson and for wildfire",
    ]


def test_the_taxonomy_can_be_shown(default_taxonomy):
    """Topics, concepts, rules and the number of terms, in plain text."""
    shown = render_taxonomy(default_taxonomy)
    assert shown.startswith(default_taxonomy.version)
    assert "riot (under civil_unrest), from 0.5" in shown
    assert "exactMatch medtop:20000069" in shown
    assert "rule crowd-violence (0.6): crowd + violence, without military" in shown
