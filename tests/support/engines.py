"""What a run left, in a form that runs on different engines can be compared in."""

import json
from pathlib import Path

from tests.support.runs import rows


def records(lake: Path) -> list[tuple[str, str, str]]:
    """What identifies each article, what it holds, and what is claimed of it; sorted, doubles included."""
    return sorted(
        (row["article_id"], row["content_hash"], json.dumps(row["topics"], sort_keys=True))
        for row in rows(lake, "articles")
    )
