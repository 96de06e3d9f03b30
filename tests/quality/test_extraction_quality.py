"""Text, titles, authors and times of real pages, against floors just below what was measured.

The digest pins the data that the floors belong to: new data needs a new measurement.
"""

import gzip
import hashlib
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from schemas.extraction import Extraction
from tests.transforms.extraction.making import entry
from transforms.extraction.page import extract_page

NOW = datetime(2026, 11, 24, tzinfo=UTC)
"""After the crawl of the youngest page, so that none lies in the future."""


@dataclass(frozen=True)
class Floors:
    digest: str
    f1: float
    titles: int = 0
    authors: int = 0
    minutes: int = 0
    invented: int = 0


FLOORS = {
    "aeb": Floors("0ebb8fd47c99c28f8f4d9d608b8f91c8619681e03bf671f7463f92134ec88ee3", 0.979),
    "fundus": Floors(
        "d15bfdd570febb7d7597f65bb78834ed7317c1c71eb297ba75a5078d93bdc8c9",
        0.980,
        titles=144,
        authors=137,
        minutes=148,
        invented=3,
    ),
}


@pytest.mark.quality
@pytest.mark.parametrize("corpus", FLOORS)
def test_extraction_of_real_pages(corpus, eval_data, tmp_path):
    """No figure falls below its floor, no page is lost, and nothing is invented beyond what is known."""
    floors = FLOORS[corpus]
    folder = eval_data / "extraction" / corpus
    listing = folder / "pages.jsonl"
    digest = hashlib.sha256(listing.read_bytes())
    predicted = tmp_path / "predicted.jsonl"
    with listing.open(encoding="utf-8") as lines, predicted.open("w", encoding="utf-8") as out:
        for page in map(json.loads, lines):
            packed = (folder / page["html"]).read_bytes()
            digest.update(packed)
            found = extract_page(
                gzip.decompress(packed),
                content_type="text/html",
                url=page["url"],
                entry=entry(url=page["url"]),
                now=NOW,
            )
            if isinstance(found, Extraction):
                at = found.published_at
                row = {"id": page["id"], "text": found.text, "title": found.title, "authors": found.authors}
                out.write(json.dumps(row | {"published_at": at.isoformat() if at else None}) + "\n")
    assert digest.hexdigest() == floors.digest, (
        "the evaluation data changed: measure, then set digest and floors"
    )
    scored = subprocess.run(
        [sys.executable, str(eval_data / "score.py"), "extraction", str(listing), str(predicted)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert _number(r"pages below F1 0\.5: (\d+)", scored) == 0, scored
    assert _number(r"f1=([\d.]+)", scored) >= floors.f1, scored
    assert _number(r"title equal +(\d+)", scored) >= floors.titles, scored
    assert _number(r"authors equal +(\d+)", scored) >= floors.authors, scored
    assert _number(r"'minute': (\d+)", scored) >= floors.minutes, scored
    assert _number(r"'authors': (\d+)", scored) <= floors.invented, scored
    assert _number(r"'dates': (\d+)", scored) == 0, scored


def _number(pattern, scored):
    """The figure that the scorer prints; 0 where it prints none, as for what the corpus has no gold of."""
    match = re.search(pattern, scored)
    return float(match[1]) if match else 0
