"""What a run sets for its HTTP requests."""

import re
from dataclasses import dataclass, field
from typing import Final

from transforms.http.guard import AllowList, Exemption, parse_allow_host
from transforms.http.response import Kind

_MIB: Final = 1024 * 1024
_PROXY: Final = re.compile(r"https?://[^\s/?#]+/?", re.IGNORECASE)
_PRODUCT: Final = re.compile(r"[A-Za-z_-]+")

__all__ = ["Exemption", "HttpSettings", "parse_allow_host"]


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Settings of the client. Times are seconds, sizes bytes; picklable and hashable.

    `allow_hosts` are exempt from the private-address guard and from nothing else (see `guard.parse_allow_host`).
    `proxy` is the URL of an HTTP proxy: the guard still judges what a URL spells out, but names are then
    resolved by the proxy, whose network the guard can't see. `static_hosts` are (name, address, port): a name
    that resolves to that address and port, for the demo site and tests; it is not exempt from the guard by it.
    """

    user_agent: str
    request_timeout: float = 30.0
    """One fetch in all, its redirects included, waits at hosts' gates not."""
    connect_timeout: float = 10.0
    first_byte_timeout: float = 15.0
    """From the request to the response's headers, and between any two reads of its body."""
    host_delay: float = 1.0
    """From the end of a host's last response to the next request; 0 is allowed."""
    max_crawl_delay: float = 30.0
    """A longer Crawl-delay of robots.txt is taken as this."""
    longest_wait: float = 120.0
    """A host that must be left alone for longer than this is left to the next run."""
    allow_hosts: tuple[str, ...] = ()
    proxy: str | None = None
    ignore_robots: bool = False
    static_hosts: tuple[tuple[str, str, int], ...] = ()
    feed_cap: int = 16 * _MIB
    """The largest real feeds (podcasts with all their years) are some MiB."""
    page_cap: int = 8 * _MIB
    """The 99.9th percentile of HTML documents in HTTP Archive is below 4 MiB."""
    robots_cap: int = 500 * 1024
    """RFC 9309, 2.5: at least 500 KiB are to be read."""
    max_redirects: int = 10
    max_connections: int = 512
    """Requests in flight at once over all hosts."""
    max_idle_connections: int = 512
    """Connections kept open for their host's next request."""
    max_large_bodies: int = 8
    """Bodies of more than a MiB that are read at once: caps times this bound what bombs from many hosts cost."""
    max_retries: int = 2
    """Times that a request whose connection broke is sent again within a run."""
    max_host_retries: int = 6
    """Retries in a run over all URLs of a host."""
    max_host_failures: int = 5
    """Failures in a row after which a host is left to the next run."""
    retry_delay: float = 2.0
    """Base of the pause before a retry; it doubles with each, with jitter."""
    allow_list: AllowList = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Check the values; raise ValueError for one that can't be used."""
        if not self.user_agent.strip() or not self.user_agent.isprintable():
            raise ValueError("the user agent must be a line of printable text")
        for name in ("request_timeout", "connect_timeout", "first_byte_timeout"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be more than 0 seconds")
        if not self.host_delay >= 0:
            raise ValueError("host_delay must be 0 seconds or more")
        if self.proxy is not None and not _PROXY.fullmatch(self.proxy):
            raise ValueError("the proxy must be a URL such as http://proxy.example:3128 (http or https)")
        object.__setattr__(self, "allow_list", AllowList.of(self.allow_hosts))

    @property
    def product_token(self) -> str:
        """The name by which robots.txt addresses this user agent (RFC 9309, 2.2.1)."""
        match = _PRODUCT.match(self.user_agent)
        return match[0].lower() if match else "tocsin"

    def cap(self, kind: Kind) -> int:
        """The cap on decoded bytes of a body of this kind."""
        return {Kind.FEED: self.feed_cap, Kind.PAGE: self.page_cap, Kind.ROBOTS: self.robots_cap}[kind]
