"""One request and its response over aiohttp: guard at connect time, deadlines, bounded decoding, no redirects."""

import asyncio
import contextlib
import errno
import re
import socket
import ssl
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver
from multidict import CIMultiDictProxy

from schemas.dead_letters import Reason
from transforms.http.decoding import EncodingError, decoder_for
from transforms.http.errors import FetchError
from transforms.http.guard import AllowList, refused
from transforms.http.idle import IdleConnections
from transforms.http.resolving import FixedNames
from transforms.http.settings import HttpSettings
from transforms.http.target import Target
from transforms.http.tls import verifying_context

_READ: Final = 64 * 1024
_KEEP_ALIVE: Final = 15.0
_LONGEST_HEADER: Final = 16 * 1024
_WIRE_SLACK: Final = 1024 * 1024
"""Encoded bytes beyond the cap on decoded ones: streams that decode to nothing end too."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A response before anything is made of it. `incomplete`: the connection ended before the body did."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes
    truncated: bool
    incomplete: bool


@dataclass(slots=True)
class _Connecting:
    """What the guard knows while a connection is made: for whom, and what it decided."""

    exempt: bool
    allow: AllowList
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


async def _no_second_request(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a request again at once: retries wait for their turn at the host's gate."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _BrokenError(str(error) or "the server closed the connection") from error


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
        self._resolver = FixedNames(settings.static_hosts, resolver)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                socket_factory=_guarded_socket,
                resolver=self._resolver,
                limit=0,
                keepalive_timeout=_KEEP_ALIVE,
                ssl=ssl_context or verifying_context(),
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            raise_for_status=False,
            read_bufsize=_READ,
            max_line_size=_LONGEST_HEADER,
            max_field_size=_LONGEST_HEADER,
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=settings.connect_timeout, sock_read=settings.first_byte_timeout
            ),
            middlewares=(_no_second_request,),
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()
        await self._resolver.close()

    async def exchange(
        self, target: Target, headers: Mapping[str, str], *, within: float, cap: Callable[[int], int]
    ) -> Exchange:
        """Send one GET and read its response.

        `within` is seconds in all; `cap` gives, for a status, how many decoded bytes of the body are read.
        Raises FetchError where no response came.
        """
        connecting = _Connecting(
            exempt=bool(self._settings.proxy)
            or self._settings.allow_list.exempts_host(target.host, target.port),
            allow=self._settings.allow_list,
        )
        token = _CONNECTING.set(connecting)
        sent = {**headers, "Connection": "keep-alive" if self._idle.may_keep(target.gate) else "close"}
        try:
            async with (
                asyncio.timeout(within),
                self._session.get(
                    target.url, headers=sent, allow_redirects=False, proxy=self._settings.proxy
                ) as response,
            ):
                return await _read(response, cap(response.status))
        except EncodingError as error:
            raise FetchError(Reason.BAD_ENCODING, str(error), url=str(target.url)) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _failure(error, target, connecting) from error
        finally:
            _CONNECTING.reset(token)


async def _read(response: aiohttp.ClientResponse, cap: int) -> Exchange:
    """The body up to `cap` decoded bytes. Leaving the response before its end closes the connection."""
    if cap <= 0:
        return Exchange(response.status, response.headers, b"", truncated=False, incomplete=False)
    decoder = decoder_for(response.headers.getall("Content-Encoding", []))
    body = bytearray()
    wire = 0
    incomplete = False
    with contextlib.suppress(aiohttp.EofStream):
        try:
            async for data in response.content.iter_any():
                wire += len(data)
                for piece in decoder.feed(data):
                    body += piece
                    if len(body) > cap:
                        break
                if len(body) > cap or wire > cap + _WIRE_SLACK:
                    response.close()
                    del body[cap:]
                    return Exchange(
                        response.status, response.headers, bytes(body), truncated=True, incomplete=False
                    )
        except (aiohttp.ClientPayloadError, aiohttp.ClientOSError, ConnectionResetError) as error:
            if _was_reset(error):
                raise
            incomplete = True
    if not incomplete:
        decoder.finish()
    return Exchange(response.status, response.headers, bytes(body), truncated=False, incomplete=incomplete)


def _was_reset(error: BaseException | None) -> bool:
    """Whether a body ended by a reset rather than by an orderly close before its announced end."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError) or "Reset" in repr(error):
            return True
        error = error.__cause__
    return False


_REASONS: Final[tuple[tuple[tuple[type[Exception], ...], Reason, str], ...]] = (
    ((aiohttp.ConnectionTimeoutError,), Reason.TIMEOUT, "no connection within the time allowed"),
    ((aiohttp.SocketTimeoutError,), Reason.TIMEOUT, "the server sent nothing within the time allowed"),
    ((TimeoutError,), Reason.TIMEOUT, "the response was not complete within the time allowed"),
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


def _failure(error: Exception, target: Target, connecting: _Connecting) -> FetchError:
    url = str(target.url)
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
