import json
import re
from pathlib import Path

import pytest

from transforms.topics import taxonomy_file, taxonomy_topics
from transforms.topics.detector import Detector
from transforms.topics.taxonomy import TaxonomyError, load_taxonomy

SOUND = """\
name: mine
version: 2
groups:
  crowd: {en: "crowd, mob"}
  fire: {en: "torched, set .. alight"}
topics:
  arson:
    labels: {en: arson}
    mappings: {"medtop:20000069": closeMatch}
    rules:
      - {id: mob, all: [crowd, fire], within: 8 words, weight: 0.7}
examples:
  - {lang: en, has: [arson], text: "A crowd torched the depot."}
"""

MISTAKES = {
    "no yaml": ("version: 2", "version: [2", 3),
    "key given twice": ("version: 2", "name: other", 2),
    "unknown key": ("labels:", "lables:", 8),
    "bad topic name": ("  arson:", "  Arson-Attack:", 7),
    "unknown group": ("[crowd, fire]", "[crowd, fires]", 11),
    "unknown topic in an example": ("has: [arson]", "has: [arsen]", 13),
    "unknown language code": ('crowd: {en: "', 'crowd: {english: "', 4),
    "brackets of a term": ("crowd, mob", "crowd, (mob", 4),
    "star without letters": ("crowd, mob", "crowd, m*", 4),
    "gap at the end": ("set .. alight", "set ..", 5),
    "weight out of range": ("weight: 0.7", "weight: 7", 11),
    "distance not understood": ("8 words", "eight words", 11),
    "no CURIE": ('"medtop:20000069"', '"riot"', 9),
    "no SKOS relation": ("closeMatch", "close", 9),
    "rule without id": ("id: mob, ", "", 11),
    "topic without rules": (
        "    rules:\n      - {id: mob, all: [crowd, fire], within: 8 words, weight: 0.7}\n",
        "",
        7,
    ),
    "unknown parent": ("    labels:", "    parent: unrest\n    labels:", 8),
    "own ancestor": ("    labels:", "    parent: arson\n    labels:", 8),
    "example without text": (', text: "A crowd torched the depot."', "", 13),
    "extends what is not there": ("version: 2", "extends: nowhere.yaml", None),
    "version no number": ("version: 2", "version: two", 2),
    "taking away what is not there": ("crowd, mob", "crowd, !mobs", 4),
}


def write(tmp_path: Path, content: str) -> str:
    file = tmp_path / "mine.yaml"
    file.write_text(content, encoding="utf-8")
    return str(file)


def test_a_sound_file_is_read(tmp_path):
    """What the mistakes below are made in is itself sound."""
    taxonomy = load_taxonomy(write(tmp_path, SOUND))
    assert re.fullmatch(r"mine-2\+[0-9a-f]{8}", taxonomy.version)
    found = Detector(taxonomy).detect(title=None, text="A mob torched the bus.", lang="en")
    assert [topic.topic for topic in found.topics] == ["arson"]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_mistake_is_refused_with_file_line_and_hint(tmp_path, mistake):
    """A taxonomy's author is told where the mistake is, what it is, and how to mend it."""
    sound, broken, line = MISTAKES[mistake]
    assert SOUND.count(sound) == 1
    file = write(tmp_path, SOUND.replace(sound, broken))
    with pytest.raises(TaxonomyError) as raised:
        load_taxonomy(file)
    told = str(raised.value)
    assert raised.value.line == line, told
    if line is None:
        assert "nowhere.yaml" in told
    else:
        assert told.startswith(f"{file}:{line}: ")
    assert raised.value.hint
    assert raised.value.hint in told


@pytest.mark.parametrize(
    "content", [None, b"\xff\xfe\x00name", b"name: \x00", b"- a\n- b\n", b"name: mine\n"]
)
def test_what_is_no_taxonomy_is_refused(tmp_path, content):
    """A missing file, another encoding, control characters, a list, a file without topics."""
    file = tmp_path / "mine.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(TaxonomyError, match=r"mine\.yaml"):
        load_taxonomy(str(file))


def test_the_version_follows_the_content_alone(tmp_path):
    """Comments and places don't change the version, words do."""
    version = load_taxonomy(write(tmp_path, SOUND)).version
    assert load_taxonomy(write(tmp_path, "# a comment\n" + SOUND)).version == version
    assert (
        load_taxonomy(write(tmp_path, SOUND.replace("mob,", "mob2,").replace("mob", "horde"))).version
        != version
    )


def test_a_taxonomy_may_extend_and_override(tmp_path):
    """Terms are added and taken away, keys replaced, rules replaced by id, topics removed."""
    base = tmp_path / "base.yaml"
    base.write_text(SOUND, encoding="utf-8")
    mine = write(
        tmp_path,
        "name: changed\nextends: base.yaml\n"
        'groups: {crowd: {en: "gang, !mob"}}\n'
        "topics:\n  arson:\n    threshold: 0.4\n    rules:\n      - {id: mob, all: [crowd, fire], weight: 0.45}\n",
    )
    detector = Detector(load_taxonomy(mine))
    assert detector.taxonomy.version.startswith("changed-2+")
    assert detector.detect(title=None, text="A gang torched the bus.", lang="en").topics
    assert not detector.detect(title=None, text="A mob torched the bus.", lang="en").topics
    without = write(tmp_path, "extends: default\ntopics:\n  riot: {remove: true}\n")
    assert "riot" not in {topic.name for topic in load_taxonomy(without).topics}


def test_a_topic_written_by_the_documentation_is_found(tmp_path, project_root):
    """The worked example of docs/topics.md, as it stands there, finds election fraud in two languages."""
    guide = (project_root / "docs" / "topics.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(name: elections\n.*?)```", guide, re.DOTALL).group(1)
    detector = Detector(load_taxonomy(write(tmp_path, example)))
    texts = {
        "en": "Two clerks in Harlow County stuffed ballots into sealed boxes, the electoral commission found.",
        "es": "El tribunal anuló los comicios en Tarma por fraude electoral y ordenó repetirlos en junio.",
    }
    for lang, text in texts.items():
        topics = {topic.topic: topic for topic in detector.detect(title=None, text=text, lang=lang).topics}
        assert "election_fraud" in topics, lang
        assert topics["election_fraud"].concepts == ("medtop:20000574",)
    assert "riot" in {topic.name for topic in detector.taxonomy.topics}


def test_a_marked_term_needs_its_company(tmp_path):
    """A term in its own form speaks only beside what it needs."""
    file = write(
        tmp_path,
        'groups: {ballot: {en: "ballot*"}}\n'
        "topics:\n  recount:\n    terms:\n      en:\n        - {term: recount*, needs: ballot, weight: 0.6}\n",
    )
    detector = Detector(load_taxonomy(file))
    assert detector.detect(title=None, text="A recount of the ballots began.", lang="en").topics
    assert not detector.detect(title=None, text="She gave a recount of her travels.", lang="en").topics


def test_the_schema_for_editors_knows_the_keys_that_are_read():
    """What the reader takes, the JSON Schema beside it takes, and no more."""
    schema = json.loads(
        (taxonomy_file.DEFAULT_FILE.parent / "taxonomy.schema.json").read_text(encoding="utf-8")
    )
    top = schema["properties"]
    topic = top["topics"]["additionalProperties"]["properties"]
    marked = topic["terms"]["additionalProperties"]["oneOf"][1]["items"]["oneOf"][1]["properties"]
    assert set(top) == {*taxonomy_file.TOP_KEYS, "language"}
    assert set(topic) == set(taxonomy_topics.TOPIC_KEYS)
    assert set(topic["rules"]["items"]["properties"]) == set(taxonomy_topics.RULE_KEYS)
    assert set(marked) == set(taxonomy_topics.TERM_KEYS)
