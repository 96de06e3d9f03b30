"""What tocsin replaces: the short script that people write. One process; feeds, pages, text, Parquet."""

import sys
from pathlib import Path

import feedparser
import pyarrow as pa
import pyarrow.parquet as pq
import requests
import trafilatura

COLUMNS = ("url", "title", "author", "date", "text")


def main(feeds_file: str, target: str) -> None:
    session = requests.Session()
    session.headers["User-Agent"] = "plain-script/1"
    rows = []
    for feed in Path(feeds_file).read_text(encoding="utf-8").split():
        for entry in feedparser.parse(session.get(feed, timeout=30).content).entries:
            response = session.get(entry.link, timeout=30)
            if response.status_code != 200:
                continue
            found = trafilatura.bare_extraction(response.content, url=entry.link, with_metadata=True)
            if found is not None:
                rows.append((entry.link, found.title, found.author, found.date, found.text))
    columns = zip(*rows, strict=True)
    pq.write_table(pa.table(dict(zip(COLUMNS, map(list, columns), strict=True))), target)
    print(len(rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
