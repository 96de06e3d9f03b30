"""`tocsin taxonomy train`, and the model that it writes in `run`, `detect` and `retag`."""

import json
from datetime import UTC, datetime, timedelta

import apache_beam as beam
import pytest
from apache_beam.pipeline import PipelineVisitor

from pipeline.detect_texts import detect_texts
from pipeline.options import UsageError
from pipeline.read_lake import read_articles
from pipeline.retag import retag
from pipeline.train_model import train_model
from tests.support.runs import batch, manifests, rows, tocsin
from tests.support.site import Item, Page, Site, article_page, rss
from tests.support.strikes import UNSEEN, UNSEEN_OTHER, labelled_rows
from transforms.detect_topics import DetectTopics
from transforms.http.settings import HttpSettings
from transforms.run_context import RunContext
from transforms.topics.learned.model import ModelError


def write_lines(path, given):
    path.write_text("".join(json.dumps(row) + "\n" for row in given), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    labelled = write_lines(folder / "labelled.jsonl", labelled_rows())
    return train_model(
        labelled, str(folder / "strike.parquet"), taxonomy_path=None
    ), folder / "strike.parquet"


@pytest.fixture
def site():
    with Site() as site:
        for name, text in (("strike", UNSEEN), ("fair", UNSEEN_OTHER)):
            site.pages[f"/{name}.html"] = article_page(
                "The week in the harbour",
                [*text.replace(". ", ".\n").split("\n"), "Ferries leave the pier at the usual hours. " * 5],
            )
        site.pages["/gone.html"] = Page(b"", status=410)
        site.pages["/feed.xml"] = rss(
            [Item(f"{site.url}/{name}.html", title="The week") for name in ("strike", "fair", "gone")]
        )
        yield site


def test_the_command_learns_and_tells_how_well(tmp_path):
    """It prints each topic's figures on texts held out, and the digest that stands beside the model."""
    labelled = write_lines(tmp_path / "labelled.jsonl", labelled_rows())
    done = tocsin("taxonomy", "train", labelled, tmp_path / "m.parquet", "--topic", "strike")
    assert done.returncode == 0, done.stderr
    assert "strike: 24 texts with, 24 without; held out:" in done.stdout
    assert "  rules alone: precision 0.000, recall 0.000, F1 0.000" in done.stdout
    statement = json.loads((tmp_path / "m.parquet.json").read_text())
    assert statement["sha256"] in done.stdout
    assert statement["held_out"]["strike"]["together"]["f1"] > 0.8


def test_detect_adds_the_learned_topic(trained, tmp_path):
    """Rows get the topic, its evidence and a version that names the model; without the option nothing changes."""
    told, model = trained
    source = write_lines(
        tmp_path / "in.jsonl",
        [{"id": "1", "text": UNSEEN, "lang": "en"}, {"id": "2", "text": UNSEEN_OTHER, "lang": "en"}],
    )
    summary = detect_texts(
        source, str(tmp_path / "out.jsonl"), taxonomy_path=None, model_path=str(model), workers=1
    )
    first, second = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    (topic,) = [topic for topic in first["topics"] if topic["topic"] == "strike"]
    assert second["topics"] == []
    (said,) = topic["evidence"]
    assert UNSEEN[said["start"] : said["end"]] == said["text"]
    assert first["taxonomy_version"] == summary.taxonomy_version
    assert summary.taxonomy_version.endswith(f"+model:{told.sha256[:8]}")
    bare = detect_texts(source, str(tmp_path / "bare.jsonl"), taxonomy_path=None, workers=1)
    assert "strike" not in bare.topics
    assert "model" not in bare.taxonomy_version


def test_a_run_applies_the_model_and_keeps_every_outcome(trained, site, tmp_path):
    """Through RunInference articles get the learned topic, and an entry that is no article passes unchanged."""
    told, model = trained
    feeds = tmp_path / "feeds.txt"
    feeds.write_text(f"{site.url}/feed.xml\n")
    batch(feeds, tmp_path / "lake", model=str(model))
    topics = {
        row["canonical_url"].rpartition("/")[2]: "strike" in {topic["topic"] for topic in row["topics"]}
        for row in rows(tmp_path / "lake", "articles")
    }
    assert topics == {"strike.html": True, "fair.html": False}
    assert len(rows(tmp_path / "lake", "dead_letters")) == 1
    (manifest,) = manifests(tmp_path / "lake")
    assert manifest["taxonomy_version"].endswith(f"+model:{told.sha256[:8]}")
    assert manifest["options"]["model"] == str(model)
    for row in rows(tmp_path / "lake", "articles"):
        assert row["taxonomy_version"] == manifest["taxonomy_version"]
        for topic in row["topics"]:
            for said in topic["evidence"]:
                assert row[said["field"]][said["start"] : said["end"]] == said["text"]


def test_nothing_is_shuffled_to_apply_a_model(trained):
    """The stage stays fused: texts never cross a GroupByKey, a Reshuffle or a Flatten."""
    now = datetime(2024, 1, 1, tzinfo=UTC)
    context = RunContext(
        run_id="r",
        started_at=now,
        deadline_at=now + timedelta(minutes=1),
        http=HttpSettings(user_agent="tests"),
        output="",
        staging="",
        workers=1,
        model_path=str(trained[1]),
    )
    seen = []

    class Names(PipelineVisitor):
        def enter_composite_transform(self, node):
            self.visit_transform(node)

        def visit_transform(self, node):
            if node.full_label.startswith("Topics/"):
                seen.append(type(node.transform).__name__)

    pipeline = beam.Pipeline()
    pipeline | beam.Create([]) | "Topics" >> DetectTopics(context)
    pipeline.visit(Names())
    assert "RunInference" in seen
    assert not {"GroupByKey", "Flatten", "Reshuffle", "CombinePerKey", "CombineGlobally"} & set(seen)


def test_retag_applies_the_model(trained, lake):
    """Articles of a lake get the model's version, and the manifest names the model."""
    told, model = trained
    done = retag(lake, None, str(model))
    assert done.taxonomy_version.endswith(f"+model:{told.sha256[:8]}")
    assert {article.taxonomy_version for article in read_articles(lake)} == {done.taxonomy_version}


def test_inspect_applies_the_model(trained, site):
    """One page with the topics that the model finds, as a run would have them."""
    _, model = trained
    plain = tocsin("inspect", f"{site.url}/strike.html", "--allow-host", "127.0.0.1")
    learned = tocsin("inspect", f"{site.url}/strike.html", "--allow-host", "127.0.0.1", "--model", model)
    assert learned.returncode == 0, learned.stderr
    assert "strike  " in learned.stdout
    assert "strike  " not in plain.stdout


def test_a_path_in_the_home_is_found(trained, tmp_path, monkeypatch):
    """`--model=~/name`, which no shell expands, is read in the home."""
    _, model = trained
    monkeypatch.setenv("HOME", str(model.parent))
    source = write_lines(tmp_path / "in.jsonl", [{"id": 1, "text": UNSEEN}])
    done = tocsin("detect", source, tmp_path / "out.jsonl", f"--model=~/{model.name}")
    assert done.returncode == 0, done.stderr
    (row,) = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert "+model:" in row["taxonomy_version"]


@pytest.mark.parametrize("command", ["run", "detect", "retag"])
def test_an_unfit_model_is_refused_at_the_start(trained, tmp_path, command):
    """A file that is not what its statement says ends with 2, before anything is begun."""
    model = tmp_path / "strike.parquet"
    model.write_bytes(trained[1].read_bytes() + b"\0")
    (tmp_path / "strike.parquet.json").write_bytes(trained[1].with_name("strike.parquet.json").read_bytes())
    (tmp_path / "feeds.txt").write_text("http://127.0.0.1:9/feed.xml\n")
    write_lines(tmp_path / "in.jsonl", [{"id": 1, "text": UNSEEN}])
    arguments = {
        "run": ("--feeds", tmp_path / "feeds.txt", "--out", tmp_path / "lake"),
        "detect": (tmp_path / "in.jsonl", tmp_path / "out.jsonl"),
        "retag": (tmp_path / "lake",),
    }[command]
    done = tocsin(command, *arguments, "--model", model)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert "SHA-256" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "lake").exists()
    assert not (tmp_path / "out.jsonl").exists()


def test_a_model_of_another_taxonomy_is_refused(trained, tmp_path):
    """The taxonomy in use must be the one that the model was trained with."""
    (tmp_path / "other.yaml").write_text(
        "name: other\nversion: 1\ntopics:\n  windows:\n    terms: {en: [windows]}\n"
    )
    source = write_lines(tmp_path / "in.jsonl", [{"id": 1, "text": UNSEEN}])
    with pytest.raises(ModelError, match=r"other-1\+"):
        detect_texts(
            source,
            str(tmp_path / "out.jsonl"),
            taxonomy_path=str(tmp_path / "other.yaml"),
            model_path=str(trained[1]),
            workers=1,
        )


def test_a_label_that_nobody_decided_on_is_no_negative(tmp_path):
    """A text is an example against a topic only where its label space lists it, or it has none."""
    given = labelled_rows()
    undecided = [{**row, "id": f"u{row['id']}", "labels": [], "label_space": ["riot"]} for row in given]
    unknown = [{**row, "id": f"n{row['id']}", "labels": None} for row in given]
    source = write_lines(tmp_path / "labelled.jsonl", [*given, *undecided, *unknown])
    (topic,) = train_model(source, str(tmp_path / "m.parquet"), taxonomy_path=None).topics
    assert (topic.positives, topic.negatives) == (24, 24)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", r"labelled\.jsonl:1: the line is not JSON"),
        ('{"id": 1, "text": "x"}', r"labelled\.jsonl:1: the row has no `labels`"),
        ('{"id": 1, "text": "x", "labels": "riot"}', r":1: `labels` is not a list"),
        ('{"id": 1, "text": 5, "labels": []}', r":1: the row has no `text`"),
        ('{"id": 1, "text": "x", "labels": []}', "no text has a label"),
        ('{"id": 1, "text": "x", "labels": ["riot"]}', "too few to learn from"),
    ],
)
def test_labelled_texts_that_cannot_be_learned_from_are_refused(tmp_path, line, words):
    """Each with file, line and what to mend; no model is written."""
    (tmp_path / "labelled.jsonl").write_text(line + "\n")
    with pytest.raises(UsageError, match=words):
        train_model(str(tmp_path / "labelled.jsonl"), str(tmp_path / "m.parquet"), taxonomy_path=None)
    assert not (tmp_path / "m.parquet").exists()
