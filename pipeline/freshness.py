"""How long after its publication a record was committed, by the records themselves."""

from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.lake import Lake
from schemas.articles import Article
from schemas.manifest import Manifest
from transforms.metrics import TO_THE_MINUTE


def seconds_to_commit(lake: Lake, manifest: Manifest) -> list[float]:
    """Seconds from publication to commit of each article that a run added, in ascending order.

    Articles whose publication is known only to the day, or not at all, tell no delay and are left out; one that
    is dated after its commit counts as 0.

    Raises:
        OSError: a file of the manifest can't be read.
    """
    committed = pa.scalar(datetime.fromisoformat(manifest.committed_at), type=pa.timestamp("us", tz="UTC"))
    found: list[float] = []
    for file in manifest.files:
        if file.table != Article.TABLE:
            continue
        table = lake.read_table(file, columns=["published_at", "published_precision"])
        precise = pc.is_in(
            table["published_precision"].cast(pa.string()), value_set=pa.array(sorted(TO_THE_MINUTE))
        )
        published = table["published_at"].filter(precise).drop_null()
        found += pc.divide(
            pc.subtract(committed, published).cast(pa.duration("us")).cast(pa.int64()), 1e6
        ).to_pylist()
    return sorted(max(0.0, seconds) for seconds in found)
