"""Select new: one winner a key, known keys left out, and every entry counted once."""

import dataclasses
import pickle
from datetime import timedelta
from pathlib import Path

import apache_beam as beam
import pyarrow.parquet as pq
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from hypothesis import given
from hypothesis import strategies as st

from schemas.columns import table_of
from schemas.dead_letters import Reason
from schemas.feeds import KnownKey
from schemas.outcomes import Carried, Ended
from schemas.report import sum_reports
from transforms.select_new import SelectNew, choose, known_among
from transforms.write_report import read_report, write_report


@pytest.fixture
def known_file(tmp_path, now):
    def write(*keys):
        path = tmp_path / f"known-{len(list(tmp_path.iterdir()))}.parquet"
        pq.write_table(table_of(KnownKey, [KnownKey(key, now) for key in keys]), path, row_group_size=2)
        return str(path)

    return write


@pytest.fixture
def select(context, now, tmp_path):
    """Run the stage over entries; gives what was chosen and the counts."""

    def run(listed, carried=(), known=(), rebuilt=()):
        chosen_path = tmp_path / "chosen"
        with beam.Pipeline(runner=FnApiRunner()) as pipeline:
            inputs = (pipeline | "L" >> beam.Create(listed), pipeline | "C" >> beam.Create(list(carried)))
            chosen, reports = inputs | "Select" >> SelectNew(
                context, tuple(known), tuple(rebuilt), lambda: now
            )
            chosen | "Keep" >> beam.combiners.ToList() | "Write" >> beam.Map(_pickle, str(chosen_path))
            total = reports | "All" >> beam.combiners.ToList() | "Sum" >> beam.Map(sum_reports)
            total | "Report" >> beam.Map(write_report, str(tmp_path / "report"))
        return _unpickle(chosen_path), read_report(str(tmp_path / "report")).group("balance")

    return run


def test_known_keys_are_found_in_every_file_and_row_group(known_file):
    """The snapshot is many files, and each is read past the asked keys once."""
    keys = [bytes([number]) * 16 for number in range(9)]
    files = [known_file(*keys[:5]), known_file(keys[5])]
    assert known_among(keys, files, [keys[6]]) == set(keys[:7])


@given(
    st.sets(st.binary(min_size=16, max_size=16), max_size=30), st.sets(st.binary(min_size=16, max_size=16))
)
def test_what_is_asked_of_nothing_is_unknown(asked, further):
    """Without files only the further keys are known."""
    assert known_among(asked, [], further) == asked & further


def test_each_entry_is_counted_once(select, make_entry, known_file):
    """Known, duplicate, chosen: the counts add up to what was listed and carried in."""
    entries = [make_entry(f"http://harbour.test/{number}") for number in range(5)]
    again = [dataclasses.replace(entry, feed_index=1) for entry in entries[2:4]]
    chosen, counts = select([*entries, *again], known=[known_file(entries[0].key, entries[3].key)])
    assert {entry.url[-1] for entry in chosen} == {"1", "2", "4"}
    assert counts == {"listed": 7, "known": 3, "duplicates": 1, "carried_in": 0}


def test_an_entry_carried_in_comes_before_a_listed_one(select, make_entry, now):
    """What is listed again while it waits is a duplicate of what waits, which knows its attempts."""
    listed = make_entry()
    waiting = make_entry(attempts=3, first_listed_at=now - timedelta(days=1))
    (chosen,), counts = select([listed], [waiting])
    assert chosen.attempts == 3
    assert counts == {"listed": 1, "known": 0, "duplicates": 1, "carried_in": 1}


def test_an_entry_that_rests_is_carried_on(select, make_entry, now):
    """Before its time an entry is not tried, whether or not a feed lists it."""
    waiting = make_entry(first_listed_at=now, retry_at=now + timedelta(minutes=1), reason=Reason.TIMEOUT)
    (chosen,), _ = select([make_entry()], [waiting])
    assert chosen == Carried(waiting)


def test_an_entry_without_a_link_ends_with_the_reason(select, make_entry):
    """What can't be fetched is told, never dropped."""
    entry = make_entry(url="http://harbour.test/a", problem=Reason.BAD_URL, detail="no link")
    entry = dataclasses.replace(entry, url=None, canonical_url=None)
    (chosen,), _ = select([entry])
    assert isinstance(chosen, Ended)
    assert (chosen.record.reason, chosen.record.detail) == (Reason.BAD_URL, "no link")


def test_the_place_in_the_list_decides_between_feeds(make_entry):
    """The rule is stated: the first feed of the list wins, whatever the order of arrival."""
    entries = [make_entry(feed_index=index, position=9 - index) for index in (2, 0, 1)]
    winner, duplicates = choose(entries)
    assert (winner.feed_index, duplicates) == (0, 2)


def _pickle(value, path):
    Path(path).write_bytes(pickle.dumps(value))


def _unpickle(path):
    return pickle.loads(path.read_bytes())
