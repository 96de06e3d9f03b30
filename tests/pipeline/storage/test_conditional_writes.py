"""What the commit rests on in an object store: that a conditional write is refused where its condition fails."""

import threading

import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.storage.conditional_writes import ConditionalWrites


@pytest.fixture
def writes(store, place):
    bucket = place.removeprefix("s3://").partition("/")[0]
    return ConditionalWrites(bucket, PipelineOptions(flags=list(store.beam)))


def test_an_object_is_created_once(writes):
    """The second creation is refused and changes nothing; one of the same content is told as ours."""
    etag = writes.create("key", b"first")
    assert etag is not None
    assert writes.create("key", b"second") is None
    assert writes.create("key", b"first") == etag
    assert writes.read("key").data == b"first"
    assert writes.refuses_second_creation("key", b"first")


def test_an_object_is_replaced_only_as_it_was_read(writes):
    """Whoever has read an older version, or one that is gone, is refused."""
    first = writes.create("key", b"first")
    second = writes.replace("key", b"second", first)
    assert second is not None
    assert writes.replace("key", b"third", first) is None
    assert writes.read("key").data == b"second"
    assert writes.replace("nowhere", b"third", first) is None
    assert writes.read("nowhere") is None


def test_of_many_creators_one_gets_it(writes):
    """However many ask at once."""
    etags = []
    threads = [
        threading.Thread(target=lambda n=number: etags.append(writes.create("key", b"%d" % n)))
        for number in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(etag is not None for etag in etags) == 1


def test_the_age_of_an_object_is_told_by_the_store(writes):
    """By its own clock on both sides, to the second."""
    writes.create("key", b"first")
    assert 0 <= writes.read("key").age.total_seconds() < 60
