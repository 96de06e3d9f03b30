"""Learning a topic from documents of which only the whole is labelled."""

import dataclasses

import pytest

from schemas.articles import Evidence, Topic
from tests.support.strikes import UNSEEN, UNSEEN_OTHER
from transforms.topics.learned.model import write_model
from transforms.topics.learned.score import LearnedDetector
from transforms.topics.learned.train import HIGHEST_THRESHOLD


@pytest.fixture
def learned(model, detector):
    return LearnedDetector(model, detector)


def found(learned, text, topics=(), title=None):
    return learned.with_learned(topics, title=title, text=text, lang="en")


def test_a_learned_topic_is_found_in_sentences_never_seen(learned):
    """The topic is told where a sentence speaks for it, and not where the same people do something else."""
    (topic,) = found(learned, UNSEEN)
    assert topic.topic == "strike"
    assert 0.5 <= topic.score <= 1
    assert found(learned, UNSEEN_OTHER) == ()
    assert found(learned, "") == ()


def test_the_evidence_is_the_sentence_that_carried_it(learned):
    """Only documents were labelled, yet the right sentence is told, with its offsets."""
    (topic,) = found(learned, UNSEEN)
    (said,) = topic.evidence
    assert said.rule == "learned:strike"
    assert said.text.startswith("Welders downed tools")
    assert UNSEEN[said.start : said.end] == said.text


def test_evidence_in_a_title_has_the_titles_offsets(learned):
    """Title and text are fields of their own."""
    title = "Welders walked off the job over unpaid overtime"
    (topic,) = found(learned, "It rained in the park.", title=title)
    (said,) = topic.evidence
    assert (said.field, title[said.start : said.end]) == ("title", said.text)


def test_a_topic_of_both_has_the_greater_score_and_the_rules_evidence_first(learned):
    """The model adds to what the rules found and never takes from it."""
    said = Evidence("text", 0, 3, "The", "strike/own")
    other = Topic("riot", 0.7, ("x:1",), (said,))
    for score in (0.5, 0.9999):
        topics = {
            topic.topic: topic
            for topic in found(learned, UNSEEN, (Topic("strike", score, ("x:2",), (said,)), other))
        }
        alone = found(learned, UNSEEN)[0]
        assert topics["riot"] == other
        assert topics["strike"].score == max(score, alone.score)
        assert topics["strike"].concepts == ("x:2",)
        assert topics["strike"].evidence == (said, *alone.evidence)
    faint = (Topic("strike", 0.55, (), (said,)),)
    assert found(learned, UNSEEN_OTHER, faint) == faint


def test_training_is_deterministic(train, model_file, tmp_path):
    """The same texts give the same file, byte for byte."""
    again = tmp_path / "again.parquet"
    write_model(train()[0], again, {})
    assert again.read_bytes() == model_file.read_bytes()


def test_a_model_scores_as_it_did_before_it_was_written(train, model, detector):
    """What is stored is what was learned, to the precision of the stored coefficients."""
    before = LearnedDetector(dataclasses.replace(train()[0], digest=model.digest), detector)
    (one,), (other,) = found(before, UNSEEN), found(LearnedDetector(model, detector), UNSEEN)
    assert one.score == pytest.approx(other.score, abs=2e-4)
    assert one.evidence == other.evidence


def test_held_out_figures_are_of_texts_not_shown(train):
    """A topic that can be learned is seen to be so: precision, recall and F1 well above chance."""
    fitted = train()[1]
    assert fitted.together.f1 > 0.8
    assert min(fitted.together.precision, fitted.together.recall) > 0.7
    assert fitted.rules.f1 == 0


def test_a_model_that_adds_nothing_is_silent(train):
    """Where the rules find all there is, the threshold is such that the model adds next to nothing."""
    fitted = train(known=True)[1]
    assert fitted.threshold == HIGHEST_THRESHOLD
    assert fitted.together == fitted.rules == (1, 1, 1)


def test_the_version_names_taxonomy_and_model(learned, model, detector):
    """A row tells by which model it was found."""
    assert learned.version == f"{detector.taxonomy.version}+model:{model.digest[:8]}"
    assert len(model.digest) == 64
