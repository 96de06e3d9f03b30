"""A response as the rest of tocsin sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a request is for; it decides the cap on the body, the Accept header and whether robots.txt applies."""

    FEED = "feed"
    PAGE = "page"
    ROBOTS = "robots"


@dataclass(frozen=True, slots=True)
class Hop:
    """A redirect that was followed: the status that ordered it, and where it led (absolute, as fetched)."""

    status: int
    location: str


@dataclass(frozen=True, slots=True)
class Response:
    """A response with its body whole, or cut at the cap of its kind.

    `url` is where the redirects ended. `headers` is a mapping without regard to case. `body` is decoded of its
    content encoding; `truncated` says that there was more of it. `elapsed_ms` is milliseconds from the first
    request to the end of the last response, without waits at hosts' gates. `robots` is allowed, no_rules,
    ignored or exempt. `content_type` is the header as sent, None without one.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    truncated: bool
    redirects: tuple[Hop, ...]
    elapsed_ms: int
    robots: str
    content_type: str | None
