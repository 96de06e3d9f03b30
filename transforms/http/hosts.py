"""Host names in one spelling: IDN as punycode, IP addresses as the system reads them in their usual form."""

import ipaddress
import re
from typing import Final
from urllib.parse import unquote_to_bytes

import idna

_NAME: Final = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_NUMBER: Final = re.compile(r"0x[0-9a-f]*|[0-9]+")
_LONGEST_NAME: Final = 253
_LONGEST_LABEL: Final = 63


class HostError(ValueError):
    """A host that no request can be sent to, with the reason as its text."""


def normalise_host(host: str) -> str:
    """The host in the one spelling by which it is compared, asked for and connected to.

    Percent-encoding is undone, letters are lowered and mapped by UTS 46 (so full-width digits become digits),
    IDN becomes punycode, one trailing dot goes, and IPv4 addresses in decimal, octal, hexadecimal or shortened
    form become four decimal numbers as in the WHATWG URL standard. IPv6 addresses come without brackets.
    Raises HostError where there is no such spelling: bad IDN, characters that no host has, zone identifiers.
    """
    text = _percent_decoded(host)
    if ":" in text:
        return _ipv6(text)
    name = _ascii_name(text).removesuffix(".")
    if not name:
        raise HostError("the host is empty")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _ipv4(labels, name)
    if not _NAME.fullmatch(name):
        raise HostError(f"{name!r} has characters that no host name has, or an empty label")
    if len(name) > _LONGEST_NAME or max(map(len, labels)) > _LONGEST_LABEL:
        raise HostError("the host name is longer than DNS allows")
    for label in labels:
        _check_punycode(label)
    return name


def is_local_name(host: str) -> bool:
    """Whether a normalised host is localhost or below it, which RFC 6761 ties to loopback."""
    return host == "localhost" or host.endswith(".localhost")


def is_address(host: str) -> bool:
    """Whether a normalised host is an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _percent_decoded(host: str) -> str:
    try:
        return unquote_to_bytes(host).decode("utf-8") if "%" in host else host
    except UnicodeError:
        raise HostError("the host's percent-encoding is not UTF-8") from None


def _ascii_name(text: str) -> str:
    if text.isascii():
        return text.lower()
    try:
        mapped = idna.uts46_remap(text, std3_rules=False, transitional=False)
        return mapped.lower() if mapped.isascii() else idna.encode(mapped).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise HostError(f"the internationalised name is not valid: {error}") from None


def _check_punycode(label: str) -> None:
    if not label.startswith("xn--"):
        return
    try:
        decoded = label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError):
        decoded = ""
    if not decoded or decoded.isascii():
        raise HostError(f"{label!r} is no punycode")


def _ipv6(text: str) -> str:
    if "%" in text:
        raise HostError("the address has a zone identifier, which means one of this machine's interfaces")
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        raise HostError(f"{text!r} is no IPv6 address") from None


def _ipv4(labels: list[str], name: str) -> str:
    """IPv4 as inet_aton and the WHATWG URL standard read it: 1 to 4 numbers, the last fills the rest."""
    numbers = [_number(label) for label in labels]
    if len(numbers) > 4 or any(number is None for number in numbers):
        raise HostError(f"{name!r} ends in a number but is no IPv4 address")
    *heads, last = (number or 0 for number in numbers)
    if any(head > 255 for head in heads) or last >= 256 ** (4 - len(heads)):
        raise HostError(f"{name!r} is no IPv4 address: a number is too large")
    return str(ipaddress.IPv4Address(last + sum(head << 8 * (3 - i) for i, head in enumerate(heads))))


def _number(label: str) -> int | None:
    try:
        if label.startswith("0x"):
            return int(label[2:] or "0", 16)
        if len(label) > 1 and label.startswith("0"):
            return int(label[1:], 8)
        return int(label) if label.isascii() and label.isdigit() else None
    except ValueError:
        return None
