"""The committer: windows in their order, each entry once, whatever the engine hands over again."""

import dataclasses

import pytest

from pipeline.balance import UnbalancedError
from pipeline.check import check
from pipeline.unbounded.snapshot import told_snapshot
from tests.pipeline.unbounded.conftest import article, carried, dead
from tests.support.runs import holds, manifests, rows


def balances(lake):
    return [manifest["balance"] for manifest in manifests(lake.root)]


def test_windows_are_committed_in_their_order(staged):
    """A window that is complete before an earlier one waits for it."""
    staged.hand_over(1, staged.written(article("b")), listed=1)
    assert staged.commit() == []
    staged.hand_over(0, staged.written(article("a")), listed=1)
    first, second = staged.commit()
    assert first.run_id < second.run_id
    assert [manifest["options"]["stream"]["window"] for manifest in manifests(staged.lake.root)] == [0, 1]
    assert told_snapshot(staged.staging).through == 1


def test_many_batches_become_one_file_a_table_with_the_run_id_of_the_commit(staged):
    """What the stages wrote piece by piece is read as one run's."""
    staged.hand_over(0, *(staged.written(article(name)) for name in "abc"), listed=3)
    (manifest,) = staged.commit()
    assert [file.table for file in manifest.files] == ["articles"]
    assert {row["run_id"] for row in rows(staged.lake.root, "articles")} == {manifest.run_id}


def test_a_window_handed_over_again_adds_only_what_it_lacks(staged):
    """After a failure the engine repeats a window; what is committed is known, the rest a commit of its own."""
    first = staged.written(article("a"), dead("b", staged.context), carried("c"))
    staged.hand_over(0, first, listed=3)
    staged.commit()
    again = staged.written(article("a"), dead("b", staged.context), article("d"))
    staged.hand_over(0, again, listed=3)
    (supplement,) = staged.commit()
    assert dataclasses.asdict(supplement.balance) == {
        "listed": 3, "carried_in": 1, "known": 2, "duplicates": 0, "articles": 1, "dead_letters": 0, "carried_out": 1,
    }  # fmt: skip
    assert supplement.options["stream"] == {
        **supplement.options["stream"], "window": 0, "supplement": True,
    }  # fmt: skip
    assert sorted(row["canonical_url"] for row in rows(staged.lake.root, "articles")) == [
        "http://harbour.test/a",
        "http://harbour.test/d",
    ]
    assert len(rows(staged.lake.root, "dead_letters")) == 1
    assert all(map(holds, balances(staged.lake)))


def test_the_same_staged_files_told_of_again_are_no_commit(staged):
    """A window restored from a checkpoint may name files that its commit has taken; nothing is missed, nothing added."""
    report = staged.written(article("a"))
    staged.hand_over(0, report, listed=1)
    staged.commit()
    staged.hand_over(0, report, listed=1)
    assert staged.commit() == []
    late = staged.written(article("b"))
    staged.hand_over(0, report, late, listed=2)
    (supplement,) = staged.commit()
    assert (supplement.balance.known, supplement.balance.articles) == (1, 1)
    assert len(rows(staged.lake.root, "articles")) == 2


def test_an_entry_of_two_windows_is_one_record(staged):
    """Should selection ever let an entry through twice, the commit does not."""
    staged.hand_over(0, staged.written(article("a")), listed=1)
    staged.hand_over(1, staged.written(article("a")), staged.written(article("b")), listed=2)
    staged.commit()
    assert len(rows(staged.lake.root, "articles")) == 2
    assert balances(staged.lake)[1]["known"] == 1


def test_what_is_carried_over_stays_until_it_has_its_end(staged):
    """A window that does not take an entry up leaves it in the state as it is."""
    staged.hand_over(0, staged.written(carried("a"), carried("b")), listed=2)
    staged.hand_over(1, staged.written(article("c")), listed=1)
    staged.commit()
    waiting = told_snapshot(staged.staging).pending_entries()
    assert sorted(entry.url for entry in waiting) == ["http://harbour.test/a", "http://harbour.test/b"]
    staged.hand_over(2, staged.written(article("a")), listed=1)
    staged.commit()
    (left,) = told_snapshot(staged.staging).pending_entries()
    assert left.url == "http://harbour.test/b"


def test_a_window_that_does_not_balance_is_not_published(staged):
    """Nothing is lost silently: a window that misses an outcome ends the stream."""
    staged.hand_over(0, staged.written(article("a")), listed=2)
    with pytest.raises(UnbalancedError):
        staged.commit()
    assert manifests(staged.lake.root) == []


def test_the_lake_of_a_stream_is_whole(staged):
    """`tocsin check` finds nothing wrong with commits of windows and what was added to them."""
    staged.hand_over(0, staged.written(article("a"), dead("b", staged.context)), listed=2)
    staged.hand_over(1, staged.written(carried("c")), listed=1)
    staged.commit()
    staged.hand_over(0, staged.written(article("a"), article("d")), listed=2)
    staged.commit()
    assert check(staged.lake) == []
