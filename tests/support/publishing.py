"""A site that publishes as it goes, `tocsin stream` over it, and how long each item took to become a record."""

import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.support.news_site import paragraphs
from tests.support.runs import manifests, rows
from tests.support.site import Item, Site, article_page, rss

FEEDS = 5
LISTED = 200
"""Items that a feed lists at most: its newest."""


class Publishing:
    """Feeds that get items at random moments while it runs; `published` is when each came, by its URL."""

    def __init__(self, site: Site, a_second: float, seed: int = 8) -> None:
        self.published: dict[str, float] = {}
        self._site = site
        self._a_second = a_second
        self._chance = random.Random(seed)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._publish, daemon=True)
        for feed in range(FEEDS):
            site.pages[f"/{feed}.xml"] = rss([])

    def feed_list(self) -> str:
        """The feeds, as a list of one URL a line."""
        return "".join(f"{self._site.url}/{feed}.xml\n" for feed in range(FEEDS))

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def _publish(self) -> None:
        links: list[list[str]] = [[] for _ in range(FEEDS)]
        while not self._ended.wait(self._chance.expovariate(self._a_second)):
            number, feed = len(self.published), self._chance.randrange(FEEDS)
            url = f"{self._site.url}/{feed}/{number}.html"
            page = article_page(f"News {number}", paragraphs(f"place {number}"))
            self._site.pages[f"/{feed}/{number}.html"] = page
            links[feed].insert(0, url)
            self.published[url] = time.time()
            self._site.pages[f"/{feed}.xml"] = rss([Item(link) for link in links[feed][:LISTED]])


@contextmanager
def streaming(folder: Path, every: float, flags: tuple[str, ...]) -> Iterator["subprocess.Popen[bytes]"]:
    """`tocsin stream` in a process group of its own, from `folder`/feeds.txt to `folder`/lake; its output goes to `folder`/log.

    It is told to end with SIGTERM, and waited for, at the end of the block.
    """
    command = [
        str(Path(sys.executable).with_name("tocsin")), "stream", "--every", f"{every}s", "--workers", "1",
        "--grace", "120", "--feeds", "feeds.txt", "--out", "lake", "--host-delay", "0", "--allow-host", "127.0.0.1",
        "--", *flags,
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    with (folder / "log").open("ab") as log:
        stream = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, env=environment, start_new_session=True
        )
    try:
        yield stream
    finally:
        stream.send_signal(signal.SIGTERM)
        try:
            stream.wait(180)
        except subprocess.TimeoutExpired:
            stream.kill()
            stream.wait()


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 240) -> None:
    """Wait for something to be so; fails with what it is otherwise."""
    until = time.monotonic() + seconds
    never = threading.Event()
    while not condition():
        assert time.monotonic() < until, f"{what}: not so after {seconds:g} seconds"
        never.wait(0.2)


def records_of(lake: Path) -> int:
    """Articles that commits tell of."""
    return sum(manifest["balance"]["articles"] for manifest in manifests(lake))


@dataclass(frozen=True)
class Freshness:
    """What became of the published items: those lost, those doubled, and seconds to the commit of each other, sorted."""

    lost: set[str]
    doubled: set[str]
    seconds: list[float]

    def __str__(self) -> str:
        percentile = statistics.quantiles(self.seconds, n=100)[98]
        return (
            f"{len(self.lost)} lost, {len(self.doubled)} doubled; publication to committed record: median "
            f"{statistics.median(self.seconds):.1f} s, 99th percentile {percentile:.1f} s, longest {self.seconds[-1]:.1f} s"
        )


def freshness(lake: Path, published: dict[str, float]) -> Freshness:
    """What became of the items that were published; `published` may be a part of them."""
    committed = {
        manifest["run_id"]: datetime.fromisoformat(manifest["committed_at"]).timestamp()
        for manifest in manifests(lake)
    }
    articles = [row for row in rows(lake, "articles") if row["url"] in published]
    counts = Counter(row["url"] for row in articles)
    return Freshness(
        lost=published.keys() - counts.keys(),
        doubled={url for url, number in counts.items() if number > 1},
        seconds=sorted(committed[row["run_id"]] - published[row["url"]] for row in articles),
    )
