"""The promises of --metrics-file and --metrics-port: what Prometheus reads is what was committed."""

import dataclasses
import os
import re
import signal
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipeline.freshness import seconds_to_commit
from pipeline.lake import Lake
from tests.support.reading import articles
from tests.support.runs import manifests, rows, tocsin
from tests.support.site import Item, Site, article_page, rss

LONG = ["The council met on Tuesday, and a riot began outside the hall of the harbour works at noon."] * 4
WEEK_AGO = "Wed, 18 Nov 2026 08:30:00 GMT"


@pytest.fixture
def site():
    with Site() as site:
        site.pages["/a.html"] = article_page("Budget of the harbour settled", LONG)
        site.pages["/b.html"] = article_page("A riot at the harbour", LONG)
        items = [
            Item(f"{site.url}/a.html", title="Budget of the harbour settled", date=WEEK_AGO),
            Item(f"{site.url}/b.html", title="A riot at the harbour"),
            Item(f"{site.url}/gone.html", title="Gone"),
        ]
        site.pages["/feed.xml"] = rss(items)
        yield site


@pytest.fixture
def arguments(site, tmp_path):
    (tmp_path / "feeds.txt").write_text(f"{site.url}/feed.xml\n")
    given = ("--feeds", tmp_path / "feeds.txt", "--out", tmp_path / "lake")
    return (*given, "--allow-host", "127.0.0.1", "--host-delay", 0, "--workers", 1)


def families(text):
    """The metrics that a parser of Prometheus's own text format finds, by name."""
    return {family.name: family for family in text_string_to_metric_families(text)}


def numbers(family):
    """A family's numbers by the values of their labels."""
    return {tuple(sample.labels.values()): sample.value for sample in family.samples}


def test_a_file_holds_what_the_run_did(arguments, tmp_path):
    """Entries, feeds, dead letters, topics, rows and seconds, each with its help and type; the file is whole."""
    done = tocsin("run", *arguments, "--metrics-file", tmp_path / "run.prom")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "run.prom").read_text()
    found = families(text)
    assert all(family.documentation and family.type != "unknown" for family in found.values())
    (manifest,) = manifests(tmp_path / "lake")
    assert numbers(found["tocsin_run_entries"]) | {
        (name,): n for name, n in manifest["balance"].items() if n
    } == (numbers(found["tocsin_run_entries"]))
    assert numbers(found["tocsin_run_dead_letters"]) == {("http_4xx",): 1}
    assert numbers(found["tocsin_run_feeds"]) == {("listed",): 1, ("fetched",): 1}
    assert numbers(found["tocsin_run_topics"])["riot",] == 2
    assert numbers(found["tocsin_run_rows"]) == {("articles",): 2, ("dead_letters",): 1, ("feed_fetches",): 1}
    assert numbers(found["tocsin_run_fetches"])["fetch_articles", "4xx"] == 1
    assert numbers(found["tocsin_run_work_seconds"])["extract_text",] > 0
    committed = datetime.fromisoformat(manifest["committed_at"]).timestamp()
    began = datetime.fromisoformat(manifest["started_at"]).timestamp()
    assert numbers(found["tocsin_watermark_timestamp_seconds"]) == {(): pytest.approx(began)}
    assert numbers(found["tocsin_last_commit_timestamp_seconds"]) == {(): pytest.approx(committed)}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["feeds.txt", "lake", "run.prom"]


def test_no_label_holds_anything_of_the_web(arguments, tmp_path):
    """No URL, host or title: the number of series is bounded by tocsin's own lists and the taxonomy."""
    tocsin("run", *arguments, "--metrics-file", tmp_path / "run.prom")
    text = (tmp_path / "run.prom").read_text()
    values = {
        value
        for family in families(text).values()
        for sample in family.samples
        for value in sample.labels.values()
    }
    assert values
    assert not [value for value in values if re.search(r"[/:]", value)]


def test_freshness_is_told_from_the_records(arguments, tmp_path):
    """From publication to commit, of the one article whose publication is known to the minute."""
    tocsin("run", *arguments, "--metrics-file", tmp_path / "run.prom")
    found = families((tmp_path / "run.prom").read_text())["tocsin_run_publication_to_commit_seconds"]
    (manifest,) = manifests(tmp_path / "lake")
    published = datetime(2026, 11, 18, 8, 30, tzinfo=UTC)
    seconds = (datetime.fromisoformat(manifest["committed_at"]) - published).total_seconds()
    samples = {
        (sample.name.rpartition("_")[2], *sample.labels.values()): sample.value for sample in found.samples
    }
    assert samples["count",] == 1
    for name in (("sum",), ("seconds", "0.5"), ("seconds", "0.99")):
        assert samples[name] == pytest.approx(seconds)
    assert [row["published_precision"] for row in rows(tmp_path / "lake", "articles")].count("none") == 1


def test_freshness_is_never_negative(arguments, tmp_path):
    """What is dated after its commit, as clocks of publishers are wrong, counts as 0."""
    tocsin("run", *arguments)
    (manifest,) = Lake(tmp_path / "lake").manifests()
    earlier = dataclasses.replace(manifest, committed_at="2026-11-01T00:00:00+00:00")
    assert seconds_to_commit(Lake(tmp_path / "lake"), earlier) == [0.0]


def test_a_run_that_fails_leaves_the_last_metrics(arguments, tmp_path):
    """The file tells of committed runs alone: its timestamp stands still while nothing is committed."""
    tocsin("run", *arguments, "--metrics-file", tmp_path / "run.prom")
    before = (tmp_path / "run.prom").read_text()
    done = tocsin(
        "run", *arguments, "--feeds", tmp_path / "none.txt", "--metrics-file", tmp_path / "run.prom"
    )
    assert done.returncode == 2
    assert (tmp_path / "run.prom").read_text() == before


def test_a_port_that_is_taken_is_refused(arguments, site, tmp_path):
    """The option is named, and nothing was begun."""
    done = tocsin("run", *arguments, "--metrics-port", site.port)
    assert done.returncode == 2
    assert f"--metrics-port {site.port}" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "lake").exists()


def test_a_stream_serves_counters_on_a_port(arguments, site, tmp_path):
    """Prometheus asks while the stream goes on; counters grow over its runs, on loopback alone."""
    program = [str(Path(sys.executable).with_name("tocsin")), "stream", *map(str, arguments)]
    given = ["--every", "1s", "--metrics-port", "0", "--metrics-file", str(tmp_path / "stream.prom")]
    running = subprocess.Popen(
        [*program, *given],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONSAFEPATH": "1", "COLUMNS": "200"},
    )
    try:
        lines = iter(running.stdout.readline, "")
        url = next(
            found[1]
            for line in lines
            if (found := re.search(r"metrics: (http://127\.0\.0\.1:\d+/\S+)", line))
        )
        assert "tocsin_build_info" in families(asked(url))
        while "2 articles" not in next(lines):
            pass
        site.pages["/c.html"] = article_page("The harbour after the riot", LONG)
        site.pages["/feed.xml"] = rss([Item(f"{site.url}/c.html", title="After the riot")])
        while "1 articles" not in next(lines):
            pass
        next(lines)
        found = families(asked(url))
    finally:
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=60)
    assert numbers(found["tocsin_entries"])["articles",] == 3
    assert numbers(found["tocsin_runs"])[()] >= 2
    assert found["tocsin_entries"].type == "counter"
    histogram = {
        sample.labels.get("le"): sample.value
        for sample in found["tocsin_publication_to_commit_seconds"].samples
    }
    assert histogram["+Inf"] == 1
    assert "tocsin_entries" in families((tmp_path / "stream.prom").read_text())
    assert len(articles(tmp_path / "lake")) == 3


def asked(url):
    """What the port answers."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
        return answer.read().decode()
