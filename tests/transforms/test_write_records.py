"""Write records: typed rows in files of one attempt, each with its rows and sum."""

import dataclasses
import hashlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.articles import Article, Evidence, Topic
from schemas.columns import arrow_schema, rows_of
from schemas.dead_letters import DeadLetter, Reason, Stage
from schemas.extraction import Extraction
from schemas.feeds import KnownKey
from schemas.outcomes import Carried, Ended
from transforms.article import article_of, content_hash
from transforms.entry_failures import dead_letter
from transforms.write_records import StagedAttempt, rows_and_counts, with_legible_text

TEXT = Extraction("A text.", "page", "trafilatura", "A title", (), None, "none", "none", "en", None, None)


@pytest.fixture
def article(make_entry, now):
    def make(url="http://harbour.test/a", **fields):
        made = article_of(make_entry(url), TEXT, url=url, robots="no_rules", fetched_at=now, run_id="r")
        return dataclasses.replace(made, **fields)

    return make


@pytest.fixture
def attempt(tmp_path, make_entry, context, now):
    refused = []

    def on_refused(row, error):
        refused.append((row, error))
        if not isinstance(row, Article):
            return None
        return dead_letter(
            make_entry(), context, now, stage=Stage.WRITE_RECORDS, reason=Reason.INTERNAL, detail="x"
        )

    made = StagedAttempt(str(tmp_path), str(tmp_path / "staging" / "run"), on_refused)
    made.refused = refused
    return made


def test_an_article_is_a_row_and_a_known_key(make_entry, article, now):
    """What has its outcome is known from then on."""
    rows, counts = rows_and_counts(Ended(make_entry(), article()), now)
    assert [type(row) for row in rows] == [Article, KnownKey]
    assert rows[1].key.hex() == rows[0].article_id
    assert counts["balance.articles"] == 1


def test_a_dead_letter_is_a_row_and_a_known_key(make_entry, context, now):
    """A dead entry is not tried again by every run."""
    letter = dead_letter(
        make_entry(), context, now, stage=Stage.FETCH_ARTICLES, reason=Reason.GONE, detail="410"
    )
    rows, counts = rows_and_counts(Ended(make_entry(), letter), now)
    assert [type(row) for row in rows] == [DeadLetter, KnownKey]
    assert counts == {"balance.dead_letters": 1, "dead.gone": 1}


def test_what_is_carried_over_is_no_known_key(make_entry, now):
    """An entry that waits must not be taken for one that was had."""
    entry = make_entry(reason=Reason.TIMEOUT)
    assert rows_and_counts(Carried(entry), now) == ([entry], {"balance.carried_out": 1, "carried.timeout": 1})


def test_files_say_what_they_hold(attempt, article, tmp_path):
    """Rows, bytes and sum are those of the closed file, its schema that of the record."""
    articles = [article(f"http://harbour.test/{number}") for number in range(7)]
    for row in articles:
        attempt.add(row)
    (file,) = attempt.close()
    data = (tmp_path / file.path).read_bytes()
    assert (file.table, file.rows, file.bytes) == ("articles", 7, len(data))
    assert file.sha256 == hashlib.sha256(data).hexdigest()
    table = pq.ParquetFile(tmp_path / file.path).read()
    assert table.schema.equals(arrow_schema(Article))
    assert table.schema.metadata[b"tocsin.version"] == str(Article.VERSION).encode()
    assert rows_of(Article, table) == articles


def test_attempts_never_share_a_folder(tmp_path, article):
    """A late writer of a dead attempt can't touch another's files."""
    files = set()
    for _ in range(2):
        attempt = StagedAttempt(str(tmp_path), str(tmp_path / "staging" / "run"), lambda row, error: None)  # noqa: ARG005
        attempt.add(article())
        files |= {file.path for file in attempt.close()}
    assert len(files) == 2


def test_fault_59_a_row_that_arrow_refuses_becomes_a_dead_letter(attempt, article, tmp_path):
    """One bad row among good ones costs itself alone, and is told."""
    good = [article(f"http://harbour.test/{number}") for number in range(4)]
    for row in [*good[:2], article(word_count=2**40), *good[2:]]:
        attempt.add(row)
    files = {file.table: file for file in attempt.close()}
    assert {name: file.rows for name, file in files.items()} == {"articles": 4, "dead_letters": 1}
    assert len(attempt.refused) == 1
    kept = rows_of(Article, pq.ParquetFile(tmp_path / files["articles"].path).read())
    assert kept == good


def test_fault_59_a_dead_letter_that_arrow_refuses_ends_the_bundle(attempt, make_entry, context, now):
    """When even the dead letter can't be written, the run fails rather than lose it."""
    letter = dead_letter(
        make_entry(),
        context,
        now,
        stage=Stage.FETCH_ARTICLES,
        reason=Reason.GONE,
        detail="x",
        http_status=2**40,
    )
    attempt.add(letter)
    with pytest.raises((pa.ArrowInvalid, OverflowError)):
        attempt.close()


def test_fault_45_text_that_is_none_is_made_legible_however_deep(article):
    """Lone surrogates are replaced one for one, so that the offsets of evidence stand."""
    piece = Evidence("text", 0, 1, "\ud800", "rule")
    row = article(title="\udfff!", topics=(Topic("riot", 0.5, (), (piece,)),))
    mended = with_legible_text(row)
    assert (mended.title, mended.topics[0].evidence[0].text) == ("?!", "?")
    assert with_legible_text(mended) == mended


def test_the_hash_of_a_text_is_that_of_its_words():
    """Case, white space and compatibility forms don't make a text another."""
    assert content_hash("The  ﬁrst\nline") == content_hash("the first line")
    assert content_hash("the first line") != content_hash("the second line")
    assert len(content_hash("")) == 32
