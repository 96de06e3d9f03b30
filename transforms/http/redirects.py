"""Where a redirect leads, judged before anything is sent there."""

from multidict import CIMultiDictProxy

from schemas.dead_letters import Reason
from transforms.http.errors import FetchError
from transforms.http.guard import AllowList
from transforms.http.target import Target, parse_target


def next_target(
    origin: Target, status: int, headers: CIMultiDictProxy[str], allow: AllowList, seen: set[str]
) -> Target:
    """The target of a redirect from `origin`; `seen` holds the URLs asked so far.

    Raises FetchError: bad_redirect where Location is absent, or is no URL of http or https; private_address
    where it spells out an address that the guard refuses; redirect_loop where it was asked before, as without
    cookies it would answer the same again.
    """
    location = headers.get("Location", "")
    if not location.strip():
        raise FetchError(
            Reason.BAD_REDIRECT,
            f"status {status} without a Location",
            url=origin.text,
            http_status=status,
        )
    try:
        target = parse_target(location, allow, base=origin.url)
    except FetchError as error:
        error.http_status = status
        raise
    if target.text in seen:
        raise FetchError(Reason.REDIRECT_LOOP, "a redirect leads back", url=target.text, http_status=status)
    return target
