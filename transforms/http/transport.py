"""One request and its response over aiohttp: guard at connect time, deadlines, bounded decoding, no redirects."""

import errno
import re
import socket
import ssl
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from multidict import CIMultiDictProxy

from schemas.dead_letters import Reason
from transforms.http.bodies import NO_BODY, Body, BodyReader
from transforms.http.decoding import EncodingError
from transforms.http.errors import Deferred, FetchError
from transforms.http.guard import AllowList, refused
from transforms.http.idle import IdleConnections
from transforms.http.patience import Patience, Watch
from transforms.http.resolving import FixedNames
from transforms.http.settings import HttpSettings
from transforms.http.target import Target
from transforms.http.tls import default_context

_READ: Final = 64 * 1024
_KEEP_ALIVE: Final = 15.0
_LONGEST_HEADER: Final = 16 * 1024


class Exchange(NamedTuple):
    """A response before anything is made of it."""

    status: int
    headers: CIMultiDictProxy[str]
    body: Body


@dataclass(slots=True)
class _Connecting:
    """What is known while a connection is made: for whom, until when, and what the guard decided."""

    exempt: bool
    allow: AllowList
    patience: Patience
    connected: bool = False
    refused: list[str] = field(default_factory=list)
    tried: int = 0


_CONNECTING: ContextVar[_Connecting | None] = ContextVar("connecting", default=None)


class _RefusedError(OSError):
    pass


class _BrokenError(aiohttp.ClientError):
    """A connection that broke. Not one of the errors after which aiohttp itself sends the request again."""


def _guarded_socket(address_info: tuple[Any, ...]) -> socket.socket:
    """The guard at the one place that every connection passes, with the address that is connected to."""
    family, kind, proto, _, address = address_info
    connecting = _CONNECTING.get()
    if connecting is None:
        raise _RefusedError(errno.EACCES, "a connection that no request asked for")
    host = str(address[0])
    if not (connecting.exempt or connecting.allow.exempts_address(host)) and (why := refused(host)):
        connecting.refused.append(f"{host} is {why}")
        raise _RefusedError(errno.EACCES, f"{host} is {why}")
    connecting.tried += 1
    return socket.socket(family=family, type=kind, proto=proto)


class _Connector(aiohttp.TCPConnector):
    """Knows the request for which it makes a connection, and makes one only.

    aiohttp would send a request again at once when its connection broke: a retry has to wait for its turn at
    the host's gate. And the wait for a first byte counts from the moment when the connection stands.
    """

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's signature
    ) -> Connection:
        """Give the request a connection, once."""
        connecting = _CONNECTING.get()
        if connecting is None:
            raise _BrokenError("a connection that no request asked for")
        if connecting.connected:
            raise _BrokenError("the server closed the connection")
        connection = await super().connect(req, traces, timeout)
        connecting.connected = True
        if connecting.tried:
            connecting.patience.renew()
        return connection


class Transport:
    """An aiohttp session that asks the guard for every connection, keeps no cookies and ignores the environment."""

    def __init__(
        self,
        settings: HttpSettings,
        *,
        resolver: AbstractResolver | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._settings = settings
        self._idle = IdleConnections(settings.max_idle_connections, _KEEP_ALIVE)
        self._watch = Watch()
        self._bodies = BodyReader(settings.max_large_bodies)
        self._resolver = FixedNames(settings.static_hosts, resolver)
        self._session = aiohttp.ClientSession(
            connector=_Connector(
                socket_factory=_guarded_socket,
                resolver=self._resolver,
                limit=0,
                keepalive_timeout=_KEEP_ALIVE,
                ssl=ssl_context or default_context(),
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            raise_for_status=False,
            read_bufsize=_READ,
            max_line_size=_LONGEST_HEADER,
            max_field_size=_LONGEST_HEADER,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=settings.connect_timeout),
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()
        await self._resolver.close()

    async def exchange(
        self,
        target: Target,
        headers: Mapping[str, str],
        *,
        within: float,
        cap: Callable[[int, CIMultiDictProxy[str]], int],
    ) -> Exchange:
        """Send one GET and read its response.

        `within` is seconds in all; `cap` gives, for a status and headers, how many decoded bytes of the body are read.
        Raises FetchError where no response came, Deferred where this machine can't open a connection.
        """
        settings = self._settings
        is_open, may_stay_open = self._idle.ask(target.gate)
        if not may_stay_open:
            headers = {**headers, "Connection": "close"}
        patience = self._watch.patience(
            within, settings.first_byte_timeout, before=0.0 if is_open else settings.connect_timeout
        )
        exempt = settings.proxy is not None or settings.allow_list.exempts_host(target.host, target.port)
        connecting = _Connecting(exempt, settings.allow_list, patience)
        token = _CONNECTING.set(connecting)
        try:
            with patience:
                async with self._session.get(
                    target.url, headers=headers, allow_redirects=False, proxy=settings.proxy
                ) as response:
                    limit = cap(response.status, response.headers)
                    body = await self._bodies.read(response, limit, patience) if limit > 0 else NO_BODY
                    return Exchange(response.status, response.headers, body)
        except EncodingError as error:
            raise FetchError(Reason.BAD_ENCODING, str(error), url=target.text) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _failure(error, target, connecting) from error
        finally:
            _CONNECTING.reset(token)


_REASONS: Final[tuple[tuple[tuple[type[Exception], ...], Reason, str], ...]] = (
    ((aiohttp.ConnectionTimeoutError,), Reason.TIMEOUT, "no connection within the time allowed"),
    ((TimeoutError,), Reason.TIMEOUT, "the response did not come within the time allowed"),
    ((aiohttp.ClientConnectorDNSError,), Reason.DNS, "the name has no address: {cause}"),
    ((aiohttp.ClientProxyConnectionError,), Reason.CONNECT, "the proxy could not be reached: {cause}"),
    ((aiohttp.ClientHttpProxyError,), Reason.CONNECT, "the proxy refused: {cause}"),
    (
        (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError, ssl.SSLError),
        Reason.TLS,
        "the connection is not to be trusted: {cause}",
    ),
    ((aiohttp.ClientResponseError,), Reason.CONNECT, "the response is no HTTP: {cause}"),
    ((aiohttp.InvalidURL, UnicodeError), Reason.BAD_URL, "the URL can't be asked for: {cause}"),
    ((Exception,), Reason.CONNECT, "the connection failed: {cause}"),
)
"""What aiohttp raises, by its most special class first, as a reason and a sentence."""

_HEADERS_TOO_LARGE: Final = re.compile(r"too long|got more than|too many headers", re.IGNORECASE)


_OUT_OF_SOCKETS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


def _failure(error: Exception, target: Target, connecting: _Connecting) -> FetchError | Deferred:
    url = target.text
    if isinstance(error, OSError) and error.errno in _OUT_OF_SOCKETS:
        return Deferred(f"this machine can open no more connections: {error.strerror}", url=url)
    if connecting.refused and not connecting.tried:
        return FetchError(Reason.PRIVATE_ADDRESS, "; ".join(connecting.refused), url=url)
    if isinstance(error, aiohttp.ClientResponseError) and _HEADERS_TOO_LARGE.search(error.message):
        return FetchError(Reason.TOO_LARGE, "the response's headers are larger than allowed", url=url)
    reason, sentence = next((r, s) for kinds, r, s in _REASONS if isinstance(error, kinds))
    return FetchError(reason, sentence.format(cause=_cause(error)), url=url)


def _cause(error: Exception) -> str:
    """The innermost words for an error, without the URL that aiohttp puts around them."""
    inner = getattr(error, "os_error", None) or getattr(error, "certificate_error", None) or error
    if isinstance(inner, aiohttp.ClientResponseError):
        return f"status {inner.status}, {' '.join(inner.message.split())[:200]}"
    return (str(inner) or type(inner).__name__)[:300]
