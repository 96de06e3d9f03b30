import json
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.detect_rows import ADDED, detection_fields
from pipeline.detect_texts import detect_texts, source_files
from pipeline.options import UsageError
from transforms.topics.taxonomy import TaxonomyError

ROWS = [
    {
        "id": 7,
        "title": "Riot in the port",
        "text": "Rioters torched two buses. Police arrested 12 people.",
        "lang": "en",
    },
    {
        "id": "ru-1",
        "text": "Суд приговорил троих обвиняемых к шести годам колонии. Полиция задержала ещё двоих.",
        "own": [1],
    },
    {"article_id": "x", "title": None, "text": "", "lang": None},
]


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def read_lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def detect(source, target, **options):
    return detect_texts(str(source), str(target), **{"taxonomy_path": None, "workers": 1, **options})


def test_rows_come_out_completed_and_in_order(tmp_path):
    """Fields stay as they were; lang, topics, figures and taxonomy_version are added as in articles."""
    source = write_lines(tmp_path / "in.jsonl", ROWS)
    summary = detect(source, tmp_path / "out.jsonl")
    rows = read_lines(tmp_path / "out.jsonl")
    assert summary.rows == len(rows) == 3
    for given, found in zip(ROWS, rows, strict=True):
        assert {key: found[key] for key in given if key != "lang"} == {
            k: v for k, v in given.items() if k != "lang"
        }
        assert found["taxonomy_version"] == summary.taxonomy_version
        for topic in found["topics"]:
            for said in topic["evidence"]:
                assert found[said["field"]][said["start"] : said["end"]] == said["text"]
    assert {topic["topic"] for topic in rows[0]["topics"]} >= {"riot", "arrest"}
    assert rows[1]["lang"] == "ru"
    assert rows[2]["lang"] is None
    assert rows[2]["topics"] == rows[2]["figures"] == []
    assert summary.topics["riot"] == 1


def test_parquet_in_and_out_is_typed_as_articles(tmp_path):
    """Parquet keeps its columns; the added ones have the types of the articles table."""
    pq.write_table(
        pa.Table.from_pylist([{"id": 1, "n": 2.5, "text": "Police arrested 12 people."}]),
        tmp_path / "in.parquet",
    )
    detect(tmp_path / "in.parquet", tmp_path / "out.parquet")
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.schema.names == ["id", "n", "text", *ADDED]
    for field in detection_fields():
        assert table.schema.field(field.name).type == field.type
    detect(tmp_path / "out.parquet", tmp_path / "again.jsonl")
    assert read_lines(tmp_path / "again.jsonl")[0]["figures"][0]["low"] == 12


def test_lines_to_parquet_keep_every_field(tmp_path):
    """Fields that only some lines have become columns; the rest are null."""
    source = write_lines(
        tmp_path / "in.jsonl", [{"id": str(n), "text": "x", f"f{n % 3}": n} for n in range(250)]
    )
    detect(source, tmp_path / "out.parquet")
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert len(rows) == 250
    assert rows[200]["f2"] == 200
    assert rows[200]["f0"] is None


def test_fields_of_clashing_types_are_refused_for_parquet_alone(tmp_path):
    """Parquet needs one type a column: the error says where, and JSON lines still take it."""
    source = write_lines(
        tmp_path / "in.jsonl", [{"id": "1", "text": "x", "n": 1}, {"id": "2", "text": "x", "n": "one"}]
    )
    with pytest.raises(UsageError, match=r"in\.jsonl"):
        detect(source, tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()
    assert detect(source, tmp_path / "out.jsonl").rows == 2


def test_rows_that_cannot_be_read_are_told_with_file_and_line(tmp_path, caplog):
    """Nothing is lost silently: each bad line is counted, logged and named."""
    path = tmp_path / "in.jsonl"
    path.write_bytes(
        b'{"id": 1, "text": "x"}\n\n{not json}\n[1]\n{"text": "x"}\n{"id": 2}\n{"id": 3, "text": "x", "lang": 5}\n'
        b'{"id": 4, "text": "\xff"}\n{"id": 5, "text": "\\ud800 y"}\n'
    )
    summary = detect(path, tmp_path / "out.jsonl")
    assert summary.rows == 2
    assert summary.refused == 6
    assert [(problem.row, problem.file) for problem in summary.problems] == [
        (n, str(path)) for n in (3, 4, 5, 6, 7, 8)
    ]
    assert f"{path}:3: the line is not JSON" in caplog.text
    assert read_lines(tmp_path / "out.jsonl")[1]["text"] == "\ufffd y"


def test_a_source_without_one_good_row_is_an_error(tmp_path):
    """Exit 2 with the first problem, and no output."""
    (tmp_path / "in.jsonl").write_text('{"headline": "x"}\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"in\.jsonl:1: the row has neither"):
        detect(tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert [file.name for file in tmp_path.iterdir()] == ["in.jsonl"]


@pytest.mark.parametrize("source", ["absent.jsonl", "empty", "text.csv", "*.nothing"])
def test_a_source_that_is_none_is_an_error(tmp_path, source):
    """A missing file, a folder without data, another kind of file, a glob that matches nothing."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.csv").write_text("id,text\n", encoding="utf-8")
    with pytest.raises(UsageError, match=source.replace("*", r"\*")):
        detect(tmp_path / source, tmp_path / "out.jsonl")


def test_targets_that_cannot_be_are_refused(tmp_path):
    """Another kind of file, the source itself, a folder that is not there."""
    source = write_lines(tmp_path / "in.jsonl", ROWS)
    for target in ("out.csv", "in.jsonl", "nowhere/out.jsonl"):
        with pytest.raises(UsageError):
            detect(source, tmp_path / target)
    assert read_lines(tmp_path / "in.jsonl") == ROWS


def test_a_bad_taxonomy_is_told_before_anything_is_read(tmp_path):
    """The taxonomy's own error, with its file and line."""
    (tmp_path / "bad.yaml").write_text("name: x\ntopics: {a: {}}\n", encoding="utf-8")
    source = write_lines(tmp_path / "in.jsonl", ROWS)
    with pytest.raises(TaxonomyError, match=r"bad\.yaml:2"):
        detect(source, tmp_path / "out.jsonl", taxonomy_path=str(tmp_path / "bad.yaml"))


def test_a_lake_in_a_store_is_refused_with_what_works(tmp_path):
    """It is no folder that holds nothing."""
    with pytest.raises(UsageError, match="tocsin retag"):
        detect_texts("s3://bucket/lake", str(tmp_path / "out.jsonl"), taxonomy_path=None, workers=1)


def test_folders_and_globs_are_read_file_by_file_in_order(tmp_path):
    """A folder means all its data files, a glob those that match."""
    (tmp_path / "data" / "deep").mkdir(parents=True)
    write_lines(tmp_path / "data" / "b.jsonl", [{"id": "b", "text": "x"}])
    write_lines(tmp_path / "data" / "a.jsonl", [{"id": "a", "text": "x"}])
    pq.write_table(pa.Table.from_pylist([{"id": "c", "text": "x"}]), tmp_path / "data" / "deep" / "c.parquet")
    (tmp_path / "data" / "notes.txt").write_text("x", encoding="utf-8")
    summary = detect(tmp_path / "data", tmp_path / "out.jsonl")
    assert summary.files == 3
    assert [row["id"] for row in read_lines(tmp_path / "out.jsonl")] == ["a", "b", "c"]
    assert [file.name for file in source_files(str(tmp_path / "data" / "*.jsonl"))] == ["a.jsonl", "b.jsonl"]


def test_several_processes_give_what_one_gives(tmp_path):
    """Rows keep their order whichever worker did them."""
    rows = [
        {"id": str(n), "text": f"Police arrested {n + 2} people in the port after riots."} for n in range(450)
    ]
    source = write_lines(tmp_path / "in.jsonl", rows)
    script = tmp_path / "run.py"
    script.write_text(
        "import sys\nfrom pipeline.detect_texts import detect_texts\n"
        "if __name__ == '__main__':\n"
        "    print(detect_texts(sys.argv[1], sys.argv[2], taxonomy_path=None, workers=2).rows)\n",
        encoding="utf-8",
    )
    ran = subprocess.run(
        [sys.executable, script, source, tmp_path / "two.jsonl"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert ran.stdout.split() == ["450"]
    detect(source, tmp_path / "one.jsonl")
    assert (tmp_path / "two.jsonl").read_bytes() == (tmp_path / "one.jsonl").read_bytes()
