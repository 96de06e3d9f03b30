"""Polls a second of `crawl` beside a bare aiohttp loop, both one request at a time to a host.

Loopback hosts 127.0.x.y answer every feed with 304. The server runs in a process of its own; both clients run
in this one, in turns, so that they share whatever else the machine does. Run it on Linux, where all of
127.0.0.0/8 is loopback, with

    python tests/bench/polling.py [--feeds 10000] [--hosts 500] [--rounds 3]
"""

import argparse
import asyncio
import multiprocessing
import sys
import time
from multiprocessing.connection import Connection

import aiohttp

from transforms.http.client import Client
from transforms.http.crawl import Job, crawl
from transforms.http.loop import BackgroundLoop
from transforms.http.response import Kind, Response
from transforms.http.settings import HttpSettings

NOT_MODIFIED = b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n'
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
CONDITIONS = {"If-None-Match": '"x"', "If-Modified-Since": "Sat, 01 Jan 2022 00:00:00 GMT"}
PORT_TRIES = 20


class NotModified(asyncio.Protocol):
    """Answers each request with 304, robots.txt with 404."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.head = b""

    def data_received(self, data: bytes) -> None:
        self.head += data
        while b"\r\n\r\n" in self.head:
            request, _, self.head = self.head.partition(b"\r\n\r\n")
            self.transport.write(NOT_FOUND if request.startswith(b"GET /robots.txt") else NOT_MODIFIED)


def serve(pipe: Connection) -> None:
    """Listen on one port of all loopback addresses until the pipe closes."""

    async def listen() -> None:
        server = await asyncio.get_running_loop().create_server(NotModified, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        everywhere = await asyncio.get_running_loop().create_server(
            NotModified, "0.0.0.0", port, backlog=2048
        )
        pipe.send(port)
        await asyncio.to_thread(pipe.poll, None)
        everywhere.close()

    BackgroundLoop().close()  # raises the limit of open files
    asyncio.run(listen())


def feeds_by_host(feeds: int, hosts: int, port: int) -> list[list[str]]:
    """The feeds' URLs, host by host."""
    names = [f"127.0.{1 + number // 250}.{1 + number % 250}:{port}" for number in range(hosts)]
    return [[f"http://{name}/feed/{n}" for n in range(feeds // hosts)] for name in names]


async def poll_bare(by_host: list[list[str]]) -> int:
    """What one would write without tocsin: a task per host, a GET after the other."""

    async def poll(session: aiohttp.ClientSession, urls: list[str]) -> int:
        answered = 0
        for url in urls:
            async with session.get(url, headers=CONDITIONS) as response:
                await response.read()
                answered += response.status == 304
        return answered

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=30)) as session:
        return sum(await asyncio.gather(*(poll(session, urls) for urls in by_host)))


def poll_with_crawl(loop: BackgroundLoop, by_host: list[list[str]]) -> int:
    """The same by tocsin's client: guard, gate, deadlines, robots.txt for Crawl-delay, bounded results."""
    settings = HttpSettings("tocsin/bench", host_delay=0.0, allow_hosts=("127.0.0.0/8",))

    async def entered() -> Client:
        return await Client(settings).__aenter__()

    client = loop.run(entered())
    jobs = [Job(url, url, Kind.FEED, CONDITIONS) for urls in by_host for url in urls]
    answered = sum(
        isinstance(result, Response) and result.status == 304 for _, result in crawl(client, jobs, loop=loop)
    )
    loop.run(client.__aexit__(None, None, None))
    return answered


def report(line: str) -> None:
    """Show a line of the result."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Print polls a second of both, and their ratio, round by round."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--feeds", type=int, default=10_000)
    parser.add_argument("--hosts", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    by_host = feeds_by_host(options.feeds, options.hosts, ours.recv())
    feeds = sum(map(len, by_host))
    loop = BackgroundLoop()
    ratios = []
    for number in range(options.rounds):
        begun = time.perf_counter()
        bare = loop.run(poll_bare(by_host))
        between = time.perf_counter()
        crawled = poll_with_crawl(loop, by_host)
        ended = time.perf_counter()
        if bare != feeds or crawled != feeds:
            raise SystemExit(f"{feeds} feeds, but {bare} and {crawled} answered")
        rates = feeds / (between - begun), feeds / (ended - between)
        ratios.append(rates[1] / rates[0])
        report(f"round {number + 1}: bare {rates[0]:.0f}/s, crawl {rates[1]:.0f}/s, ratio {ratios[-1]:.2f}")
    loop.close()
    ours.close()
    server.terminate()
    report(f"ratio of the median round: {sorted(ratios)[len(ratios) // 2]:.2f} (at least 0.60 is asked)")


if __name__ == "__main__":
    main()
