"""A hostile server on raw sockets, and clients that may reach it under names of the tests' own."""

import asyncio
import contextlib
import dataclasses
import ssl
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from typing import Any, Self

import pytest

from transforms.http.client import Client
from transforms.http.errors import FetchError
from transforms.http.loop import BackgroundLoop
from transforms.http.response import Kind
from transforms.http.settings import HttpSettings


@dataclasses.dataclass
class Received:
    """A request as the server saw it; `began` and `ended` are monotonic seconds, `to` the address asked."""

    method: str
    path: str
    headers: dict[str, str]
    began: float
    to: str = ""
    ended: float = float("nan")

    @property
    def host(self) -> str:
        return self.headers.get("host", "")


Answer = bytes | Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


def reply(
    status: int = 200,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    *,
    length: int | None = None,
    raw_headers: bytes = b"",
) -> bytes:
    """The bytes of a response; `length` is what Content-Length claims."""
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body) if length is None else length}"]
    head += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(head).encode("latin-1") + b"\r\n" + raw_headers + b"\r\n" + body


class HostileServer:
    """Answers each path with bytes, or hands the socket to a function. Unknown paths are 404.

    A key with a host, `name/path`, goes before one of the path alone.
    """

    def __init__(
        self,
        answers: Mapping[str, Answer] | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.answers: dict[str, Answer] = dict(answers or {})
        self.received: list[Received] = []
        self.connections = 0
        self.port = 0
        self.host = host
        self._tls = tls

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self.host, 0, ssl=self._tls, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]
        self._tasks: set[asyncio.Task[Any]] = set()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for _ in range(2):  # transports end in a callback of their own
            await asyncio.sleep(0)

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.received]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
                while not writer.is_closing():
                    await self._one(await reader.readuntil(b"\r\n\r\n"), writer)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _one(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        first, *lines = head.decode("latin-1").strip().split("\r\n")
        method, path, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        request = Received(method, path, headers, time.monotonic(), writer.get_extra_info("sockname")[0])
        self.received.append(request)
        bare = path.partition("?")[0]
        answer = self.answers.get(f"{request.host}{bare}", self.answers.get(bare, reply(404)))
        if isinstance(answer, bytes):
            writer.write(answer)
            await writer.drain()
        else:
            await answer(request, writer)
        request.ended = time.monotonic()


class ScriptedResolver:
    """Answers for each name from a list, the last answer again and again; each answer is a list of addresses.

    The port is the one given, whatever the URL says.
    """

    def __init__(self, names: Mapping[str, list[list[str]]], port: int) -> None:
        self.names = {name: list(answers) for name, answers in names.items()}
        self.port = port
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[dict[str, Any]]:  # noqa: ARG002 - aiohttp's signature
        self.asked.append(host)
        if host not in self.names:
            raise OSError(-2, "Name or service not known")
        answers = self.names[host]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            {
                "hostname": host,
                "host": a,
                "port": self.port,
                "family": 10 if ":" in a else 2,
                "proto": 6,
                "flags": 4,
            }
            for a in addresses
        ]

    async def close(self) -> None:
        pass


def make_client(
    server: HostileServer | None = None, names: tuple[str, ...] = ("site.test", "other.test"), **kwargs: Any
) -> Client:
    """A client without delay for which the names lead to the server; settings and client options by keyword."""
    options = {key: kwargs.pop(key) for key in ("resolver", "ssl_context", "gate", "clock") if key in kwargs}
    settings: dict[str, Any] = {
        "host_delay": 0.0,
        "request_timeout": 5.0,
        "retry_delay": 0.01,
        "allow_hosts": names,
    }
    if server is not None:
        settings["static_hosts"] = tuple((name, server.host, server.port) for name in names)
    return Client(HttpSettings("tocsin/test (+https://tocsin.test)", **{**settings, **kwargs}), **options)


async def refusal(client: Client, url: str, kind: Kind = Kind.FEED, **options: Any) -> FetchError:
    """The error with which a fetch must fail."""
    with pytest.raises(FetchError) as caught:
        await client.fetch(url, kind=kind, **options)
    return caught.value


async def stall(_request: Received, _writer: asyncio.StreamWriter) -> None:
    """An answer that doesn't come."""
    await asyncio.sleep(60)


def play(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a scenario on a loop of its own, for half a minute at most."""
    asyncio.run(asyncio.wait_for(scenario(), 30))


@pytest.fixture(scope="session")
def http() -> Any:
    """The tools of these tests: HostileServer, ScriptedResolver, reply, make_client, play, refusal, stall."""

    class Tools:
        Server = HostileServer
        Resolver = ScriptedResolver
        reply = staticmethod(reply)
        client = staticmethod(make_client)
        play = staticmethod(play)
        refusal = staticmethod(refusal)
        stall = staticmethod(stall)

    return Tools


class Background:
    """A background loop on which servers and clients live while the test's own thread is synchronous."""

    def __init__(self) -> None:
        self.loop = BackgroundLoop(name="test-http")
        self._stack = contextlib.AsyncExitStack()

    def enter(self, manager: Any) -> Any:
        return self.loop.run(self._stack.enter_async_context(manager))

    def close(self) -> None:
        self.loop.run(self._stack.aclose())
        self.loop.close()


@pytest.fixture
def background() -> Iterator[Background]:
    made = Background()
    yield made
    made.close()
