"""The smaller commands as a user calls them."""

import json

import pytest

from tests.support.runs import tocsin
from tests.support.site import Page, Site, article_page

RIOT = [
    "Rioters set shops on fire in the old town on Sunday night and threw stones at the police.",
    "The police said that 41 people had been arrested and that twelve officers were injured in the riot.",
    "The mayor called the violence a disgrace and asked the people of the quarter to stay at home.",
]


@pytest.fixture
def site():
    with Site() as site:
        site.pages["/riot.html"] = article_page("Night of rioting in the old town", RIOT)
        yield site


def test_inspect_shows_a_page_with_its_evidence(site):
    """One URL: title, text, topics and figures; nothing is written."""
    done = tocsin("inspect", f"{site.url}/riot.html", "--allow-host", "127.0.0.1")
    assert done.returncode == 0, done.stderr
    assert "Night of rioting in the old town" in done.stdout
    assert "riot " in done.stdout
    assert RIOT[0] in done.stdout


def test_inspect_reads_a_saved_page(site, tmp_path):
    """A file gives the same as its URL."""
    (tmp_path / "saved.html").write_bytes(site.pages["/riot.html"].body)
    done = tocsin("inspect", tmp_path / "saved.html")
    assert done.returncode == 0, done.stderr
    assert RIOT[0] in done.stdout
    assert site.requests == []


def test_inspect_says_why_there_is_no_article(site):
    """A page that is none is exit 1 with its reason; a private address is refused as in a run."""
    site.pages["/paper.pdf"] = Page(b"%PDF-1.7 \x00\x01", "application/pdf")
    done = tocsin("inspect", f"{site.url}/paper.pdf", "--allow-host", "127.0.0.1")
    assert (done.returncode, "wrong_type" in done.stdout) == (1, True)
    done = tocsin("inspect", f"{site.url}/riot.html")
    assert (done.returncode, "private_address" in done.stdout) == (1, True)
    assert site.fetched("/riot.html") == 0


def test_inspect_of_nothing_is_wrong_usage(tmp_path):
    """What is neither a URL nor a file is exit 2, named."""
    done = tocsin("inspect", tmp_path / "none.html")
    assert done.returncode == 2
    assert "none.html" in done.stderr


def test_detect_completes_rows(tmp_path):
    """Each row comes out with lang, topics, figures and taxonomy_version, and all that it had."""
    row = {"id": "1", "title": "Night of rioting", "text": "\n".join(RIOT), "mine": [1, 2]}
    (tmp_path / "in.jsonl").write_text(json.dumps(row) + "\n")
    done = tocsin("detect", tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert done.returncode == 0, done.stderr
    (out,) = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert out["mine"] == [1, 2]
    assert out["lang"] == "en"
    assert "riot" in {topic["topic"] for topic in out["topics"]}
    assert out["taxonomy_version"]
    assert "1 rows" in done.stdout


def test_detect_tells_a_row_that_it_can_not_read(tmp_path):
    """A bad line among good ones is named with its number; the good ones are written; exit 1."""
    good = json.dumps({"id": "1", "title": None, "text": RIOT[0]})
    (tmp_path / "in.jsonl").write_text(f"{good}\nnot json\n")
    done = tocsin("detect", tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert done.returncode == 1
    assert "in.jsonl:2" in done.stderr or "line 2" in done.stderr
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 1


def test_detect_of_nothing_is_wrong_usage(tmp_path):
    """An input that is not there is exit 2, named."""
    done = tocsin("detect", tmp_path / "none.jsonl", tmp_path / "out.jsonl")
    assert done.returncode == 2
    assert "none.jsonl" in done.stderr


def test_taxonomy_show_and_check():
    """The built-in taxonomy is shown with its topics; a file is checked, and a bad one named with its line."""
    shown = tocsin("taxonomy", "show")
    assert shown.returncode == 0
    for topic in ("civil_unrest", "riot", "protest", "vandalism", "arrest", "investigation", "prosecution"):
        assert topic in shown.stdout


def test_taxonomy_check_names_file_and_line(tmp_path):
    """What is wrong is told with its place and a hint, and ends with 2."""
    (tmp_path / "mine.yaml").write_text("extends: default\ntopics:\n  riot:\n    threshold: high\n")
    done = tocsin("taxonomy", "check", tmp_path / "mine.yaml")
    assert done.returncode == 2
    assert "mine.yaml:" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_version_is_told():
    """`tocsin --version` prints it and leaves."""
    done = tocsin("--version")
    assert (done.returncode, done.stdout.startswith("tocsin ")) == (0, True)
