"""A URL as it is asked for: checked, in one spelling of its host, without user information or fragment."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from yarl import URL

from schemas.dead_letters import Reason
from transforms.http.errors import FetchError
from transforms.http.guard import AllowList, refused
from transforms.http.hosts import is_address, is_local_name, normalise_host

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_STRAY_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_RFC3986: Final = ":/?#[]@!$&'()*+,;=-._~%"
_AS_IT_IS: Final = re.compile(r"(?:[A-Za-z0-9:/?#\[\]@!$&'()*+,;=\-._~]|%[0-9A-Fa-f]{2})+")
_BACKSLASH_IN_AUTHORITY: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:[/\\]*|[/\\]{2})[^/?#]*\\|/?\\")
_LONGEST_URL: Final = 8000
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes: `text` is the URL as a string, `gate` is the key of the host's gate: the host, with its port if that is not the default."""

    url: URL
    text: str
    host: str
    port: int
    gate: str

    @property
    def authority(self) -> str:
        """Scheme, host and port: what a robots.txt is valid for."""
        return f"{self.url.scheme}://{self.gate}"


def parse_target(text: str, allow: AllowList, base: URL | None = None) -> Target:
    """The target that a URL names, or that a redirect's Location names, seen from `base`.

    What is percent-encoded stays so: the path and query are sent as they are written, but for characters that
    no URL may have. User information is dropped. Raises FetchError: bad_url for what can't be fetched over
    HTTP (bad_redirect where `base` is given), private_address for a host that spells out an address that the
    guard refuses.
    """
    try:
        url = _parsed(text, base)
        host = normalise_host(url.raw_host or "")
    except ValueError as error:
        raise FetchError(_bad(base), _sentence(error), url=text) from None
    port = url.port or 0
    if port == 0:
        raise FetchError(_bad(base), "port 0 can't be connected to", url=text)
    _guard(host, port, allow, text)
    clean = url if url.raw_user is None and url.raw_password is None else url.with_user(None)
    if clean.raw_host != host:
        clean = clean.with_host(host)
    default = port == _DEFAULT_PORTS[clean.scheme]
    shown = f"[{host}]" if ":" in host else host
    return Target(clean, str(clean), host, port, shown if default else f"{shown}:{port}")


def _parsed(text: str, base: URL | None) -> URL:
    stripped = text.strip(" \t\r\n\f")
    if _CONTROL.search(stripped):
        raise ValueError("the URL has control characters")
    if _BACKSLASH_IN_AUTHORITY.match(stripped):
        raise ValueError(
            "the URL has a backslash before its path, which readers of URLs take in different ways"
        )
    if len(stripped) > _LONGEST_URL:
        raise ValueError(f"the URL is longer than {_LONGEST_URL} characters")
    if not _AS_IT_IS.fullmatch(stripped):
        # A header's bytes that are not UTF-8 reach us as lone surrogates: they are sent as the bytes they were.
        raw = _STRAY_PERCENT.sub("%25", stripped).encode("utf-8", "surrogateescape")
        stripped = quote(raw, safe=_RFC3986)
    url = URL(stripped.partition("#")[0], encoded=True)
    if base is not None and (url.scheme or stripped.startswith("//")) and not url.raw_host:
        raise ValueError("the redirect names no host")
    if base is not None:
        url = base.join(url)
    if url.scheme not in _DEFAULT_PORTS:
        raise ValueError(f"only http and https are fetched, not {url.scheme or 'a URL without a scheme'}")
    if not url.raw_host:
        raise ValueError("the URL has no host")
    return url


def _guard(host: str, port: int, allow: AllowList, text: str) -> None:
    if allow.exempts_host(host, port):
        return
    if is_address(host) and (why := refused(host)) and not allow.exempts_address(host):
        raise FetchError(Reason.PRIVATE_ADDRESS, f"{host} is {why}", url=text)
    if is_local_name(host) and not any(exemption.net for exemption in allow.exemptions):
        raise FetchError(Reason.PRIVATE_ADDRESS, f"{host} is a name for loopback", url=text)


def _bad(base: URL | None) -> Reason:
    return Reason.BAD_URL if base is None else Reason.BAD_REDIRECT


def _sentence(error: ValueError) -> str:
    if isinstance(error, UnicodeError):
        return "the URL has characters that no encoding has"
    return str(error)
