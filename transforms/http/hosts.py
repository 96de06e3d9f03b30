"""Hosts as the client compares and connects to them, in the spelling that `transforms.urls` gives all URLs."""

import ipaddress
import re
from functools import lru_cache
from typing import Final

from transforms.urls import host_of

_NO_HOST: Final = re.compile(r"[@/?#\\\[\]\s]")


@lru_cache(maxsize=4096)
def normalise_host(host: str) -> str:
    """A host, without port, in the one spelling by which it is compared, asked for and connected to.

    Letter case, percent-encoding, full-width letters, IDN and the many spellings of IPv4 addresses all end in
    one form (see `urls.canonical_url`); IPv6 addresses come without brackets.
    Raises ValueError, with a sentence, where there is no such spelling.
    """
    if _NO_HOST.search(host):
        raise ValueError("the host has characters that no host name has")
    return host_of(f"http://[{host}]/" if ":" in host else f"http://{host}/")


def is_local_name(host: str) -> bool:
    """Whether a normalised host is localhost or below it, which RFC 6761 ties to loopback."""
    return host == "localhost" or host.endswith(".localhost")


@lru_cache(maxsize=4096)
def is_address(host: str) -> bool:
    """Whether a normalised host is an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
