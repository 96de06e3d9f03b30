"""A whole run over many hosts: is each treated politely, and does the run last no longer than it must?

As `politeness`, but `tocsin run` does the work, from its feed list to its commit: each host lists its pages in a
feed of its own. The run's time is set beside the slowest host's own schedule (feed, robots.txt and pages, each with
its latency, and the pauses between them).
"""

import argparse
import asyncio
import multiprocessing
import sys
import tempfile
import time
from collections import defaultdict
from multiprocessing.connection import Connection
from pathlib import Path

from tests.bench.politeness import Notes, judge, report
from tests.support.runs import holds, manifests, tocsin
from tests.support.site import Item, article_page, rss
from transforms.http.loop import BackgroundLoop

SENTENCES = [
    "The council of the quarter met on Tuesday evening to settle the budget of the works to come."
] * 12


def serve(pipe: Connection, latency: float, pages: int) -> None:
    """Answer on all loopback addresses until told to stop; then send the notes."""
    notes: Notes = defaultdict(list)
    page = article_page("The budget of the quarter", SENTENCES).body

    def body_of(path: str, place: str) -> bytes | None:
        if path == "/robots.txt":
            return None
        if path == "/feed.xml":
            return rss([Item(f"http://{place}/{number}") for number in range(pages)]).body
        return page

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = writer.get_extra_info("sockname")
        try:
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                began = time.monotonic()
                await asyncio.sleep(latency)
                body = body_of(request.split()[1].decode(), f"{host}:{port}")
                status = b"200 OK" if body is not None else b"404 Not Found"
                writer.write(
                    b"HTTP/1.1 %b\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%b"
                    % (status, len(body or b""), body or b"")
                )
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
    server = context.Process(target=serve, args=(theirs, options.latency, options.pages), daemon=True)
    server.start()
    port = ours.recv()
    names = [f"127.0.{1 + number // 250}.{1 + number % 250}" for number in range(options.hosts)]
    with tempfile.TemporaryDirectory() as name:
        feed_list, lake = Path(name) / "feeds.txt", Path(name) / "lake"
        feed_list.write_text("\n".join(f"http://{name}:{port}/feed.xml" for name in names))
        begun = time.monotonic()
        done = tocsin(
            "run", "--feeds", feed_list, "--out", lake, "--host-delay", options.delay, "--allow-host", "127.0.0.0/8",
        )  # fmt: skip
        took = time.monotonic() - begun
        if done.returncode != 0:
            sys.exit(done.stderr)
        (manifest,) = manifests(lake)
    ours.send("stop")
    notes: Notes = ours.recv()
    server.join(5)
    rude, smallest = judge(notes, options.delay)
    requests = max(map(len, notes.values()))
    schedule = requests * options.latency + (requests - 1) * options.delay
    balance = manifest["balance"]
    report(
        f"{balance['articles']} articles of {balance['listed']} entries from {len(notes)} hosts; balance holds: {holds(balance)}"
    )
    report(f"impolite pairs {rude}, smallest gap {smallest:.3f} s where {options.delay:.3f} s is asked")
    report(
        f"took {took:.1f} s, a host's schedule {schedule:.1f} s: {took / schedule:.2f} (at most 1.30 is asked)"
    )


if __name__ == "__main__":
    main()
