"""The whole run over real pages: every entry is accounted for, and the text is as good as promised."""

import gzip
import json
import re
import subprocess
import sys

import pytest

from tests.support.runs import holds, manifests, rows, tocsin
from tests.support.site import Item, Page, Site, rss

FLOORS = {"fundus": 0.975, "aeb": 0.975}


@pytest.mark.quality
@pytest.mark.parametrize("corpus", FLOORS)
def test_a_run_over_real_pages(corpus, eval_data, tmp_path):
    """Each page of the set ends as an article or a dead letter with a reason; F1 is at its floor or above."""
    folder = eval_data / "extraction" / corpus
    with (folder / "pages.jsonl").open(encoding="utf-8") as lines:
        gold = [json.loads(line) for line in lines]
    with Site() as site:
        for page in gold:
            site.pages[f"/{page['id']}.html"] = Page(
                gzip.decompress((folder / page["html"]).read_bytes()), "text/html"
            )
        per_feed = 40
        feeds = [gold[start : start + per_feed] for start in range(0, len(gold), per_feed)]
        for number, pages in enumerate(feeds):
            site.pages[f"/feed{number}.xml"] = rss([Item(f"{site.url}/{page['id']}.html") for page in pages])
        feed_list = tmp_path / "feeds.txt"
        feed_list.write_text("\n".join(f"{site.url}/feed{number}.xml" for number in range(len(feeds))))
        lake = tmp_path / "lake"
        done = tocsin(
            "run", "--feeds", feed_list, "--out", lake, "--host-delay", 0, "--allow-host", "127.0.0.1"
        )
    assert done.returncode == 0, done.stderr
    (manifest,) = manifests(lake)
    balance = manifest["balance"]
    assert holds(balance)
    assert balance["listed"] == len(gold) == balance["articles"] + balance["dead_letters"]
    assert all(letter["reason"] and letter["detail"] for letter in rows(lake, "dead_letters"))

    predicted = tmp_path / "predicted.jsonl"
    with predicted.open("w", encoding="utf-8") as file:
        for article in rows(lake, "articles"):
            key = re.search(r"/([^/]+)\.html", article["canonical_url"])[1]
            published = article["published_at"]
            row = {
                "id": key,
                "text": article["text"],
                "title": article["title"],
                "authors": article["authors"],
                "published_at": published.isoformat() if published else None,
            }
            file.write(json.dumps(row) + "\n")
    scored = subprocess.run(
        [
            sys.executable,
            str(eval_data / "score.py"),
            "extraction",
            str(folder / "pages.jsonl"),
            str(predicted),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    print(scored.stdout)
    assert float(re.search(r"f1=([\d.]+)", scored.stdout)[1]) >= FLOORS[corpus]
