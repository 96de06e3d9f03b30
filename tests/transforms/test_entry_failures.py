"""A failed entry is tried again where that may help, and otherwise ends with its cause."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.dead_letters import RETRYABLE, Reason, Stage
from schemas.outcomes import Carried, PageMissing
from transforms.entry_failures import DEFERRED, MAX_ATTEMPTS, RETRY_DISTANCES, failed, put_off


@pytest.fixture
def fail(make_entry, context, now):
    def attempt(entry=None, reason=Reason.TIMEOUT, **more):
        return failed(
            entry or make_entry(),
            context,
            now,
            stage=Stage.FETCH_ARTICLES,
            reason=reason,
            detail="it did",
            **more,
        )

    return attempt


@pytest.mark.parametrize("reason", sorted(RETRYABLE))
def test_what_may_pass_is_carried_over_whole(fail, make_entry, now, reason):
    """The entry keeps all it is, with one attempt more, the cause, and a time to rest until."""
    carried = fail(make_entry(content="its text"), reason)
    assert isinstance(carried, Carried)
    assert (carried.entry.attempts, carried.entry.reason, carried.entry.content) == (1, reason, "its text")
    assert carried.entry.retry_at == now + RETRY_DISTANCES[0]


@pytest.mark.parametrize("reason", sorted(set(Reason) - RETRYABLE))
def test_what_will_not_pass_is_a_dead_letter_at_once(fail, reason):
    """Nothing is tried again that can't succeed."""
    missing = fail(reason=reason)
    assert isinstance(missing, PageMissing)
    assert (missing.letter.reason, missing.letter.attempts, missing.letter.retryable) == (reason, 1, False)


def test_the_distance_grows_until_the_attempts_are_exhausted(fail, make_entry, now):
    """Each rest is longer than the last; the last attempt ends as retries_exhausted and says why."""
    outcome = fail(make_entry())
    rests = []
    while isinstance(outcome, Carried):
        rests.append(outcome.entry.retry_at - now)
        outcome = fail(outcome.entry)
    assert rests == sorted(rests) == list(RETRY_DISTANCES)
    assert len(rests) == MAX_ATTEMPTS - 1
    assert outcome.letter.reason == Reason.RETRIES_EXHAUSTED
    assert outcome.letter.attempts == MAX_ATTEMPTS
    assert "timeout" in outcome.letter.detail


@given(seconds=st.floats(0, 86_400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the fixtures are pure
def test_a_servers_wish_only_lengthens_the_rest(seconds, fail, now):
    """Retry-After is heeded where it is longer than our own distance."""
    carried = fail(reason=Reason.RATE_LIMITED, retry_after=seconds)
    assert carried.entry.retry_at - now == max(RETRY_DISTANCES[0], timedelta(seconds=seconds))


def test_what_was_not_tried_rests_as_long_as_its_host_asked(make_entry, now):
    """A host that asked to be left alone for an hour is not asked by the next run for another page."""
    carried = put_off(make_entry(attempts=2), "the host rests", now, retry_after=3600.0)
    assert (carried.entry.attempts, carried.entry.retry_at) == (2, now + timedelta(hours=1))


def test_what_was_not_tried_keeps_its_attempts(make_entry, now):
    """An entry put off by the deadline has lost nothing: it may be tried as soon as there is a run."""
    carried = put_off(make_entry(attempts=2), "the run ended", now)
    assert (carried.entry.attempts, carried.entry.reason, carried.entry.retry_at) == (2, DEFERRED, None)


def test_secrets_stay_out_of_dead_letters(fail, make_entry):
    """The URL of a dead letter carries no user information and no token."""
    missing = fail(make_entry("http://harbour.test/a?token=s3cr3t"), Reason.HTTP_4XX, http_status=404)
    assert "s3cr3t" not in repr(missing.letter)
    assert (missing.letter.http_status, missing.letter.host) == (404, "harbour.test")
