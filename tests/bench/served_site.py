"""The loopback site that benchmarks run against, in a process of its own: sixteen hosts or more, real pages."""

import asyncio
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import cast

from tests.support.site import Item, Page, rss

HOSTS = 16
NOT_HERE = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n"


def evaluation_data() -> Path:
    """The folder of evaluation data; benchmarks on real pages need it."""
    folder = Path(os.environ.get("TOCSIN_EVAL_DATA", Path(__file__).resolve().parents[3] / "shared" / "eval"))
    if not folder.is_dir():
        sys.exit("this benchmark needs real pages: set TOCSIN_EVAL_DATA to the folder of evaluation data")
    return folder


@contextmanager
def served(pages: int, hosts: int = HOSTS) -> Iterator[list[str]]:
    """Serve so many pages, those of the evaluation data in turn, over the hosts; gives the feeds' URLs."""
    command = [sys.executable, "-m", "tests.bench.served_site", str(pages), str(hosts)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield json.loads(server.stdout.readline())
        finally:
            server.terminate()


class _Answers(asyncio.Protocol):
    """HTTP/1.1 as far as a benchmark needs it: every answer is ready, so that the server takes little of the cores."""

    def __init__(self, answers: dict[bytes, bytes]) -> None:
        self._answers = answers
        self._request = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._request += data
        while b"\r\n\r\n" in self._request:
            head, _, self._request = self._request.partition(b"\r\n\r\n")
            self._transport.write(self._answers.get(head.split(b" ", 2)[1], NOT_HERE))


def _answer(page: Page) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {page.content_type}\r\nContent-Length: {len(page.body)}\r\n\r\n"
    return head.encode() + page.body


async def _serve(pages: int, hosts: int) -> None:
    data = evaluation_data() / "extraction"
    bodies = []
    for corpus in ("fundus", "aeb"):
        with (data / corpus / "pages.jsonl").open(encoding="utf-8") as lines:
            bodies += [
                gzip.decompress((data / corpus / json.loads(line)["html"]).read_bytes()) for line in lines
            ]
    pages_ready = [_answer(Page(body, "text/html")) for body in bodies]
    loop = asyncio.get_running_loop()
    feeds = []
    for host in range(hosts):
        answers: dict[bytes, bytes] = {}
        server = await loop.create_server(partial(_Answers, answers), f"127.0.0.{host + 1}", 0)
        url = "http://{}:{}".format(*server.sockets[0].getsockname())
        numbers = range(host, pages, hosts)
        answers |= {f"/{number}.html".encode(): pages_ready[number % len(bodies)] for number in numbers}
        answers[b"/feed.xml"] = _answer(rss([Item(f"{url}/{number}.html") for number in numbers]))
        feeds.append(f"{url}/feed.xml")
    print(json.dumps(feeds), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2])))
