"""Entries that wait in memory or cross a shuffle, packed: ten thousands may wait, each with its feed's text.

The engine holds several copies of whatever crosses a GroupByKey, so that an entry's size counts manifold.
"""

import pickle
import zlib
from datetime import UTC, datetime

from schemas.entries import Entry

_BLANK = Entry(
    key=bytes(16),
    feed_url="https://www..com/feed.xml",
    feed_title=None,
    entry_id="https://www.",
    url="https://www..html",
    canonical_url="https://www..html",
    title="",
    authors=(),
    published_at=datetime(2026, 1, 1, tzinfo=UTC),
    published_raw=None,
    summary="",
    content=None,
    lang="en",
    truncated=False,
    feed_index=0,
    position=0,
    first_listed_at=datetime(2026, 1, 1, tzinfo=UTC),
)
_COMMON = pickle.dumps(_BLANK, pickle.HIGHEST_PROTOCOL)
"""What packed entries have in common, as zlib's preset dictionary (RFC 1950): it needs no room in each."""


def pack(entry: Entry) -> bytes:
    """An entry in half its size or less."""
    packer = zlib.compressobj(level=1, zdict=_COMMON)
    return packer.compress(pickle.dumps(entry, pickle.HIGHEST_PROTOCOL)) + packer.flush()


def unpack(packed: bytes) -> Entry:
    """The entry that was packed, by this version of the code."""
    entry: Entry = pickle.loads(zlib.decompressobj(zdict=_COMMON).decompress(packed))  # noqa: S301 -- our own bytes
    return entry
