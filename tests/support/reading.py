"""What a reader with nothing but DuckDB sees in a lake."""

from collections import Counter
from pathlib import Path

import duckdb

TABLES = ("articles", "dead_letters", "feed_fetches")


def glob(out: Path, table: str, columns: str) -> list[tuple]:
    """Columns of every row under a table's folder; nothing where it has no file yet."""
    if not any((out / table).rglob("*.parquet")):
        return []
    source = f"read_parquet('{out}/{table}/**/*.parquet', hive_partitioning=true, union_by_name=true)"
    with duckdb.connect() as connection:
        return connection.sql(f"select {columns} from {source}").fetchall()


def rows_by_run(out: Path, table: str) -> Counter[str]:
    """Rows a run under a table's folder."""
    return Counter(run_id for (run_id,) in glob(out, table, "run_id"))


def articles(out: Path) -> list[tuple[str, str]]:
    """(article_id, content_hash) of every article, sorted, doubles included."""
    return sorted(glob(out, "articles", "article_id, content_hash"))
