"""How a fetch ends when it gives no response: it failed for a reason, or it was put off."""

from typing import Any, Final

from schemas.dead_letters import RETRYABLE, Reason
from transforms.http.redaction import redact

LONGEST_RETRY_AFTER: Final = 86_400.0
"""Seconds: a Retry-After beyond a day is taken as a day."""


class FetchError(Exception):
    """A fetch that failed.

    `detail` is a sentence without secrets, `http_status` the status of the last response (None without one),
    `retry_after` seconds that the server asked to wait (at most a day), `url` the URL that failed, redacted.
    """

    def __init__(
        self,
        reason: Reason,
        detail: str,
        *,
        url: str,
        http_status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.reason = reason
        self.detail = redact(detail)
        super().__init__(reason, self.detail)
        self.url = redact(url)
        self.http_status = http_status
        self.retry_after = None if retry_after is None else min(max(retry_after, 0.0), LONGEST_RETRY_AFTER)

    @property
    def retryable(self) -> bool:
        """Whether a later run may succeed."""
        return self.reason in RETRYABLE

    def __str__(self) -> str:
        return f"{self.reason.value}: {self.detail} ({self.url})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (_fetch_error, (self.reason, self.detail, self.url, self.http_status, self.retry_after))


class Deferred(Exception):  # noqa: N818 - putting off is no error: the URL is to be tried in a later run
    """A fetch that was not begun: its host must wait longer than this run may, or is left for the next run.

    `retry_after` is the seconds that the host has asked to be left alone for yet, None where it has not asked.
    """

    def __init__(self, detail: str, *, url: str = "", retry_after: float | None = None) -> None:
        self.detail = redact(detail)
        super().__init__(self.detail)
        self.url = redact(url)
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"deferred: {self.detail} ({self.url})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (_deferred, (self.detail, self.url, self.retry_after))


def _fetch_error(
    reason: Reason, detail: str, url: str, http_status: int | None, retry_after: float | None
) -> FetchError:
    return FetchError(reason, detail, url=url, http_status=http_status, retry_after=retry_after)


def _deferred(detail: str, url: str, retry_after: float | None) -> Deferred:
    return Deferred(detail, url=url, retry_after=retry_after)
