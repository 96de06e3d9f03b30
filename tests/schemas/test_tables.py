"""The tables are what the design promises: names, order and types."""

import dataclasses
from datetime import UTC, date, datetime, timedelta, timezone

import pyarrow as pa
import pytest

from schemas.articles import Article, Evidence, Figure, MentionedDate, MentionedPlace, Topic
from schemas.columns import arrow_schema, rows_of, table_of
from schemas.dead_letters import RETRYABLE, DeadLetter, Reason, Stage
from schemas.entries import Entry
from schemas.feed_fetches import FeedFetch
from schemas.feeds import FeedState, KnownKey

WORD = pa.dictionary(pa.int32(), pa.string())
TEXT = pa.string()
MOMENT = pa.timestamp("us", tz="UTC")
EVIDENCE = pa.struct(
    [("field", TEXT), ("start", pa.int32()), ("end", pa.int32()), ("text", TEXT), ("rule", TEXT)]
)
TOPICS = pa.list_(
    pa.struct(
        [
            ("topic", TEXT),
            ("score", pa.float32()),
            ("concepts", pa.list_(TEXT)),
            ("evidence", pa.list_(EVIDENCE)),
        ]
    )
)
FIGURES = pa.list_(
    pa.struct(
        [
            ("kind", TEXT),
            ("low", pa.int64()),
            ("high", pa.int64()),
            ("field", TEXT),
            ("start", pa.int32()),
            ("end", pa.int32()),
            ("text", TEXT),
            ("sentence", TEXT),
        ]
    )
)

DATES = pa.list_(
    pa.struct(
        [
            ("low", pa.date32()),
            ("high", pa.date32()),
            ("precision", TEXT),
            ("field", TEXT),
            ("start", pa.int32()),
            ("end", pa.int32()),
            ("text", TEXT),
        ]
    )
)

PLACES = pa.list_(
    pa.struct(
        [
            ("name", TEXT),
            ("geonames_id", pa.int64()),
            ("country", TEXT),
            ("kind", TEXT),
            ("field", TEXT),
            ("start", pa.int32()),
            ("end", pa.int32()),
            ("text", TEXT),
        ]
    )
)

DESIGN = {
    Article: {
        **dict.fromkeys(["article_id", "canonical_url", "url", "declared_canonical_url", "feed_url"], TEXT),
        **dict.fromkeys(["entry_id", "host", "site_name", "title"], TEXT),
        "authors": pa.list_(TEXT),
        "text": TEXT,
        "text_source": WORD,
        "text_method": WORD,
        "truncated": pa.bool_(),
        "lang": TEXT,
        "published_at": MOMENT,
        "published_source": WORD,
        "published_precision": WORD,
        "fetched_at": MOMENT,
        "robots": WORD,
        "word_count": pa.int32(),
        "content_hash": TEXT,
        "topics": TOPICS,
        "figures": FIGURES,
        "taxonomy_version": TEXT,
        "run_id": TEXT,
        "dates": DATES,
        "places": PLACES,
    },
    DeadLetter: {
        **dict.fromkeys(["stage", "level", "reason"], WORD),
        **dict.fromkeys(["url", "feed_url", "entry_id", "host", "detail"], TEXT),
        "http_status": pa.int16(),
        "retryable": pa.bool_(),
        "attempts": pa.int16(),
        "occurred_at": MOMENT,
        "run_id": TEXT,
    },
    FeedFetch: {
        "feed_url": TEXT,
        "final_url": TEXT,
        "outcome": WORD,
        "http_status": pa.int16(),
        "entries": pa.int32(),
        "new_entries": pa.int32(),
        "overlap": pa.float32(),
        "bytes": pa.int64(),
        "elapsed_ms": pa.int32(),
        "etag": TEXT,
        "last_modified": TEXT,
        "next_poll_at": MOMENT,
        "reason": WORD,
        "failures": pa.int16(),
        "fetched_at": MOMENT,
        "run_id": TEXT,
    },
}

RECORDS = [Article, DeadLetter, FeedFetch, Entry, FeedState, KnownKey]

ARTICLE = Article(
    article_id="00" * 16,
    canonical_url="http://harbour.test/a",
    url="http://harbour.test/a",
    declared_canonical_url=None,
    feed_url="http://harbour.test/feed",
    entry_id=None,
    host="harbour.test",
    site_name=None,
    title="A riot",
    authors=("Ines Abt", "Lo Ren"),
    text="There was a riot.",
    text_source="page",
    text_method="trafilatura",
    truncated=False,
    lang="en",
    published_at=datetime(2026, 11, 3, 10, 0, tzinfo=timezone(timedelta(hours=6))),
    published_source="json_ld",
    published_precision="second",
    fetched_at=datetime(2026, 11, 4, tzinfo=UTC),
    robots="no_rules",
    word_count=4,
    content_hash="11" * 16,
    topics=(Topic("riot", 0.5, ("medtop:20000069",), (Evidence("text", 12, 16, "riot", "riot/1"),)),),
    figures=(Figure("accused", 400, None, "text", 0, 5, "There", "There was a riot."),),
    taxonomy_version="t",
    run_id="r",
    dates=(MentionedDate(date(2026, 11, 3), date(2026, 11, 3), "day", "text", 0, 5, "There"),),
    places=(MentionedPlace("Almaty", 1526384, "KZ", "city", "text", 0, 5, "There"),),
)


@pytest.mark.parametrize("record", DESIGN)
def test_a_table_has_the_columns_of_the_design(record):
    """Names, order and types are the design's."""
    schema = arrow_schema(record)
    assert dict(zip(schema.names, schema.types, strict=True)) == DESIGN[record]
    assert schema.names == list(DESIGN[record])


@pytest.mark.parametrize("record", RECORDS)
def test_every_column_says_what_it_means(record):
    """The schema's metadata holds the table, its version, and a description of each column."""
    schema = arrow_schema(record)
    assert schema.metadata[b"tocsin.table"].decode() == record.TABLE
    assert int(schema.metadata[b"tocsin.version"]) == record.VERSION
    for field in schema:
        assert len(field.metadata[b"description"]) > 5
        assert field.nullable, "a column added later must be null in older files"


def test_rows_come_back_as_they_were_written():
    """Nested records, lists and zones survive Arrow; moments come back in UTC."""
    (back,) = rows_of(Article, table_of(Article, [ARTICLE]))
    assert back == ARTICLE
    assert back.published_at.utcoffset() == timedelta(0)


def test_a_column_that_an_older_file_lacks_reads_as_none():
    """A file written before a column was added is still read."""
    table = table_of(Article, [ARTICLE]).drop_columns(["lang", "truncated"])
    (back,) = rows_of(Article, table)
    assert back.lang is None
    assert back.title == ARTICLE.title


def test_a_struct_field_that_an_older_file_lacks_reads_as_none():
    """Struct fields may be added too."""
    topic = pa.struct([("topic", TEXT), ("score", pa.float32()), ("concepts", pa.list_(TEXT))])
    table = table_of(Article, [ARTICLE]).drop_columns(["topics"])
    old = pa.array([[{"topic": "riot", "score": 0.5, "concepts": []}]], pa.list_(topic))
    (back,) = rows_of(Article, table.append_column("topics", old))
    assert back.topics == (Topic("riot", 0.5, (), ()),)


def test_records_are_frozen_and_pickle():
    """What travels between processes can't be changed on the way."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        ARTICLE.title = "another"


def test_the_reasons_are_the_closed_list_of_the_design():
    """A reason is added by decision, here and in the design."""
    assert {reason.value for reason in Reason} == {
        "bad_url",
        "private_address",
        "dns",
        "connect",
        "tls",
        "timeout",
        "too_large",
        "bad_encoding",
        "redirect_loop",
        "bad_redirect",
        "robots",
        "robots_unavailable",
        "rate_limited",
        "http_4xx",
        "http_5xx",
        "gone",
        "not_a_feed",
        "empty",
        "parse_failed",
        "wrong_type",
        "challenge",
        "consent_wall",
        "no_text",
        "too_deep",
        "extractor_crashed",
        "extractor_timeout",
        "retries_exhausted",
        "internal",
    }
    assert {stage.value for stage in Stage} == {
        "feed_list",
        "fetch_feeds",
        "parse_entries",
        "fetch_articles",
        "extract_text",
        "detect_topics",
        "write_records",
    }
    assert set(Reason) > RETRYABLE
