"""The crawl: politeness from the server's own log, bounded waiting, stopping, and leaving nothing behind."""

import asyncio
import gc
import itertools
import random
import threading
import time

import pytest

from schemas.dead_letters import Reason
from transforms.http.crawl import Job, crawl
from transforms.http.errors import Deferred, FetchError
from transforms.http.response import Kind, Response


def latency(seconds, body=b"<html>page"):
    async def answer(_request, writer):
        await asyncio.sleep(seconds)
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        )

    return answer


def by_host(server):
    requests = sorted(server.received, key=lambda request: (request.host, request.began))
    return {host: list(group) for host, group in itertools.groupby(requests, lambda request: request.host)}


def test_fault_24_many_hosts_at_once_and_each_politely(http, background):
    """60 hosts of 5 feeds and pages each: no host sees two requests at once or a gap below its delay, and all
    hosts are served at the same time. Judged from the server's log."""
    hosts = [f"h{n}.test" for n in range(60)]
    delay, pages = 0.1, 5
    answers = {f"/{n}": latency(0.02) for n in range(pages)}
    server = background.enter(http.Server(answers))
    client = background.enter(http.client(server, names=tuple(hosts), host_delay=delay))
    kinds = [Kind.FEED, Kind.PAGE]
    jobs = [Job((host, n), f"http://{host}/{n}", kinds[n % 2]) for n in range(pages) for host in hosts]
    begun = time.monotonic()
    results = list(crawl(client, jobs, loop=background.loop))
    took = time.monotonic() - begun
    assert sorted(item for item, _ in results) == sorted((host, n) for host in hosts for n in range(pages))
    assert all(isinstance(result, Response) for _, result in results)
    log = by_host(server)
    assert len(log) == len(hosts)
    for requests in log.values():
        assert len(requests) == pages + 1, "five and a robots.txt"
        for before, after in itertools.pairwise(requests):
            assert after.began - before.ended >= delay
    assert took < len(hosts) * delay, "hosts took their turns one after another"


def test_each_hosts_jobs_come_in_order(http, background):
    """A host's jobs are asked for in the order in which they were given."""
    server = background.enter(http.Server())
    client = background.enter(http.client(server))
    jobs = [Job(n, f"http://{'site' if n % 2 else 'other'}.test/{n}", Kind.FEED) for n in range(40)]
    list(crawl(client, jobs, loop=background.loop))
    for host in ("site.test", "other.test"):
        numbers = [
            int(request.path[1:])
            for request in server.received
            if request.host == host and "robots" not in request.path
        ]
        assert numbers == sorted(numbers)
        assert len(numbers) == 20


def test_cross_redirects_neither_deadlock_nor_crowd_a_host(http, background):
    """Two hosts that redirect into each other are served to the end, with never two requests at once to either."""
    answers = {}
    for n in range(10):
        answers[f"site.test/{n}"] = http.reply(302, headers={"Location": f"http://other.test/end{n}"})
        answers[f"other.test/{n}"] = http.reply(302, headers={"Location": f"http://site.test/end{n}"})
        answers[f"/end{n}"] = latency(0.01)
    server = background.enter(http.Server(answers))
    client = background.enter(http.client(server, host_delay=0.01))
    jobs = [
        Job(n, f"http://{host}/{n}", Kind.PAGE) for n in range(10) for host in ("site.test", "other.test")
    ]
    results = [result for _, result in crawl(client, jobs, loop=background.loop)]
    assert all(isinstance(result, Response) for result in results)
    for requests in by_host(server).values():
        for before, after in itertools.pairwise(requests):
            assert after.began - before.ended >= 0.01


def test_a_slow_consumer_stops_the_fetching_by_count(http, background):
    """While nobody takes results, no more than the bound are fetched."""
    server = background.enter(http.Server({f"/{n}": http.reply(200, b"<rss/>") for n in range(100)}))
    names = tuple(f"h{n}.test" for n in range(20))
    client = background.enter(http.client(server, names=names))
    jobs = [Job(n, f"http://h{n % 20}.test/{n}", Kind.FEED) for n in range(100)]
    results = crawl(client, jobs, loop=background.loop, max_waiting=7)
    first = next(results)
    settle(background, server)
    assert fetched(server) <= 7 + 1
    assert len([first, *results]) == 100


def test_a_slow_consumer_stops_the_fetching_by_bytes(http, background):
    """While nobody takes results, the bodies that wait are bounded by their bytes too."""
    server = background.enter(http.Server({f"/{n}": http.reply(200, b"x" * 100_000) for n in range(60)}))
    names = tuple(f"h{n}.test" for n in range(20))
    client = background.enter(http.client(server, names=names))
    jobs = [Job(n, f"http://h{n % 20}.test/{n}", Kind.FEED) for n in range(60)]
    results = crawl(client, jobs, loop=background.loop, max_waiting_bytes=1_000_000)
    next(results)
    settle(background, server)
    assert fetched(server) <= 11
    assert sum(1 for _ in results) == 59


def test_a_body_larger_than_all_room_still_passes(http, background):
    """A bound smaller than one body slows the crawl to one at a time; it does not stop it."""
    server = background.enter(http.Server({f"/{n}": http.reply(200, b"x" * 5000) for n in range(6)}))
    client = background.enter(http.client(server))
    jobs = [Job(n, f"http://site.test/{n}", Kind.FEED) for n in range(6)]
    results = list(crawl(client, jobs, loop=background.loop, max_waiting=1, max_waiting_bytes=1))
    assert len(results) == 6


def fetched(server):
    return len([request for request in server.received if request.path != "/robots.txt"])


def settle(background, server):
    """Let the loop run until the server has heard nothing new for a while."""

    async def quiet():
        heard, turns = -1, 0
        while turns < 50:
            turns = turns + 1 if heard == len(server.received) else 0
            heard = len(server.received)
            await asyncio.sleep(0.002)

    background.loop.run(quiet())


def test_once_stopped_no_request_is_begun(http, background):
    """After stop, requests under way are finished, the rest comes back deferred, waits at gates end, all quickly."""
    stopped = threading.Event()

    async def last(_request, writer):
        stopped.set()
        await asyncio.sleep(0.5)
        writer.write(http.reply(200, b"<rss/>"))

    server = background.enter(http.Server({"/0": last, "/1": http.reply(200), "/2": http.reply(200)}))
    client = background.enter(http.client(server, host_delay=60.0))
    jobs = [Job(n, f"http://site.test/{n}", Kind.FEED) for n in range(3)]
    begun = time.monotonic()
    results = dict(crawl(client, jobs, loop=background.loop, stop=stopped.is_set))
    assert time.monotonic() - begun < 5
    assert isinstance(results[0], Response)
    assert isinstance(results[1], Deferred)
    assert isinstance(results[2], Deferred)
    assert server.paths == ["/0"]


def test_given_up_requests_are_broken_off(http, background):
    """Once given up after stop, requests that hang are broken off and come back deferred, in their rooms and gates."""
    stopped = threading.Event()

    async def hang(_request, _writer):
        stopped.set()
        await asyncio.sleep(60)

    server = background.enter(http.Server({"/0": hang, "/1": http.reply(200)}))
    client = background.enter(http.client(server, request_timeout=50.0, first_byte_timeout=50.0))
    jobs = [Job(n, f"http://{host}.test/{n}", Kind.FEED) for n in range(2) for host in ("site", "other")]
    begun = time.monotonic()
    results = list(crawl(client, jobs, loop=background.loop, stop=stopped.is_set, give_up=stopped.is_set))
    assert time.monotonic() - begun < 5
    assert [type(result) for _, result in results] == [Deferred] * 4
    again = list(crawl(client, [Job(1, "http://site.test/1", Kind.FEED)], loop=background.loop))
    assert isinstance(again[0][1], Response)


def test_stop_ends_a_wait_at_a_gate(http, background):
    """A host whose turn is a minute away gives up its wait when the run stops."""
    server = background.enter(http.Server({"/0": http.reply(200, b"<rss/>")}))
    client = background.enter(http.client(server, host_delay=60.0))
    jobs = [Job(n, f"http://site.test/{n}", Kind.FEED) for n in range(2)]
    stopped = threading.Event()
    results = {}
    begun = time.monotonic()
    for item, result in crawl(client, jobs, loop=background.loop, stop=stopped.is_set):
        results[item] = result
        stopped.set()
    assert time.monotonic() - begun < 5
    assert isinstance(results[1], Deferred)


def test_after_the_deadline_no_request_is_begun(http, background):
    """What can't be begun before the deadline comes back deferred, at once where its turn comes later."""
    server = background.enter(http.Server({f"/{n}": http.reply(200, b"<rss/>") for n in range(9)}))
    client = background.enter(http.client(server, host_delay=30.0))
    jobs = [Job(n, f"http://site.test/{n}", Kind.FEED) for n in range(9)]
    begun = time.monotonic()
    results = dict(crawl(client, jobs, loop=background.loop, deadline=begun + 20))
    assert time.monotonic() - begun < 5
    assert isinstance(results[0], Response)
    assert all(isinstance(results[n], Deferred) for n in range(1, 9))
    assert results[1].url == "http://site.test/1"
    late = list(crawl(client, jobs, loop=background.loop, deadline=begun))
    assert all(isinstance(result, Deferred) for _, result in late)
    assert server.paths == ["/0"]


def test_a_rate_limited_host_is_left_alone(http, background):
    """After a 429 with a long Retry-After the host's other URLs are put off, with the seconds left."""
    server = background.enter(http.Server({"/0": http.reply(429, headers={"Retry-After": "3600"})}))
    client = background.enter(http.client(server))
    jobs = [Job(n, f"http://site.test/{n}", Kind.PAGE) for n in range(3)]
    results = dict(crawl(client, jobs, loop=background.loop))
    assert results[0].reason is Reason.RATE_LIMITED
    assert results[0].retry_after == 3600
    for n in (1, 2):
        assert isinstance(results[n], Deferred)
        assert 3500 < results[n].retry_after <= 3600
    assert server.paths == ["/robots.txt", "/0"]


def test_bad_urls_are_results_too(http, background):
    """A URL that can't be fetched is a result like any other, and the rest goes on."""
    server = background.enter(http.Server({"/": http.reply(200, b"<rss/>")}))
    client = background.enter(http.client(server))
    jobs = [
        Job("ftp", "ftp://site.test/", Kind.FEED),
        Job("private", "http://10.0.0.1/", Kind.FEED),
        Job("good", "http://site.test/", Kind.FEED),
    ]
    results = dict(crawl(client, jobs, loop=background.loop))
    assert results["ftp"].reason is Reason.BAD_URL
    assert results["private"].reason is Reason.PRIVATE_ADDRESS
    assert isinstance(results["good"], Response)
    assert list(crawl(client, [], loop=background.loop)) == []


def test_leaving_early_leaves_nothing_behind(http, background):
    """A consumer that leaves the iterator ends the crawl: no task, no thread and no request goes on."""
    server = background.enter(http.Server({f"/{n}": latency(0.005) for n in range(1000)}))
    client = background.enter(http.client(server))
    threads = threading.active_count()
    jobs = [Job(n, f"http://site.test/{n}", Kind.FEED) for n in range(1000)]
    results = crawl(client, jobs, loop=background.loop)
    next(results)
    results.close()
    heard = len(server.received)

    async def tasks():
        return [task for task in asyncio.all_tasks() if "crawl" in repr(task.get_coro())]

    assert background.loop.run(tasks()) == []
    settle(background, server)
    assert len(server.received) <= heard + 1
    assert threading.active_count() <= threads
    assert isinstance(next(crawl(client, jobs[:1], loop=background.loop))[1], Response)


def test_the_consumers_error_ends_the_crawl(http, background):
    """An error in the consumer's loop body ends the crawl like leaving it."""
    server = background.enter(http.Server({f"/{n}": latency(0.001) for n in range(100)}))
    client = background.enter(http.client(server))
    jobs = [Job(n, f"http://site.test/{n}", Kind.FEED) for n in range(100)]

    def consume():
        for _ in crawl(client, jobs, loop=background.loop):
            raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        consume()
    gc.collect()
    settle(background, server)
    assert fetched(server) < 100


def test_retries_pause_with_jitter(http, background):
    """A retry waits for its base, times 0.5 to 1.5 by chance, doubled with each."""

    async def breaks(_request, writer):
        writer.close()

    server = background.enter(http.Server({"/": breaks}))
    client = background.enter(http.client(server, retry_delay=0.1))
    ((_, result),) = crawl(
        client, [Job(0, "http://site.test/", Kind.FEED)], loop=background.loop, chance=random.Random(3)
    )
    assert isinstance(result, FetchError)
    assert result.reason is Reason.CONNECT
    expected = random.Random(3)
    pauses = [0.1 * expected.uniform(0.5, 1.5), 0.2 * expected.uniform(0.5, 1.5)]
    requests = [request for request in server.received if request.path == "/"]
    gaps = [after.began - before.ended for before, after in itertools.pairwise(requests)]
    assert len(gaps) == 2
    for gap, pause in zip(gaps, pauses, strict=True):
        assert gap >= pause - 0.01
