"""What a status and its headers mean for a fetch."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from schemas.dead_letters import Reason
from transforms.http.errors import LONGEST_RETRY_AFTER

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
"""Redirects with a Location that is followed (RFC 9110, 15.4); the others name no single place."""

WITH_BODY: Final = frozenset({200, 203, 206})
"""Successes whose body is the thing asked for."""

PERHAPS_CHALLENGE: Final = frozenset({202, 401, 403, 405, 406, 429, 503})
"""Statuses under which bot defences answer; their body is looked at."""

RATE_LIMIT_PAUSE: Final = 60.0
"""Seconds that a host which answers 429 without Retry-After is left alone."""


_BY_STATUS: Final = {
    408: (Reason.TIMEOUT, "the server gave up waiting for the request (status 408)"),
    410: (Reason.GONE, "the server says that it is gone for good"),
    425: (Reason.RATE_LIMITED, "the server asks to come back later (status 425)"),
    429: (Reason.RATE_LIMITED, "the server asks for fewer requests (status 429)"),
}


def reason_of(status: int, *, retry_after: float | None) -> tuple[Reason, str]:
    """Why a response of this status gives nothing, and a sentence. For statuses that are no success."""
    if status == 503 and retry_after is not None:
        return Reason.RATE_LIMITED, "the server asks to come back later (status 503)"
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    by_class = {
        2: (Reason.EMPTY, f"status {status} has no content"),
        3: (Reason.BAD_REDIRECT, f"status {status} names no place to go to"),
        4: (Reason.HTTP_4XX, f"status {status}"),
    }
    return by_class.get(status // 100, (Reason.HTTP_5XX, f"status {status}"))


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait by Retry-After (RFC 9110, 10.2.3), from 0 to a day; None where absent or nonsense.

    `now` is the moment of the response; a date is measured from the server's own Date where it gives one, so
    that a clock that is off does no harm.
    """
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return min(float(value[:12]), LONGEST_RETRY_AFTER)
    until = _http_date(value)
    if until is None:
        return None
    since = _http_date(headers.get("Date", "")) or now
    return min(max((until - since).total_seconds(), 0.0), LONGEST_RETRY_AFTER)


def _http_date(value: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(value.strip())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
