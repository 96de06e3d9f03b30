"""What becomes of an entry that failed: tried again by a later run, or a dead letter. Pure."""

import dataclasses
from datetime import datetime, timedelta

from schemas.dead_letters import RETRYABLE, DeadLetter, Level, Reason, Stage
from schemas.entries import Entry
from schemas.outcomes import Carried, PageMissing
from transforms.http.redaction import redact
from transforms.run_context import RunContext
from transforms.urls import host_of

MAX_ATTEMPTS = 6
"""Runs that try an entry before it ends as the dead letter retries_exhausted."""

RETRY_DISTANCES = (
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=8),
    timedelta(hours=24),
)
"""How long after its n-th failed attempt an entry rests; it grows, so that a broken host is not pestered."""

DEFERRED = "deferred"
"""Why an entry was put off that was not tried at all."""


def put_off(entry: Entry, detail: str, now: datetime, *, retry_after: float | None = None) -> Carried:
    """An entry that was not tried in this run: its attempts stay as they were.

    `retry_after` is how many seconds its host must still be left alone, None where only the run ended.
    """
    retry_at = now + timedelta(seconds=retry_after) if retry_after else None
    return Carried(dataclasses.replace(entry, reason=DEFERRED, detail=detail, retry_at=retry_at))


def failed(
    entry: Entry,
    context: RunContext,
    now: datetime,
    *,
    stage: Stage,
    reason: str,
    detail: str,
    http_status: int | None = None,
    retry_after: float | None = None,
    robots: str = "exempt",
) -> Carried | PageMissing:
    """The outcome of a failed attempt: carried over where a retry may help, a page that is missing otherwise.

    `retry_after` is what the server asked for, in seconds; it only lengthens the rest.
    """
    attempts = entry.attempts + 1
    tried = dataclasses.replace(entry, attempts=attempts, reason=reason, detail=detail)
    if reason not in RETRYABLE:
        letter = dead_letter(
            tried, context, now, stage=stage, reason=reason, detail=detail, http_status=http_status
        )
        return PageMissing(tried, letter, robots)
    if attempts >= MAX_ATTEMPTS:
        said = f"{attempts} runs have tried; the last failed with {reason}: {detail}"
        letter = dead_letter(
            tried,
            context,
            now,
            stage=stage,
            reason=Reason.RETRIES_EXHAUSTED,
            detail=said,
            http_status=http_status,
        )
        return PageMissing(tried, letter, robots)
    rest = max(RETRY_DISTANCES[attempts - 1], timedelta(seconds=retry_after or 0))
    return Carried(dataclasses.replace(tried, retry_at=now + rest))


def dead_letter(
    entry: Entry,
    context: RunContext,
    now: datetime,
    *,
    stage: Stage,
    reason: str,
    detail: str,
    http_status: int | None = None,
) -> DeadLetter:
    """The dead letter of an entry, without secrets of its URL."""
    url = entry.canonical_url or entry.url
    return DeadLetter(
        stage=stage,
        level=Level.ENTRY,
        reason=reason,
        url=redact(url, published=True) if url else None,
        feed_url=entry.feed_url,
        entry_id=redact(entry.entry_id, published=True) if entry.entry_id else None,
        host=host_of(url) if url else None,
        detail=detail,
        http_status=http_status,
        retryable=reason in RETRYABLE,
        attempts=entry.attempts,
        occurred_at=now,
        run_id=context.run_id,
    )
