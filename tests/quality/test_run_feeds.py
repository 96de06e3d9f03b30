"""The whole run over real and ill-formed feeds: no entry is lost, no feed stops another."""

import io
import mimetypes
import warnings

import feedparser
import pytest

from tests.support.runs import holds, manifests, rows, tocsin
from tests.support.site import Page, Site

ALLOW = ("--host-delay", 0, "--allow-host", "127.0.0.1", "--pages", "never")


def _serve(site, paths, folder):
    lines = []
    for path in paths:
        name = f"/{path.relative_to(folder).as_posix()}"
        kind = "application/json" if path.suffix == ".json" else mimetypes.guess_type(path.name)[0]
        site.pages[name] = Page(path.read_bytes(), kind or "application/xml")
        lines.append(f"{site.url}{name}")
    return "\n".join(lines)


@pytest.mark.quality
def test_every_entry_of_real_feeds_is_accounted_for(eval_data, tmp_path):
    """What feedparser sees in each of the captured feeds is what the run's balance accounts for."""
    folder = eval_data / "feeds" / "real"
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    with Site() as site:
        feed_list = tmp_path / "feeds.txt"
        feed_list.write_text(_serve(site, paths, folder))
        done = tocsin("run", "--feeds", feed_list, "--out", tmp_path / "lake", *ALLOW)
    assert done.returncode == 0, done.stderr
    (manifest,) = manifests(tmp_path / "lake")
    assert manifest["feeds"]["fetched"] == len(paths) == 29
    assert holds(manifest["balance"])
    listed = {row["feed_url"]: row["entries"] for row in rows(tmp_path / "lake", "feed_fetches")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seen = {
            f"{site.url}/{path.name}": len(feedparser.parse(io.BytesIO(path.read_bytes())).entries)
            for path in paths
        }
    fewer = {url: (listed[url], count) for url, count in seen.items() if listed[url] < count}
    assert fewer == {}
    assert sum(listed.values()) == manifest["balance"]["listed"]


@pytest.mark.quality
def test_ill_formed_feeds_end_as_entries_or_one_dead_letter(eval_data, tmp_path):
    """Each of feedparser's own test feeds ends as entries or as exactly one typed dead letter."""
    folder = eval_data / "feeds" / "feedparser"
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in {".xml", ".json"})
    assert len(paths) > 2_000
    with Site() as site:
        feed_list = tmp_path / "feeds.txt"
        feed_list.write_text(_serve(site, paths, folder))
        done = tocsin("run", "--feeds", feed_list, "--out", tmp_path / "lake", *ALLOW)
    assert done.returncode == 0, done.stderr
    (manifest,) = manifests(tmp_path / "lake")
    assert holds(manifest["balance"])
    assert manifest["feeds"]["listed"] == len(paths)
    assert manifest["feeds"]["fetched"] + manifest["feeds"]["failed"] == len(paths)
    letters = [row for row in rows(tmp_path / "lake", "dead_letters") if row["level"] == "feed"]
    assert len({row["feed_url"] for row in letters}) == len(letters) == manifest["feeds"]["failed"]
    assert {row["reason"] for row in letters} <= {"not_a_feed", "empty", "parse_failed"}
