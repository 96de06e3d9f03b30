"""The demo: every entry ends as the table beside the site says, and a second run adds nothing."""

import json
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from pipeline.demo.server import DemoSite
from tests.support.runs import batch, holds, manifests, rows, tocsin

EXPECTED = json.loads((Path(__file__).parent / "demo" / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """A lake that two runs over the demo site have made, with the requests of the second."""
    folder = tmp_path_factory.mktemp("demo")
    with DemoSite(with_unusable_feeds=True) as site:
        (folder / "feeds.opml").write_text(site.feed_list, encoding="utf-8")
        hosts = {
            "static_hosts": site.static_hosts,
            "allow_host": tuple(name for name, _, _ in site.static_hosts),
        }
        for _ in range(2):
            batch(folder / "feeds.opml", folder / "lake", **hosts)
    return folder / "lake"


@pytest.fixture(scope="module")
def articles(lake):
    return {row["canonical_url"]: row for row in rows(lake, "articles")}


def test_every_entry_ends_as_the_table_says(lake, articles):
    """Each entry is an article, a duplicate, carried over, or a dead letter for its reason."""
    first, second = manifests(lake)
    assert holds(first["balance"])
    assert holds(second["balance"])
    outcomes = Counter(entry["outcome"] for entry in EXPECTED["entries"])
    assert first["balance"]["articles"] == outcomes["article"] == len(articles)
    assert first["balance"]["duplicates"] == outcomes["duplicate"]
    assert first["balance"]["carried_out"] == outcomes["carried"]
    wanted = Counter(entry["reason"] for entry in EXPECTED["entries"] if entry["outcome"] == "dead_letter")
    letters = [row for row in rows(lake, "dead_letters") if row["level"] == "entry"]
    assert Counter(row["reason"] for row in letters) == wanted


def test_feeds_end_as_the_table_says(lake):
    """Good feeds are fetched, bad ones fail for their reason, and the bad line is told."""
    first = manifests(lake)[0]["run_id"]
    seen = {
        row["feed_url"]: (row["outcome"], row["reason"])
        for row in rows(lake, "feed_fetches")
        if row["run_id"] == first
    }
    assert seen == {feed["feed_url"]: (feed["outcome"], feed["reason"]) for feed in EXPECTED["feeds"]}
    problems = [
        row for row in rows(lake, "dead_letters") if row["stage"] == "feed_list" and row["run_id"] == first
    ]
    assert [row["reason"] for row in problems] == [
        problem["reason"] for problem in EXPECTED["feed_list_problems"]
    ]


def test_a_second_run_adds_nothing(lake):
    """Nothing of the first run comes again, in any table of entries."""
    second = manifests(lake)[1]
    assert second["balance"]["articles"] == second["balance"]["dead_letters"] == 0
    assert not any(file["table"] == "articles" for file in second["files"])


@pytest.mark.parametrize(
    "entry", [e for e in EXPECTED["entries"] if e["outcome"] == "article"], ids=lambda e: e["url"]
)
def test_an_article_says_where_and_when_it_is_from(entry, articles):
    """Language, source of the text and time of publication are the story's."""
    article = articles[entry["url"]]
    assert article["lang"] == entry["lang"]
    assert article["text_source"] == entry["text_source"]
    assert article["title"] == entry["title"]
    if article["published_at"] is not None:
        off = abs((article["published_at"] - datetime.fromisoformat(entry["published_at"])).total_seconds())
        assert off < {"second": 60, "minute": 60, "day": 86_400}[article["published_precision"]]


def test_topics_are_those_of_a_careful_reader(articles):
    """Over all stories, at least nine in ten of the topics wanted are found, and nine in ten of those found are right."""
    hits = extra = missed = 0
    for entry in EXPECTED["entries"]:
        if entry["outcome"] == "article":
            found = {topic["topic"] for topic in articles[entry["url"]]["topics"]}
            hits += len(found & set(entry["topics"]))
            extra += len(found - set(entry["topics"]) - set(entry["topics_allowed"]))
            missed += len(set(entry["topics"]) - found)
    assert hits / (hits + missed) >= 0.9, f"{hits} found, {missed} missed"
    assert hits / (hits + extra) >= 0.9, f"{hits} right, {extra} wrong"


def test_evidence_stands_in_the_text(articles):
    """Every piece of evidence and every figure is the very words at its offsets."""
    checked = 0
    for article in articles.values():
        pieces = [piece for topic in article["topics"] for piece in topic["evidence"]] + article["figures"]
        for piece in pieces:
            assert article[piece["field"]][piece["start"] : piece["end"]] == piece["text"]
            checked += 1
    assert checked > 50


def test_show_prints_what_was_found(lake):
    """`tocsin show` needs no SQL: titles, topics and words, by topic and language."""
    shown = tocsin("show", lake, "--topic", "riot", "--lang", "en")
    assert shown.returncode == 0
    assert "riot 0." in shown.stdout
    assert "[ru]" not in shown.stdout


def test_show_writes_csv(lake, tmp_path):
    """--csv writes every match, with a header."""
    shown = tocsin("show", lake, "--csv", tmp_path / "all.csv")
    assert shown.returncode == 0
    lines = (tmp_path / "all.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("date,lang,title,url,topics")
    assert len(lines) > len(rows(lake, "articles"))


def test_feeds_tells_the_health_of_each(lake):
    """`tocsin feeds` names the failing feed and why."""
    shown = tocsin("feeds", lake)
    assert shown.returncode == 0
    assert "http_4xx" in shown.stdout
    assert "sports.atom" in shown.stdout


def test_a_folder_without_a_run_is_told(tmp_path):
    """Reading what is no lake is exit 2 with a sentence."""
    for command in ("show", "feeds"):
        done = tocsin(command, tmp_path)
        assert done.returncode == 2
        assert "holds no committed run" in done.stderr


def test_the_demo_command_ends_with_ways_to_look_further(tmp_path):
    """`tocsin demo`, twice into one folder: the second adds nothing; the lines it prints work."""
    first = tocsin("demo", "--out", tmp_path / "lake")
    assert first.returncode == 0, first.stderr
    assert "balance:" in first.stdout
    assert f"show {tmp_path / 'lake'} --topic riot" in first.stdout
    before = [rows(tmp_path / "lake", table) for table in ("articles", "dead_letters")]
    second = tocsin("demo", "--out", tmp_path / "lake")
    assert second.returncode == 0, second.stderr
    assert "0 articles added" in second.stdout
    assert [rows(tmp_path / "lake", table) for table in ("articles", "dead_letters")] == before
