"""The promises of the logs: a line of a stage says what it is about, in JSON as keys."""

import json
import subprocess
import sys

import pytest

from tests.support.runs import manifests, tocsin
from tests.support.site import Item, Page, Site, article_page, rss

LONG = ["The council met on Tuesday to settle the budget of the harbour works for the coming year."] * 4


@pytest.fixture
def site():
    with Site() as site:
        site.pages["/a.html"] = article_page("Budget of the harbour settled", LONG)
        site.pages["/later.html"] = Page(b"", "text/plain", 503)
        names = ("a", "gone", "later")
        site.pages["/feed.xml"] = rss([Item(f"{site.url}/{name}.html?token=s3cr3tvalue") for name in names])
        yield site


@pytest.fixture
def run(site, tmp_path):
    def start(*arguments):
        (tmp_path / "feeds.txt").write_text(f"{site.url}/feed.xml\n{site.url}/none.xml\n")
        given = ("--feeds", tmp_path / "feeds.txt", "--out", tmp_path / "lake", "--allow-host", "127.0.0.1")
        return tocsin("run", *given, "--host-delay", 0, "--workers", 1, *arguments)

    return start


def test_lines_of_stages_carry_run_stage_feed_and_url(run, site, tmp_path):
    """With -v --json-logs each fetch, failure and delay is a line whose keys say what it is about."""
    done = run("-v", "--json-logs")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    (manifest,) = manifests(tmp_path / "lake")
    told = {(line["stage"], line["url"].partition("?")[0]): line for line in lines if "stage" in line}
    assert told.keys() == {
        ("fetch_articles", f"{site.url}/a.html"),
        ("fetch_articles", f"{site.url}/gone.html"),
        ("fetch_articles", f"{site.url}/later.html"),
        ("fetch_feeds", f"{site.url}/none.xml"),
    }
    for (stage, _), line in told.items():
        assert line["run"] == manifest["run_id"]
        assert line["feed"] == f"{site.url}/{'none' if stage == 'fetch_feeds' else 'feed'}.xml"
        assert {"time", "level", "logger", "message"} <= line.keys()
    assert "http_5xx" in told["fetch_articles", f"{site.url}/later.html"]["message"]
    assert "s3cr3tvalue" not in done.stderr


def test_what_the_web_does_every_day_is_told_only_when_asked_for(run):
    """Without -v a run with bad pages and feeds logs nothing: its summary and its records tell them."""
    done = run()
    assert (done.returncode, done.stderr) == (0, "")


def test_plain_lines_name_stage_and_url(run, site):
    """People read the same as a sentence."""
    assert f"fetch_articles: {site.url}/gone.html" in run("-v").stderr


@pytest.mark.parametrize(("verbose", "said"), [(False, ""), (True, "tocsin: INFO: pipeline done\n")])
def test_what_an_engine_tells_by_the_way_is_left_out(verbose, said):
    """Prism's lines get their level and name after its logger has passed them on; they are judged all the same."""
    script = (
        "import logging; from pipeline.cli.logs import set_up_logs; "
        f"set_up_logs(verbose={verbose}, as_json=False); "
        "logging.getLogger().handle(logging.makeLogRecord("
        "{'name': 'PrismRunner', 'levelno': 20, 'levelname': 'INFO', 'msg': 'pipeline done'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == said
