"""What becomes of an exchange: the response that was asked for, or the reason why it is none."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from multidict import CIMultiDict, CIMultiDictProxy

from schemas.dead_letters import Reason
from transforms.http.content import is_challenge, is_html, promises_html
from transforms.http.errors import FetchError
from transforms.http.response import Hop, Kind, Response
from transforms.http.statuses import PERHAPS_CHALLENGE, WITH_BODY, reason_of, retry_after
from transforms.http.target import Target
from transforms.http.transport import Exchange

LOOKED_AT: Final = 64 * 1024
"""Bytes that are read of a body which is looked at only to name what it is."""


def legible(headers: Mapping[str, str]) -> CIMultiDictProxy[str]:
    """The headers as valid text: bytes that are not UTF-8, which reach us as lone surrogates, become "?".

    Without it one stray byte in an ETag could not be stored, and would take the whole run with it.
    """
    return CIMultiDictProxy(
        CIMultiDict((name, value.encode("utf-8", "replace").decode()) for name, value in headers.items())
    )


def response_of(
    target: Target, kind: Kind, exchange: Exchange, hops: tuple[Hop, ...], spent: float, robots: str
) -> Response:
    """The response that an exchange is; raises FetchError where it is none. `spent` is seconds."""
    status, raw_headers, (data, truncated, incomplete) = exchange
    headers = legible(raw_headers)
    content_type = headers.get("Content-Type")

    def failure(reason: Reason, detail: str, wait: float | None = None) -> FetchError:
        return FetchError(reason, detail, url=target.text, http_status=status, retry_after=wait)

    if status not in WITH_BODY and not (status == 304 and kind is Kind.FEED):
        if status in PERHAPS_CHALLENGE and is_challenge(data, headers):
            raise failure(Reason.CHALLENGE, f"a bot defence answered (status {status})")
        wait = retry_after(headers, datetime.now(UTC))
        raise failure(*reason_of(status, retry_after=wait), wait)
    if incomplete and (kind is Kind.PAGE or not data):
        raise failure(Reason.CONNECT, "the connection ended before the body did")
    if truncated and kind is Kind.PAGE:
        if not is_html(data, content_type) and not promises_html(content_type):
            raise failure(Reason.WRONG_TYPE, f"no page but {content_type or 'something without a type'}")
        raise failure(Reason.TOO_LARGE, f"the page is larger than {len(data)} bytes")
    return Response(
        url=target.text,
        status=status,
        headers=headers,
        body=data,
        truncated=truncated or incomplete,
        redirects=hops,
        elapsed_ms=round(spent * 1000),
        robots=robots,
        content_type=content_type,
    )
