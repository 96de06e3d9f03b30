"""Peak memory of a whole run with 20,000 articles against one with 2,000: at most 1.25 times as much."""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipeline.batch import run_batch
from pipeline.options import RunOptions
from tests.support.news_site import TAXONOMY, paragraphs
from tests.support.site import Item, Site, article_page, rss

SIZES = (2_000, 20_000)
MOST = 1.25
HOSTS, ITEMS = 20, 100


def main() -> None:
    """Serve each size from a process of its own and run over it in another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", type=int, help="serve so many articles until stdin ends")
    parser.add_argument("--run", type=Path, help="run over the site that this file names, and print JSON")
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
    elif arguments.run:
        print(json.dumps(run(arguments.run)))
    else:
        compare()


def compare() -> None:
    """Print both peaks and their ratio; leave with 1 where it is more than it may be."""
    peaks = {}
    for size in SIZES:
        with tempfile.TemporaryDirectory() as name:
            found = _in_children(size, Path(name))
        peaks[size] = found["megabytes"]
        print(
            f"{found['articles']:>7,.0f} articles in {found['seconds']:.0f} s: {found['megabytes']:.0f} MB at the peak",
            flush=True,
        )
    ratio = peaks[SIZES[1]] / peaks[SIZES[0]]
    print(
        f"peak memory of {SIZES[1]:,} articles against {SIZES[0]:,}: {ratio:.2f} times; at most {MOST} is allowed"
    )
    if ratio > MOST:
        sys.exit(1)


def serve(size: int) -> None:
    """Serve articles of some 5 KB; print the port."""
    with Site() as site:
        for feed in range(size // ITEMS):
            items = []
            for number in range(ITEMS):
                path = f"/{feed}/{number}.html"
                words = paragraphs(f"place {number} of feed {feed}")
                site.pages[path] = article_page(
                    f"News {feed} {number}", [f"{word} Part {n}." for n in range(6) for word in words]
                )
                items.append(Item(f"http://h{feed % HOSTS}.test{path}", f"News {feed} {number}"))
            site.pages[f"/{feed}.xml"] = rss(items)
        print(json.dumps({"port": site.port, "feeds": size // ITEMS}), flush=True)
        sys.stdin.read()


def run(told: Path) -> dict[str, float]:
    """One run in this process, and its peak."""
    site = json.loads(told.read_text())
    hosts = tuple((f"h{number}.test", "127.0.0.1", site["port"]) for number in range(HOSTS))
    feeds = told.with_name("feeds.txt")
    feeds.write_text("".join(f"http://h{feed % HOSTS}.test/{feed}.xml\n" for feed in range(site["feeds"])))
    taxonomy = told.with_name("taxonomy.yaml")
    taxonomy.write_text(TAXONOMY)
    began = time.perf_counter()
    result = run_batch(
        RunOptions(
            feeds=str(feeds),
            out=told.with_name("lake"),
            taxonomy=str(taxonomy),
            host_delay=0.0,
            allow_host=tuple(name for name, _, _ in hosts),
            static_hosts=hosts,
        )
    )
    return {
        "articles": result.manifest.balance.articles,
        "seconds": time.perf_counter() - began,
        "megabytes": _peak(),
    }


def _in_children(size: int, folder: Path) -> dict[str, float]:
    module = [sys.executable, "-m", "tests.bench.run_memory"]
    with subprocess.Popen(
        [*module, "--serve", str(size)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        (folder / "site.json").write_text(server.stdout.readline())
        done = subprocess.run(
            [*module, "--run", str(folder / "site.json")], capture_output=True, text=True, check=False
        )
        server.communicate()
    if done.returncode != 0:
        sys.exit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    if found["articles"] != size:
        sys.exit(f"{size} articles were served, {found['articles']} came")
    return found


def _peak() -> float:
    """Megabytes of this process, the driver, at its highest; ru_maxrss is in bytes on macOS and in kilobytes elsewhere."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1024**2 if sys.platform == "darwin" else 1024
    )


if __name__ == "__main__":
    main()
