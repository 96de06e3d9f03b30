"""Pages a second and core of tocsin's extraction beside trafilatura with metadata, on the same pages in one run.

As the limits, resiliparse's extractor and bare parsing by lxml are timed too.
"""

import argparse
import gzip
import json
import logging
import statistics
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime

import trafilatura
from lxml import etree, html
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from tests.bench.served_site import evaluation_data
from tests.transforms.extraction.making import entry
from transforms.extraction.page import extract_page

NOW = datetime(2026, 11, 24, tzinfo=UTC)
Page = tuple[bytes, str]


def main() -> None:
    """Alternate the four over the pages of each set, and print the median ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    for corpus in ("aeb", "fundus"):
        pages = pages_of(corpus)
        for run in (_tocsin, _trafilatura):  # models and caches are loaded before the clock runs
            _rate(run, pages[:10])
        rates = [
            [_rate(run, pages) for run in (_tocsin, _trafilatura, _resiliparse, _parse)]
            for _ in range(rounds)
        ]
        tocsin, beside, quick, limit = (statistics.median(column) for column in zip(*rates, strict=True))
        ratio = statistics.median(row[0] / row[1] for row in rates)
        print(
            f"{corpus:6s} pages/s and core: tocsin {tocsin:6.1f}   trafilatura with metadata {beside:6.1f}   "
            f"resiliparse's text alone {quick:6.1f}   lxml parsing alone {limit:6.1f}"
        )
        print(f"{corpus:6s} tocsin's extraction against trafilatura: {ratio:.2f} times as fast (median)")


def pages_of(corpus: str) -> list[Page]:
    """Body and URL of each page of a set of the evaluation data."""
    folder = evaluation_data() / "extraction" / corpus
    with (folder / "pages.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [(gzip.decompress((folder / row["html"]).read_bytes()), row["url"]) for row in rows]


def _rate(run: Callable[[Page], object], pages: list[Page]) -> float:
    """Pages a second of processor time, so that other work on the machine does not count."""
    began = time.process_time()
    for page in pages:
        run(page)
    return len(pages) / (time.process_time() - began)


def _tocsin(page: Page) -> object:
    body, url = page
    return extract_page(body, content_type="text/html", url=url, entry=entry(url=url), now=NOW)


def _trafilatura(page: Page) -> object:
    body, url = page
    return trafilatura.bare_extraction(body, url=url, with_metadata=True)


def _resiliparse(page: Page) -> object:
    tree = HTMLTree.parse_from_bytes(page[0])
    return extract_plain_text(tree, main_content=True)


def _parse(page: Page) -> object:
    return etree.fromstring(page[0], html.HTMLParser(encoding="utf-8", huge_tree=True))


if __name__ == "__main__":
    main()
