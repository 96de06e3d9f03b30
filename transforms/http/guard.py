"""The private-address guard: which addresses no byte is sent to, and the exceptions that a user makes.

The decision is `refused`, on the address that is really connected to (the client asks it for every socket it
opens). What a URL spells out is judged before that by `target.parse_target`.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from transforms.http.hosts import normalise_host

_REFUSED_V4: Final = tuple(
    (ipaddress.IPv4Network(net), name)
    for net, name in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private (RFC 1918)"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private (RFC 1918)"),
        ("192.0.0.0/24", "IETF protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private (RFC 1918)"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_REFUSED_V6: Final = tuple(
    (ipaddress.IPv6Network(net), name)
    for net, name in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::ffff:0:0/96", "IPv4-mapped"),
        ("::ffff:0:0:0/96", "IPv4-translated"),
        ("::/96", "IPv4-compatible"),
        ("64:ff9b::/96", "NAT64"),
        ("64:ff9b:1::/48", "local NAT64"),
        ("100::/64", "discard only"),
        ("2001::/32", "Teredo"),
        ("2001::/23", "IETF protocol assignments"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("3fff::/20", "documentation"),
        ("5f00::/16", "segment routing"),
        ("fc00::/7", "unique local"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")


@lru_cache(maxsize=4096)
def refused(address: str) -> str | None:
    """Why no connection to this IP address may be made, or None where it may.

    Whatever is not an address in its usual spelling is refused too: the system would read `127.1` as one.
    The nets are those of the IANA special-purpose registries, RFC 4291 and RFC 3879. They are listed, not
    asked of `ipaddress.is_global`, whose answers differ by Python version and miss NAT64, 6to4, site-local,
    IPv4-compatible and multicast addresses.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "not an IP address in its usual spelling"
    if isinstance(parsed, ipaddress.IPv4Address):
        return next((name for net, name in _REFUSED_V4 if parsed in net), None)
    if parsed.scope_id is not None:
        return "scoped to one of this machine's interfaces"
    named = next((name for net, name in _REFUSED_V6 if parsed in net), None)
    return named or (None if parsed in _GLOBAL_UNICAST else "not global unicast")


@dataclass(frozen=True, slots=True)
class Exemption:
    """An exception to the guard: a host (any port where `port` is None), or a net of addresses."""

    host: str | None
    port: int | None
    net: ipaddress.IPv4Network | ipaddress.IPv6Network | None


def parse_allow_host(text: str) -> Exemption:
    """The exception that `HOST`, `HOST:PORT`, `[IPV6]`, `[IPV6]:PORT` or a CIDR net such as `10.1.0.0/16` makes.

    A host is exempt where a URL names exactly this host; a net is exempt whatever name led to its addresses.
    Raises ValueError, with a sentence that says what is wrong, for anything else.
    """
    value = text.strip()
    if "/" in value:
        try:
            return Exemption(None, None, ipaddress.ip_network(value))
        except ValueError as error:
            raise ValueError(
                f"{text!r} is no host and no net: {error} (a net looks like 10.1.0.0/16; a URL is not accepted)"
            ) from None
    host, port = _split_port(value, text)
    try:
        return Exemption(normalise_host(host), port, None)
    except ValueError as error:
        raise ValueError(f"{text!r} names no host: {error}") from None


def _split_port(value: str, text: str) -> tuple[str, int | None]:
    if value.startswith("[") and "]" in value:
        host, _, rest = value[1:].partition("]")
        if rest and not rest.startswith(":"):
            raise ValueError(f"{text!r} has {rest!r} after the address; write [IPV6]:PORT")
        digits = rest[1:] if rest else None
    elif value.count(":") > 1:
        return value, None
    else:
        host, colon, digits = value.partition(":")
        digits = digits if colon else None
    if digits is None:
        return host, None
    if not (digits.isascii() and digits.isdigit() and 0 < int(digits) < 65536):
        raise ValueError(f"{text!r} has no port from 1 to 65535 after its colon")
    return host, int(digits)


@dataclass(frozen=True, slots=True)
class AllowList:
    """The exceptions to the guard."""

    exemptions: tuple[Exemption, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "AllowList":
        """Read the exceptions; raises ValueError as `parse_allow_host` does."""
        return cls(tuple(parse_allow_host(text) for text in texts))

    def exempts_host(self, host: str, port: int) -> bool:
        """Whether a URL of this host and port may lead to any address."""
        return any(e.host == host and e.port in (None, port) for e in self.exemptions)

    def exempts_address(self, address: str) -> bool:
        """Whether this address may be connected to whatever name led to it."""
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(e.net is not None and parsed in e.net for e in self.exemptions)
