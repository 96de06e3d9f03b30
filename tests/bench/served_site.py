"""The loopback site that benchmarks run against, in a process of its own: sixteen hosts, real pages."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.site import Item, Page, Site, rss

HOSTS = 16


def evaluation_data() -> Path:
    """The folder of evaluation data; benchmarks on real pages need it."""
    folder = Path(os.environ.get("TOCSIN_EVAL_DATA", Path(__file__).resolve().parents[3] / "shared" / "eval"))
    if not folder.is_dir():
        sys.exit("this benchmark needs real pages: set TOCSIN_EVAL_DATA to the folder of evaluation data")
    return folder


@contextmanager
def served(pages: int) -> Iterator[list[str]]:
    """Serve so many pages, those of the evaluation data in turn, over the hosts; gives the feeds' URLs."""
    command = [sys.executable, "-m", "tests.bench.served_site", str(pages)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield json.loads(server.stdout.readline())
        finally:
            server.terminate()


def _serve(pages: int) -> None:
    data = evaluation_data() / "extraction"
    bodies = []
    for corpus in ("fundus", "aeb"):
        with (data / corpus / "pages.jsonl").open(encoding="utf-8") as lines:
            bodies += [
                gzip.decompress((data / corpus / json.loads(line)["html"]).read_bytes()) for line in lines
            ]
    with ExitStack() as stack:
        sites = [stack.enter_context(Site(f"127.0.0.{number + 1}")) for number in range(HOSTS)]
        for number in range(pages):
            site = sites[number % HOSTS]
            site.pages[f"/{number}.html"] = Page(bodies[number % len(bodies)], "text/html")
        for site in sites:
            listed = [Item(f"{site.url}{path}") for path in site.pages if path.endswith(".html")]
            site.pages["/feed.xml"] = rss(listed)
        print(json.dumps([f"{site.url}/feed.xml" for site in sites]), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
