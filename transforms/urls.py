"""URLs as identities: one spelling for every way to write the same address.

The rules are our own and frozen by test vectors, since an article's id follows from them: a changed rule would
make known articles new. They build on RFC 3986 section 6.2 (syntax-based normalisation), on UTS 46 with IDNA
2008 for host names, and on the WHATWG URL standard for IPv4 spellings. Nothing is dropped but what a server
does not see (the fragment), must not get (user information), or uses only to count clicks (tracking parameters).
"""

import hashlib
import ipaddress
import re
from functools import lru_cache

import idna

from transforms.tracking import is_tracking_parameter

MAX_URL_LENGTH = 8192
"""Characters of a canonical URL; common servers refuse longer request lines."""

_MAX_RAW_LENGTH = 8 * MAX_URL_LENGTH
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PARTS = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):(//)?([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#.*)?", re.DOTALL)
_OUTER = "".join(map(chr, range(0x21))) + "\x7f\x85\xa0\u2028\u2029\u3000\ufeff\u200b"
_BREAKS = str.maketrans("", "", "\t\r\n")
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ASCII_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_\-]{0,61}[a-z0-9_])?")
_IPV4_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")


class BadUrl(ValueError):  # noqa: N818 - named for what it says of the URL, as the dead letters name it
    """The URL cannot be fetched. The message is one sentence that quotes no part that may hold a secret."""


def canonical_url(url: str) -> str:
    """The one spelling of a URL that stands for it everywhere.

    Scheme and host in lower case, host names in punycode, IPv4 addresses dotted, default ports and a trailing
    dot of the host left out, dot segments resolved, an empty path as "/", percent-encoding normalised (RFC 3986
    section 6.2.2), user information, fragment and tracking parameters removed. The order of parameters is kept,
    and so is everything that decides what a server sends. Idempotent.

    Raises:
        BadUrl: if the URL is not an absolute http or https URL, or its host cannot exist.
    """
    return _normalised(url, keep_tracking=False)


def fetchable_url(url: str) -> str:
    """The URL as it is asked for: spelt as by `canonical_url`, but with its tracking parameters kept.

    Raises:
        BadUrl: as `canonical_url`.
    """
    return _normalised(url, keep_tracking=True)


def article_id(canonical: str) -> str:
    """The first 128 bits of the SHA-256 of a canonical URL, as 32 hex digits."""
    return url_key(canonical).hex()


def url_key(canonical: str) -> bytes:
    """The first 128 bits of the SHA-256 of a canonical URL, as 16 bytes."""
    return hashlib.sha256(canonical.encode()).digest()[:16]


def host_of(url: str) -> str:
    """The host of a URL, normalised as in `canonical_url`; an IPv6 address without its brackets.

    Raises:
        BadUrl: as `canonical_url`.
    """
    _, host, _, _, _ = _split(url)
    return host.strip("[]")


def host_bucket(url: str, buckets: int) -> int:
    """The bucket, 0 to `buckets` - 1, that a URL's host and port belong to, on every machine and in every run.

    The http and https of a host are one host, as at the host gate: default ports do not count.

    Raises:
        BadUrl: as `canonical_url`.
    """
    scheme, host, port, _, _ = _split(url)
    place = host if port in (None, _DEFAULT_PORTS[scheme]) else f"{host}:{port}"
    return int.from_bytes(hashlib.sha256(place.encode()).digest()[:8], "big") % buckets


def _normalised(url: str, *, keep_tracking: bool) -> str:
    scheme, host, port, path, query = _split(url)
    path = _without_dot_segments(_percent_normalised(path)) or "/"
    if query:
        fields = _percent_normalised(query).split("&")
        if not keep_tracking:
            fields = [field for field in fields if not is_tracking_parameter(field.partition("=")[0])]
        query = "&".join(fields)
    authority = host if port is None else f"{host}:{port}"
    normalised = f"{scheme}://{authority}{path}" + (f"?{query}" if query else "")
    if len(normalised) > MAX_URL_LENGTH:
        raise BadUrl(f"the URL is longer than {MAX_URL_LENGTH} characters")
    return normalised


def _split(url: str) -> tuple[str, str, int | None, str, str]:
    """Scheme, normalised host, port (None if default), raw path and raw query of a URL."""
    if len(url) > _MAX_RAW_LENGTH:
        raise BadUrl(f"the URL is longer than {_MAX_RAW_LENGTH} characters")
    url = url.strip(_OUTER).translate(_BREAKS)
    if not url:
        raise BadUrl("the URL is empty")
    if _FORBIDDEN.search(url):
        raise BadUrl("the URL has control characters or lone surrogates in it")
    match = _PARTS.fullmatch(url)
    if match is None:
        raise BadUrl("the URL has no scheme; write it with http:// or https:// in front")
    scheme, slashes, authority, path, query = match.groups()
    scheme = scheme.lower()
    if scheme not in _DEFAULT_PORTS:
        raise BadUrl(f"the URL has the scheme {scheme[:20]}; only http and https are fetched")
    if not slashes:
        raise BadUrl("the URL has no // after its scheme")
    if "\\" in authority:
        raise BadUrl("the URL has a backslash in its host")
    host_and_port = authority.rpartition("@")[2]
    host, port = _host_and_port(host_and_port)
    if port == _DEFAULT_PORTS[scheme]:
        port = None
    return scheme, _normalised_host(host), port, path, query or ""


def _host_and_port(text: str) -> tuple[str, int | None]:
    end = text.find("]") + 1 if text.startswith("[") else text.find(":")
    if end < 0:
        return text, None
    host, rest = text[:end], text[end:]
    digits = rest[1:]
    if rest and not rest.startswith(":"):
        raise BadUrl("the URL has text between the ] of its address and its port")
    if not digits:
        return host, None
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 20 and 0 < int(digits) < 65536):
        raise BadUrl("the URL has a port that is no number from 1 to 65535")
    return host, int(digits)


@lru_cache(maxsize=4096)
def _normalised_host(host: str) -> str:
    if host.startswith("["):
        return _ipv6(host)
    if "%" in host:
        host = _percent_decoded(host)
    if not host:
        raise BadUrl("the URL has no host")
    if not host.isascii():
        try:
            host = idna.uts46_remap(host, std3_rules=False, transitional=False)
        except (idna.IDNAError, ValueError) as error:
            raise BadUrl(f"the URL's host is no valid international domain name: {error}") from None
    host = host.lower().removesuffix(".")
    labels = [_label(label) for label in host.split(".")]
    name = ".".join(labels)
    if len(name) > 253:
        raise BadUrl("the URL's host is longer than 253 characters")
    if _IPV4_NUMBER.fullmatch(labels[-1]):
        return _ipv4(labels)
    return name


def _label(label: str) -> str:
    """One label of a host name, as DNS asks for it."""
    try:
        if not label.isascii():
            return idna.alabel(label).decode("ascii")
        if label.startswith("xn--"):
            idna.ulabel(label)
    except (idna.IDNAError, ValueError) as error:
        raise BadUrl(f"the URL's host is no valid international domain name: {error}") from None
    if not _ASCII_LABEL.fullmatch(label):
        raise BadUrl("the URL's host has an empty label or characters that no host name has")
    return label


def _ipv4(labels: list[str]) -> str:
    """An IPv4 address in any of the spellings that resolvers take (WHATWG URL standard, IPv4 parser)."""
    if len(labels) > 4:
        raise BadUrl("the URL's host ends in a number but is no IPv4 address")
    numbers = []
    for label in labels:
        if not _IPV4_NUMBER.fullmatch(label) or len(label) > 20:
            raise BadUrl("the URL's host ends in a number but is no IPv4 address")
        octal = label.startswith("0") and not label.startswith("0x") and len(label) > 1
        try:
            numbers.append(
                int(label, 8) if octal else int(label[2:] or "0", 16) if "x" in label else int(label)
            )
        except ValueError:
            raise BadUrl("the URL's host ends in a number but is no IPv4 address") from None
    *heads, tail = numbers
    if any(number > 255 for number in heads) or tail >= 256 ** (5 - len(numbers)):
        raise BadUrl("the URL's host is an IPv4 address out of range")
    value = tail + sum(number << (8 * (3 - place)) for place, number in enumerate(heads))
    return str(ipaddress.IPv4Address(value))


def _ipv6(host: str) -> str:
    inside = host.removeprefix("[").removesuffix("]")
    if "%" in inside or not host.endswith("]"):
        raise BadUrl("the URL's host is no valid IPv6 address (zones are not taken)")
    try:
        return f"[{ipaddress.IPv6Address(inside).compressed}]"
    except ValueError:
        raise BadUrl("the URL's host is no valid IPv6 address (zones are not taken)") from None


def _percent_decoded(host: str) -> str:
    data = re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes.fromhex(found[1].decode()), host.encode())
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise BadUrl("the URL's host has percent-encoded bytes that are no UTF-8") from None


def _percent_normalised(text: str) -> str:
    """Percent-encoding normalised by RFC 3986 section 6.2.2: what need not be encoded is not, the rest is, in capitals."""
    if "%" in text:
        text = _ESCAPE.sub(_normalised_escape, text)
    return _NOT_ALLOWED.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), text)


def _normalised_escape(found: re.Match[str]) -> str:
    if found[1] is None:
        return "%25"
    character = chr(int(found[1], 16))
    return character if character in _UNRESERVED else found[0].upper()


def _without_dot_segments(path: str) -> str:
    """The path with "." and ".." resolved; empty segments stay, as a server may tell them apart."""
    if "." not in path:
        return path
    segments = path.split("/")[1:]
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            if kept:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)
