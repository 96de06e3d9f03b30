"""What a second process gains a bare pool that does what tocsin's workers do: what this machine can give at best.

Two processors of a virtual machine may be the two threads of one core, and neighbours take their share: on some days
a second process nearly doubles the speed, on others it adds a quarter.
"""

import logging
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor

from schemas.outcomes import FetchedPage
from tests.bench.extraction import NOW, Page, pages_of
from tests.transforms.extraction.making import entry
from transforms.workers import warm
from transforms.workers.tasks import read_page


def gain_of_second_process(pages: int) -> float:
    """How many times as fast two processes extract so many pages, with their topics, as one does."""
    real = [*pages_of("fundus"), *pages_of("aeb")]
    work = [real[number % len(real)] for number in range(pages)]
    return _seconds(work, 1) / _seconds(work, 2)


def _seconds(work: list[Page], processes: int) -> float:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([warm.__name__])
    quiet = {"initializer": logging.disable, "initargs": (logging.CRITICAL,)}
    with ProcessPoolExecutor(processes, mp_context=context, **quiet) as pool:
        list(pool.map(_read, work[:64], chunksize=1))
        began = time.perf_counter()
        list(pool.map(_read, work, chunksize=1))
        return time.perf_counter() - began


def _read(page: Page) -> object:
    body, url = page
    return read_page(
        FetchedPage(entry(url=url), url, 200, "text/html", body, "allowed", NOW), "bench", None, None
    )
