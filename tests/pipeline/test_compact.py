"""`tocsin compact`: fewer files, the same rows, no row twice or missing at any instant."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.check import check
from pipeline.commit import PublishInterruptedError, recover
from pipeline.compact import compact
from pipeline.read_lake import read_feed_fetches
from pipeline.state import load_state
from tests.support.child_run import DONE, KillAt, Later, ended, run_here, start
from tests.support.reading import glob
from tests.support.runs import manifests, tocsin

COLUMNS = {
    "articles": "article_id, title, text, content_hash, topics, run_id, ingest_date",
    "dead_letters": "stage, reason, url, run_id, ingest_date",
    "feed_fetches": "feed_url, outcome, fetched_at, run_id, ingest_date",
}


def everything(out):
    return {table: sorted(map(repr, glob(out, table, columns))) for table, columns in COLUMNS.items()}


def days_on(days):
    return Later(timedelta(days=days))


def compact_in_child(lake, step):
    compact(lake, clock=days_on(2), at=KillAt(step))


def test_closed_dates_become_one_file_a_table(lake):
    """Files and manifests of closed dates are merged; every row, and its date and run, stay as they were."""
    before = everything(lake.root)
    done = compact(lake, clock=days_on(2))
    assert everything(lake.root) == before
    assert (done.runs, done.files_after) == (4, len(list(lake.root.glob("*/ingest_date=*/*/*.parquet"))))
    assert done.files_after < done.files_before
    assert len(manifests(lake.root)) == 1
    assert check(lake) == []


def test_today_is_left_alone(lake):
    """A date that is not over stays as it is."""
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    before = sorted(lake.root.glob(f"*/ingest_date={today}/*/*.parquet"))
    assert compact(lake).runs == 0
    assert sorted(lake.root.glob(f"*/ingest_date={today}/*/*.parquet")) == before


def test_a_second_compaction_has_nothing_to_do(lake):
    """What has been compacted is left as it is."""
    compact(lake, clock=days_on(2))
    before = manifests(lake.root)
    assert compact(lake, clock=days_on(2)).runs == 0
    assert manifests(lake.root) == before


def test_compactions_and_runs_follow_each_other(lake, kept):
    """Runs after a compaction know all there is; the next one merges what has come since; the runs stay told."""
    articles = len(glob(lake.root, "articles", "article_id"))
    compact(lake, clock=days_on(2))
    for _ in range(2):
        run_here(kept.site.options(lake.root), clock=days_on(2))
    assert len(glob(lake.root, "articles", "article_id")) == articles
    before = everything(lake.root)
    assert compact(lake, clock=days_on(4)).runs == 2
    assert everything(lake.root) == before
    assert check(lake) == []
    told = [len(manifest["options"]["runs"]) for manifest in manifests(lake.root)]
    assert told == [4, 2]
    assert sum(manifest["balance"]["articles"] for manifest in manifests(lake.root)) == articles
    run_here(kept.site.options(lake.root), clock=days_on(5))
    assert check(lake) == []


def test_by_the_command(lake):
    """The command says what became of how many files, or that there is nothing to do."""
    done = tocsin("compact", lake.root)
    assert done.returncode == 0, done.stderr
    assert "nothing to compact" in done.stdout


def test_the_newest_poll_still_comes_first(lake):
    """Readers of polls see them in order of time, though the files were merged."""
    compact(lake, clock=days_on(2))
    times = [poll.fetched_at for poll in read_feed_fetches(lake)]
    assert times == sorted(times, reverse=True)
    assert len(times) == 8


def test_a_damaged_state_can_still_be_gone_back_from(lake):
    """The state before the newest outlives the manifests that named it."""
    compact(lake, clock=days_on(2))
    newest = next(lake.states())[1]
    (lake.root / newest[0].path).write_bytes(b"")
    assert load_state(lake).feeds


@pytest.mark.parametrize(
    "step", ["rewritten", "intended", "exchanged articles/ingest_date={}", "committed", "cleared"]
)
def test_killed_at_a_step(lake, step):
    """Killed anywhere, a glob over any table sees each row once, before and after the next command mends it."""
    before = everything(lake.root)
    code = ended(start(compact_in_child, lake, step.format(f"{datetime.now(UTC):%Y-%m-%d}")))
    assert code != DONE
    assert everything(lake.root) == before
    with lake.storage.lock("test") as lock:
        recover(lake, lock)
    assert everything(lake.root) == before
    assert check(lake) == []


def test_stopped_while_publishing_says_so(lake):
    """A refusal of the disk after the intent tells that the next command finishes."""

    def refuse(step):
        if step == "intended":
            raise OSError(28, "No space left on device")

    with pytest.raises(PublishInterruptedError, match="No space left"):
        compact(lake, clock=days_on(2), at=refuse)
    assert [finding.problem for finding in check(lake)] == [
        "was stopped while it published; the next run finishes it"
    ]


def test_old_texts_expire(lake):
    """Texts of articles fetched longer ago are emptied; the rest of the row stays, and younger texts too."""
    before = {
        row[0]: row[1:] for row in glob(lake.root, "articles", "article_id, title, topics, content_hash")
    }
    done = compact(lake, expire_after=timedelta(days=2), clock=Later(timedelta(days=2, hours=12)))
    after = glob(lake.root, "articles", "article_id, title, topics, content_hash, text, fetched_at")
    assert {row[0]: row[1:4] for row in after} == before
    first_day = min(row[5] for row in after).date()
    assert {row[4] == "" for row in after if row[5].date() == first_day} == {True}
    assert {row[4] == "" for row in after if row[5].date() != first_day} == {False}
    assert done.expired == sum(row[4] == "" for row in after) == 6
    assert check(lake) == []
