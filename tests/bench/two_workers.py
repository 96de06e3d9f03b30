"""What a second worker gains `tocsin run`, beside what a second process gains a bare pool on the same pages.

A run's start, of about two seconds, is the same with one worker as with two: the fewer the pages, the less a second
one can gain. The bare pool does what a run's workers do: it extracts and finds topics.
"""

import argparse
import multiprocessing
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from schemas.outcomes import FetchedPage
from tests.bench.extraction import NOW, Page, pages_of
from tests.bench.served_site import served
from tests.transforms.extraction.making import entry
from transforms.workers import warm
from transforms.workers.tasks import read_page


def main() -> None:
    """Alternate one and two of each, and print what the second gains."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=4064)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    pages = [*pages_of("fundus"), *pages_of("aeb")]
    work = [pages[number % len(pages)] for number in range(arguments.pages)]
    gains = []
    with tempfile.TemporaryDirectory() as name, served(arguments.pages) as feeds:
        feed_list = Path(name) / "feeds.txt"
        feed_list.write_text("\n".join(feeds))
        for number in range(arguments.rounds):
            pool = _pool(work, 1) / _pool(work, 2)
            run = _run(feed_list, Path(name) / f"one{number}", 1) / _run(
                feed_list, Path(name) / f"two{number}", 2
            )
            gains.append(run / pool)
            print(
                f"  the second process gains a bare pool {pool:.2f}, the second worker gains tocsin run {run:.2f}"
            )
    print(f"tocsin's gain is {statistics.median(gains):.2f} of the bare pool's (median; 0.95 is asked)")


def _pool(work: list[Page], processes: int) -> float:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([warm.__name__])
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        list(pool.map(_extract, work[:64], chunksize=1))
        began = time.perf_counter()
        list(pool.map(_extract, work, chunksize=1))
        return time.perf_counter() - began


def _extract(page: Page) -> object:
    body, url = page
    return read_page(
        FetchedPage(entry(url=url), url, 200, "text/html", body, "allowed", NOW), "bench", None, None
    )


def _run(feed_list: Path, lake: Path, workers: int) -> float:
    from tests.support.runs import tocsin  # noqa: PLC0415 -- the pool's processes load this module, and not Beam

    began = time.perf_counter()
    done = tocsin(
        "run", "--feeds", feed_list, "--out", lake, "--host-delay", 0, "--allow-host", "127.0.0.0/8",
        "--workers", workers,
    )  # fmt: skip
    done.check_returncode()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
