"""From publication to committed record, of `tocsin stream` over a site that publishes as it goes.

The stream is stopped with SIGTERM in the middle and started again. Leaves with 1 where an item was lost or doubled.
Options of Beam, such as `--runner=PrismRunner --prism_location=FILE`, go after two dashes.
"""

import argparse
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from datetime import datetime
from pathlib import Path

from tests.support.news_site import paragraphs
from tests.support.runs import manifests, rows
from tests.support.site import Item, Site, article_page, rss

FEEDS = 5
LISTED = 200
PATIENCE = 120


def main() -> None:
    """Publish and stream side by side, then say how long each item took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--every", type=float, default=2)
    parser.add_argument("--items", type=float, default=3, help="items published a second")
    parser.add_argument("beam", nargs="*")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Site() as site:
        folder = Path(name)
        lake = folder / "lake"
        (folder / "feeds.txt").write_text("".join(f"{site.url}/{feed}.xml\n" for feed in range(FEEDS)))
        published: dict[str, float] = {}
        ended = threading.Event()
        publisher = threading.Thread(
            target=publish, args=(site, published, arguments.items, ended), daemon=True
        )
        for feed in range(FEEDS):
            site.pages[f"/{feed}.xml"] = rss([])
        publisher.start()
        for last in (False, True):
            stream = started(folder, arguments)
            try:
                time.sleep(arguments.seconds / 2)
                if last:
                    ended.set()
                    publisher.join()
                    wait_until_all_are_there(lake, len(published))
            finally:
                stream.send_signal(signal.SIGTERM)
                left_with = stream.wait()
            if left_with != 0:
                sys.exit(f"the stream ended with {left_with}")
        tell(lake, published, arguments)


def publish(site: Site, published: dict[str, float], a_second: float, ended: threading.Event) -> None:
    """Put items into the feeds at random moments, each feed with its newest."""
    chance = random.Random(8)
    links: list[list[str]] = [[] for _ in range(FEEDS)]
    while not ended.wait(chance.expovariate(a_second)):
        number, feed = len(published), chance.randrange(FEEDS)
        path = f"/{feed}/{number}.html"
        site.pages[path] = article_page(f"News {number}", paragraphs(f"place {number}"))
        links[feed].insert(0, f"{site.url}{path}")
        site.pages[f"/{feed}.xml"] = rss([Item(link) for link in links[feed][:LISTED]])
        published[f"{site.url}{path}"] = time.time()


def started(folder: Path, arguments: argparse.Namespace) -> "subprocess.Popen[bytes]":
    """The stream, in a process of its own."""
    command = [
        str(Path(sys.executable).with_name("tocsin")), "stream", "--every", f"{arguments.every}s",
        "--grace", "120", "--feeds", "feeds.txt", "--out", "lake", "--host-delay", "0", "--allow-host", "127.0.0.1",
        "--", *arguments.beam,
    ]  # fmt: skip
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, env={**os.environ, "PYTHONSAFEPATH": "1"}
        )


def wait_until_all_are_there(lake: Path, items: int) -> None:
    """Let the stream catch up with what was published last."""
    until = time.monotonic() + PATIENCE
    while sum(manifest["balance"]["articles"] for manifest in manifests(lake)) < items:
        if time.monotonic() > until:
            sys.exit(f"not all of {items} items were records {PATIENCE} seconds after the last was published")
        time.sleep(0.2)


def tell(lake: Path, published: dict[str, float], arguments: argparse.Namespace) -> None:
    """What was lost, what was doubled, and how long the others took."""
    committed = {
        manifest["run_id"]: datetime.fromisoformat(manifest["committed_at"]).timestamp()
        for manifest in manifests(lake)
    }
    articles = rows(lake, "articles")
    counts = Counter(row["url"] for row in articles)
    lost = published.keys() - counts.keys()
    doubled = [url for url, number in counts.items() if number > 1]
    took = sorted(committed[row["run_id"]] - published[row["url"]] for row in articles)
    print(
        f"{len(published)} items in {arguments.seconds:g} s, polled every {arguments.every:g} s, "
        f"{len(committed)} commits, stopped and started once: {len(lost)} lost, {len(doubled)} doubled"
    )
    print(
        f"publication to committed record: median {statistics.median(took):.1f} s, "
        f"99th percentile {statistics.quantiles(took, n=100)[98]:.1f} s, longest {took[-1]:.1f} s"
    )
    if lost or doubled:
        sys.exit(1)


if __name__ == "__main__":
    main()
