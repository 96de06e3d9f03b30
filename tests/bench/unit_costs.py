"""What a poll, a page and a key cost of a whole run: processor seconds, bytes stored, and memory at the peak.

    python -m tests.bench.unit_costs [--feeds 1000] [--pages 1270]

`deploy/SCALE.md` multiplies these. Whole runs are made in this process and their processor time is read, so that other
work on the machine counts little; the server is another process. Costs of a page and of a poll are the difference of
a large run and a small one, so that what every run costs once is not among them; that is told apart.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipeline.batch import RunResult, run_batch
from pipeline.options import RunOptions
from tests.bench.served_site import evaluation_data, served
from tests.support.runs import tocsin
from tests.support.site import Item, rss

FEWER = 4
"""The small run is this many times smaller than the large one."""

ENTRIES = 20
FEEDS_A_HOST = 10
TICKS = 100
"""A second of /proc/<pid>/stat, as Linux has it."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor seconds of a run: of the process that drives, fetches and writes, and of its workers."""

    main: float
    workers: float
    result: RunResult


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=1_000)
    parser.add_argument("--pages", type=int, default=1_270)
    parser.add_argument("--serve", type=int, help="serve so many feeds until stdin ends")
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve(arguments.serve))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        of_start(folder)
        of_pages(folder, arguments.pages)
        of_polls(folder, arguments.feeds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    each = max(memory for _, memory in descendants())
    print(f"memory at the peak: {peak:.0f} MB of the main process, {each:.0f} MB of the largest worker")


def of_start(folder: Path) -> None:
    """What a process costs before it has done anything."""
    (folder / "none.txt").write_text("http://127.0.0.1:9/feed.xml\n")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    tocsin("run", "--feeds", folder / "none.txt", "--out", folder / "none", "--workers", 1)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"a run over nothing: {seconds:.1f} CPU s, but for what its forkserver loads beside it")


def of_pages(folder: Path, pages: int) -> None:
    """Fetching, extracting and storing real pages."""
    costs = []
    for number in (pages // FEWER, pages):
        with served(number) as feeds:
            (folder / "pages.txt").write_text("\n".join(feeds))
            costs.append(run(folder / "pages.txt", folder / f"pages{number}"))
    small, large = costs
    entries = [cost.result.manifest.balance.listed for cost in costs]
    more = entries[1] - entries[0]
    print(
        f"a page: {(large.main - small.main) / more * 1e3:.2f} ms of the main process, "
        f"{(large.workers - small.workers) / more * 1e3:.2f} ms of a worker ({entries[1]:,} pages against {entries[0]:,})"
    )
    # The pages of the small run are all different; those of the large one repeat, and so would be packed too well.
    articles = [file for file in small.result.manifest.files if file.table == "articles"]
    rows = sum(file.rows for file in articles)
    print(f"an article: {sum(file.bytes for file in articles) / rows:.0f} bytes of Parquet")
    sizes = [
        (path.stat().st_size, int.from_bytes(path.read_bytes()[-4:], "little"))
        for path in (evaluation_data() / "extraction").rglob("*.gz")
    ]
    wire, plain = (sum(size[at] for size in sizes) / len(sizes) / 1000 for at in (0, 1))
    print(f"a page of the evaluation data: {wire:.0f} KB with gzip, {plain:.0f} KB without")


def of_polls(folder: Path, feeds: int) -> None:
    """Polls that are answered with 304, and with a body of which one entry is new."""
    with serving(feeds) as (urls, turn):
        fewer = urls[: feeds // FEWER]
        lists = {"many": urls, "few": fewer}
        first: dict[str, Cost] = {}
        same: dict[str, Cost] = {}
        changed: dict[str, Cost] = {}
        for name, listed in lists.items():
            (folder / f"{name}.txt").write_text("\n".join(listed))
            first[name] = run(folder / f"{name}.txt", folder / name, pages="never")
            same[name] = run(folder / f"{name}.txt", folder / name, pages="never")
        urllib.request.urlopen(turn, timeout=30).close()
        for name in lists:
            changed[name] = run(folder / f"{name}.txt", folder / name, pages="never")
    more = len(urls) - len(fewer)
    assert same["many"].result.manifest.feeds["not_modified"] == len(urls)
    assert changed["many"].result.manifest.balance.articles == len(urls)
    for said, costs in (
        ("a poll that is answered with 304", same),
        (f"a poll of {ENTRIES} entries, one new, its text from the feed", changed),
        (f"a first poll of {ENTRIES} entries, their text from the feed", first),
    ):
        print(
            f"{said}: {(costs['many'].main - costs['few'].main) / more * 1e3:.2f} ms of the main process, "
            f"{(costs['many'].workers - costs['few'].workers) / more * 1e3:.2f} ms of a worker"
        )
    manifest = changed["many"].result.manifest
    for file in manifest.state:
        print(f"state {file.table}: {file.rows:,} rows, {file.bytes / max(file.rows, 1):.1f} bytes a row")
    fetches = [file for file in manifest.files if file.table == "feed_fetches"]
    print(f"a row of feed_fetches: {sum(f.bytes for f in fetches) / sum(f.rows for f in fetches):.1f} bytes")
    print(f"files of a run: {len(manifest.files)} of tables, {len(manifest.state)} of state, 1 manifest")


def run(feeds: Path, out: Path, *, pages: str = "always") -> Cost:
    """A run in this process, and what it took."""
    options = RunOptions(
        feeds=str(feeds), out=out, host_delay=0.0, allow_host=("127.0.0.0/8",), pages=pages, workers=2
    )
    workers, began = sum(seconds for seconds, _ in descendants()), time.process_time()
    result = run_batch(options)
    spent = time.process_time() - began
    return Cost(spent, sum(seconds for seconds, _ in descendants()) - workers, result)


def descendants() -> list[tuple[float, float]]:
    """Processor seconds (of ended children too) and peak megabytes of each process that this one's pool has started."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(
                int(stat.parent.name)
            )
        except OSError:
            continue
    found = []
    waiting = [child for child in parents.get(_own(), ()) if "forkserver" in _command(child)]
    while waiting:
        process = waiting.pop()
        waiting += parents.get(process, ())
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            status = Path(f"/proc/{process}/status").read_text()
        except OSError:
            continue
        peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
        found.append((sum(map(int, fields[11:15])) / TICKS, peak / 1024))
    return found


def _own() -> int:
    return int(Path("/proc/self").resolve().name)


def _command(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


@contextmanager
def serving(feeds: int) -> Iterator[tuple[list[str], str]]:
    """A server of so many feeds, each with ENTRIES entries; gives their URLs, and the one that gives each an entry more."""
    command = [sys.executable, "-m", "tests.bench.unit_costs", "--serve", str(feeds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            urls, turn = json.loads(server.stdout.readline())
            yield urls, turn
        finally:
            server.terminate()


class _Feeds(asyncio.Protocol):
    """Answers with a feed and its ETag, or 304 where that is named; /turn makes every feed list one entry more."""

    turns = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._request = b""

    def data_received(self, data: bytes) -> None:
        self._request += data
        while b"\r\n\r\n" in self._request:
            request, _, self._request = self._request.partition(b"\r\n\r\n")
            self._transport.write(self._answer(request))

    def _answer(self, request: bytes) -> bytes:
        path = request.split(b" ", 2)[1].decode()
        tag = f'"turn{_Feeds.turns}"'.encode()
        if path == "/turn":
            _Feeds.turns += 1
            return b"HTTP/1.1 204 No Content\r\n\r\n"
        if path.endswith(".xml"):
            if tag in request:
                return b"HTTP/1.1 304 Not Modified\r\nETag: " + tag + b"\r\n\r\n"
            body = rss(_items(path, _Feeds.turns)).body
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nETag: " + tag
            return head + f"\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def _items(path: str, turns: int) -> list[Item]:
    name = path.strip("/").removesuffix(".xml")
    text = "The council met on Tuesday to settle the budget of the harbour works for the coming year. " * 3
    return [
        Item(
            f"http://n{name}.test/{number}.html",
            title=f"Number {number} of {name}",
            description=f"{text} Said number {number} of {name}.",
            date="Mon, 23 Nov 2026 08:00:00 GMT",
        )
        for number in range(turns, turns + ENTRIES)
    ]


async def serve(feeds: int) -> None:
    """Listen on one port of all loopback addresses, ten feeds a host, until stdin ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(partial(_Feeds), "0.0.0.0", 0, backlog=2048)
    port = server.sockets[0].getsockname()[1]
    hosts = [f"127.0.{1 + at // 250}.{1 + at % 250}:{port}" for at in range(-(-feeds // FEEDS_A_HOST))]
    urls = [f"http://{hosts[number // FEEDS_A_HOST]}/{number}.xml" for number in range(feeds)]
    print(json.dumps([urls, f"http://{hosts[0]}/turn"]), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    main()
