"""The lease: one run at a time for an output in an object store."""

import json
import threading

import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.lake import LakeError
from pipeline.storage.conditional_writes import ConditionalWrites
from pipeline.storage.lease import LEASE_SECONDS, Lease, seconds_awake_or_not
from pipeline.storage.storage import LockHeldError, LockLostError, LockUnavailableError

SHORT = 1.0


@pytest.fixture
def writes(store, place):
    bucket = place.removeprefix("s3://").partition("/")[0]
    return ConditionalWrites(bucket, PipelineOptions(flags=list(store.beam)))


class Standing:
    """A clock that a test moves."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def content(writes):
    return json.loads(writes.read("lock").data)


def test_one_holds_it_and_the_next_waits_for_its_end(writes):
    """A second is told who has it; once it is free the second gets it."""
    with Lease(writes, "lock", "first") as lease:
        lease.check()
        with pytest.raises(LockHeldError, match="first pid"):
            Lease(writes, "lock", "second").__enter__()
        lease.check()
    assert content(writes)["free"]
    with Lease(writes, "lock", "second") as lease:
        lease.check()
        assert content(writes)["token"] == "second"


def test_the_lease_of_a_dead_process_is_taken_over_once_it_has_run_out(writes):
    """Not before: the store's own clock says when."""
    dead = Lease(writes, "lock", "dead", seconds=SHORT)
    dead._take()  # without the thread that would renew it
    waited = threading.Event()
    refused = 0
    while True:
        try:
            with Lease(writes, "lock", "next") as lease:
                lease.check()
                break
        except LockHeldError:
            refused += 1
            waited.wait(0.1)
    assert refused > 0
    with pytest.raises(LockLostError):
        dead.check()


def test_a_lease_that_is_renewed_is_never_taken_over(writes):
    """However long it is held."""
    began = seconds_awake_or_not()
    with Lease(writes, "lock", "first", seconds=3.0) as lease:
        while content(writes)["renewals"] < 3:
            with pytest.raises(LockHeldError):
                Lease(writes, "lock", "second").__enter__()
        lease.check()
    assert seconds_awake_or_not() > began


def test_a_holder_whose_clock_has_passed_the_end_stops(writes):
    """Though nobody has taken the lease over: it can't know that."""
    clock = Standing()
    lease = Lease(writes, "lock", "first", clock=clock)
    lease._take()
    lease.check()
    clock.now = LEASE_SECONDS
    with pytest.raises(LockLostError, match="renewed in time"):
        lease.check()
    lease.renew()
    lease.check()


def test_a_holder_that_was_taken_over_can_not_renew(writes):
    """What it writes is refused, and it knows that it has lost."""
    lease = Lease(writes, "lock", "first")
    lease._take()
    found = writes.read("lock")
    writes.replace("lock", found.data.replace(b"first", b"other"), found.etag)
    lease.renew()
    with pytest.raises(LockLostError, match="another run's"):
        lease.check()
    assert content(writes)["token"] == "other"


def test_an_answer_to_a_renewal_that_was_lost_loses_nothing(writes):
    """The content is ours, with an ETag that we had not seen."""
    lease = Lease(writes, "lock", "first")
    lease._take()
    lease._writes.replace("lock", lease._content() + b" ", lease._etag)
    lease.renew()
    lease.check()
    lease.renew()
    lease.check()


def test_a_store_that_ignores_conditions_is_refused(writes):
    """Two runs at once could not be told apart there."""

    class Careless(ConditionalWrites):
        def _put(self, key, data, **_condition):
            return super()._put(key, data)

    careless = Careless(writes._bucket, PipelineOptions(flags=[]))
    careless._client = writes._client
    with pytest.raises(LakeError, match="conditional writes"):
        Lease(careless, "lock", "first").__enter__()


def test_a_store_that_can_not_be_written_to_says_so(store, place):
    """With the place and the cause."""
    nowhere = ConditionalWrites("no-such-bucket", PipelineOptions(flags=list(store.beam)))
    nowhere._client = store.client
    with pytest.raises((LockUnavailableError, LockHeldError)):
        Lease(nowhere, "lock", "first").__enter__()
    assert store.keys(place) == []
