"""Many hosts of many pages at once: is each treated politely, and does the run last no longer than it must?

Loopback hosts 127.0.x.y answer each page after a latency and note when each request began and ended. From these
notes, not from the client's, follows whether a host ever saw two requests at once or a gap below the delay. The
run's time is set beside the slowest host's own schedule: its latencies and pauses one after another. Run it on
Linux, where all of 127.0.0.0/8 is loopback, with

    python tests/bench/politeness.py [--hosts 500] [--pages 20] [--delay 1.0] [--latency 0.05]
"""

import argparse
import asyncio
import itertools
import multiprocessing
import sys
import time
from collections import defaultdict
from multiprocessing.connection import Connection

from transforms.http.client import Client
from transforms.http.crawl import Job, crawl
from transforms.http.loop import BackgroundLoop
from transforms.http.response import Kind, Response
from transforms.http.settings import HttpSettings

PAGE = b"<html><body><p>" + b"A page of some length. " * 2000 + b"</p></body></html>"
FOUND = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%b" % (len(PAGE), PAGE)
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"

Notes = dict[str, list[tuple[float, float]]]


def serve(pipe: Connection, latency: float) -> None:
    """Answer on all loopback addresses until told to stop; then send the notes."""
    notes: Notes = defaultdict(list)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = writer.get_extra_info("sockname")[0]
        try:
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                began = time.monotonic()
                await asyncio.sleep(latency)
                writer.write(NOT_FOUND if request.startswith(b"GET /robots.txt") else FOUND)
                # The answer is handed over here: a server that is scheduled late after it must not count against us.
                notes[host].append((began, time.monotonic()))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def listen() -> None:
        server = await asyncio.start_server(answer, "0.0.0.0", 0, backlog=2048)
        pipe.send(server.sockets[0].getsockname()[1])
        await asyncio.to_thread(pipe.recv)
        server.close()

    BackgroundLoop().close()  # raises the limit of open files
    asyncio.run(listen())
    pipe.send(dict(notes))


def judge(notes: Notes, delay: float) -> tuple[int, float]:
    """How many pairs of a host's requests overlapped or came too soon, and the smallest gap between two."""
    gaps = [
        after[0] - before[1]
        for requests in notes.values()
        for before, after in itertools.pairwise(sorted(requests))
    ]
    return sum(gap < delay for gap in gaps), min(gaps)


def report(line: str) -> None:
    """Show a line of the result."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Print what the server saw, and the run's time beside the slowest host's schedule."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hosts", type=int, default=500)
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--delay", type=float, default=1.0)
    parser.add_argument("--latency", type=float, default=0.05)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(theirs, options.latency), daemon=True)
    server.start()
    port = ours.recv()
    names = [f"127.0.{1 + number // 250}.{1 + number % 250}" for number in range(options.hosts)]
    jobs = [
        Job(name, f"http://{name}:{port}/{page}", Kind.PAGE)
        for page in range(options.pages)
        for name in names
    ]
    loop = BackgroundLoop()
    settings = HttpSettings("tocsin/bench", host_delay=options.delay, allow_hosts=("127.0.0.0/8",))

    async def entered() -> Client:
        return await Client(settings).__aenter__()

    client = loop.run(entered())
    begun = time.monotonic()
    fetched = sum(isinstance(result, Response) for _, result in crawl(client, jobs, loop=loop))
    took = time.monotonic() - begun
    loop.run(client.__aexit__(None, None, None))
    ours.send("stop")
    notes: Notes = ours.recv()
    server.join(5)
    loop.close()
    requests = options.pages + 1
    schedule = requests * options.latency + (requests - 1) * options.delay
    rude, smallest = judge(notes, options.delay)
    report(
        f"{fetched} of {len(jobs)} pages from {len(notes)} hosts, {sum(map(len, notes.values()))} requests"
    )
    report(f"impolite pairs {rude}, smallest gap {smallest:.3f} s where {options.delay:.3f} s is asked")
    report(
        f"took {took:.1f} s, a host's schedule {schedule:.1f} s: {took / schedule:.2f} (at most 1.30 is asked)"
    )


if __name__ == "__main__":
    main()
