"""Packed entries: the same when unpacked, and small."""

import dataclasses
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from schemas.entries import Entry
from transforms.packing import pack, unpack

TEXTS = st.none() | st.text(max_size=300)
ENTRIES = st.builds(
    Entry,
    key=st.binary(min_size=16, max_size=16),
    feed_url=st.text(max_size=100),
    feed_title=TEXTS,
    entry_id=TEXTS,
    url=TEXTS,
    canonical_url=TEXTS,
    title=TEXTS,
    authors=st.lists(st.text(max_size=20), max_size=3).map(tuple),
    published_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    published_raw=TEXTS,
    summary=TEXTS,
    content=TEXTS,
    lang=TEXTS,
    truncated=st.booleans(),
    feed_index=st.integers(0, 2**31 - 1),
    position=st.integers(0, 2**31 - 1),
    problem=TEXTS,
    attempts=st.integers(0, 6),
    reason=TEXTS,
    detail=TEXTS,
    first_listed_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    retry_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)


@given(ENTRIES)
def test_an_entry_comes_back_as_it_was(entry):
    """Every field, whatever it holds, survives packing."""
    assert unpack(pack(entry)) == entry


def test_an_entry_without_text_takes_little_room():
    """What entries have in common is not in each of them."""
    url = "https://news.example.org/2026/05/01/a-story-that-was-told.html"
    entry = Entry(
        key=b"0123456789abcdef",
        feed_url="https://news.example.org/feed.xml",
        feed_title="News",
        entry_id=url,
        url=url,
        canonical_url=url,
        title="A story that was told",
        authors=(),
        published_at=datetime(2026, 5, 1, tzinfo=UTC),
        published_raw=None,
        summary=None,
        content=None,
        lang=None,
        truncated=False,
        feed_index=7,
        position=3,
    )
    assert len(pack(entry)) < 170
    assert len(pack(dataclasses.replace(entry, content="word " * 1000))) < 250
