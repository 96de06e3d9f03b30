"""Faults 15 to 17 and bodies that are no HTTP: lengths, encodings, resets, each test named after its number."""

import asyncio
import contextlib
import gzip
import random
import resource
import socket
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.dead_letters import Reason
from transforms.http.crawl import Job, crawl
from transforms.http.errors import Deferred, FetchError
from transforms.http.response import Kind, Response

FEED = b"<?xml version='1.0'?><rss><channel><title>x</title></channel></rss>"


def closing(data: bytes):
    async def answer(_request, writer):
        writer.write(data)
        await writer.drain()
        writer.close()

    return answer


def resetting(times: int, then: bytes):
    left = times

    async def answer(_request, writer):
        nonlocal left
        if left <= 0:
            writer.write(then)
            return
        left -= 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100000\r\n\r\nhalf")
        await writer.drain()
        linger_no_time = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_no_time)
        writer.transport.abort()

    return answer


def test_fault_15_stacked_encodings_are_refused(http):
    """Two content encodings, in one header or two, are bad_encoding, and so is one that nobody knows."""
    body = gzip.compress(gzip.compress(FEED))

    async def scenario():
        async with http.Server() as server, http.client(server) as client:
            for raw in (
                b"Content-Encoding: gzip, gzip\r\n",
                b"Content-Encoding: gzip\r\nContent-Encoding: br\r\n",
                b"Content-Encoding: rot13\r\n",
            ):
                server.answers["/"] = http.reply(200, body, raw_headers=raw)
                assert (await http.refusal(client, "http://site.test/")).reason is Reason.BAD_ENCODING
            server.answers["/"] = http.reply(
                200, gzip.compress(FEED), raw_headers=b"Content-Encoding: identity, GZIP\r\n"
            )
            assert (await client.fetch("http://site.test/", kind=Kind.FEED)).body == FEED

    http.play(scenario)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>this is no gzip",
        gzip.compress(FEED, mtime=0)[:-9],
        gzip.compress(FEED, mtime=0)[:20] + b"\xff" * 40,
    ],
)
def test_fault_15_a_body_that_is_not_what_its_encoding_says_is_refused(http, body):
    """A body that is no gzip, that ends early or is damaged is bad_encoding."""

    async def scenario():
        async with (
            http.Server({"/": http.reply(200, body, {"Content-Encoding": "gzip"})}) as server,
            http.client(server) as client,
        ):
            assert (await http.refusal(client, "http://site.test/")).reason is Reason.BAD_ENCODING

    http.play(scenario)


def test_fault_16_a_body_without_length_is_read_to_the_cap(http):
    """Without Content-Length the cap still holds: a feed is cut and says so, a page is too_large."""

    async def endless(_request, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 8192)
            await writer.drain()

    async def scenario():
        async with (
            http.Server({"/": endless}) as server,
            http.client(server, feed_cap=50_000, page_cap=40_000) as client,
        ):
            response = await client.fetch("http://site.test/", kind=Kind.FEED)
            assert response.truncated
            assert len(response.body) == 50_000
            error = await http.refusal(client, "http://site.test/", Kind.PAGE)
            assert error.reason is Reason.TOO_LARGE
            assert not error.retryable

    http.play(scenario)


def test_fault_16_a_length_that_promises_more_is_seen(http):
    """A body shorter than its Content-Length: a feed keeps what came and says so, a page is not taken."""

    async def scenario():
        async with (
            http.Server({"/": closing(http.reply(200, FEED, length=9999))}) as server,
            http.client(server) as client,
        ):
            response = await client.fetch("http://site.test/", kind=Kind.FEED)
            assert response.truncated
            assert response.body == FEED
            assert (await http.refusal(client, "http://site.test/", Kind.PAGE)).reason is Reason.CONNECT

    http.play(scenario)


def test_fault_16_bytes_beyond_the_length_belong_to_nobody(http):
    """Bytes beyond the Content-Length are neither part of the body nor of the next response."""

    async def scenario():
        smuggled = http.reply(200, FEED) + http.reply(200, b"smuggled")
        async with (
            http.Server({"/": smuggled, "/next": http.reply(200, b"next")}) as server,
            http.client(server) as client,
        ):
            assert (await client.fetch("http://site.test/", kind=Kind.FEED)).body == FEED
            assert (await client.fetch("http://site.test/next", kind=Kind.FEED)).body == b"next"

    http.play(scenario)


def test_fault_16_a_length_that_is_exact_and_at_the_cap_is_whole(http):
    """A body of exactly the cap is not truncated."""

    async def scenario():
        async with (
            http.Server({"/": http.reply(200, b"x" * 1000)}) as server,
            http.client(server, page_cap=1000, feed_cap=1000) as client,
        ):
            for kind in (Kind.FEED, Kind.PAGE):
                response = await client.fetch("http://site.test/", kind=kind)
                assert not response.truncated
                assert len(response.body) == 1000

    http.play(scenario)


def test_fault_17_a_reset_is_retried_and_then_a_dead_letter(http, background):
    """A reset in mid-body is tried again within the run, twice; after that it is connect, and retryable."""
    server = background.enter(
        http.Server({"/a": resetting(2, http.reply(200, b"<html>whole")), "/b": resetting(99, b"")})
    )
    client = background.enter(http.client(server))
    jobs = [Job("a", "http://site.test/a", Kind.PAGE), Job("b", "http://site.test/b", Kind.PAGE)]
    results = dict(crawl(client, jobs, loop=background.loop, chance=random.Random(1)))
    assert isinstance(results["a"], Response)
    assert results["a"].body == b"<html>whole"
    assert results["b"].reason is Reason.CONNECT
    assert results["b"].retryable
    assert server.paths.count("/a") == 3
    assert server.paths.count("/b") == 3


def test_fault_17_retries_have_a_budget_per_host(http, background):
    """A host whose connections keep breaking gets only so many retries in a run, over all its URLs."""
    server = background.enter(http.Server({f"/{n}": resetting(99, b"") for n in range(10)}))
    client = background.enter(http.client(server, max_host_retries=3, max_host_failures=100))
    jobs = [Job(n, f"http://site.test/{n}", Kind.FEED) for n in range(10)]
    results = [result for _, result in crawl(client, jobs, loop=background.loop)]
    assert {result.reason for result in results} == {Reason.CONNECT}
    assert len([path for path in server.paths if path != "/robots.txt"]) == 10 + 3


def test_fault_17_a_timeout_is_not_retried_within_the_run(http, background):
    """A request that timed out is left to the next run."""
    server = background.enter(http.Server({"/": http.stall}))
    client = background.enter(http.client(server, request_timeout=0.2))
    ((_, result),) = crawl(client, [Job(0, "http://site.test/", Kind.FEED)], loop=background.loop)
    assert result.reason is Reason.TIMEOUT
    assert server.paths == ["/"]


def test_fault_17_a_host_that_keeps_failing_is_left_for_the_next_run(http, background):
    """After enough failures in a row a host's remaining URLs come back deferred, without a request."""
    server = background.enter(http.Server({f"/{n}": http.stall for n in range(20)}))
    client = background.enter(
        http.client(server, request_timeout=0.05, max_host_failures=3, ignore_robots=True)
    )
    jobs = [Job(n, f"http://site.test/{n}", Kind.PAGE) for n in range(20)]
    results = [result for _, result in crawl(client, jobs, loop=background.loop)]
    assert [type(result) for result in results] == [FetchError] * 3 + [Deferred] * 17
    assert len(server.received) == 3
    client.gate.reopen()
    ((_, again),) = crawl(client, jobs[:1], loop=background.loop)
    assert isinstance(again, FetchError)


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"\x00\x01\x02\x03\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nxx",
        b"",
    ],
)
def test_what_is_no_http_is_a_failed_connection(http, data):
    """A server that speaks something else, breaks HTTP or says nothing is connect, not a crash."""

    async def scenario():
        async with http.Server({"/": closing(data)}) as server, http.client(server) as client:
            assert (await http.refusal(client, "http://site.test/")).reason is Reason.CONNECT
            assert server.paths == ["/"]

    http.play(scenario)


@pytest.mark.parametrize("head", [b"X-Long: " + b"x" * 100_000 + b"\r\n", b"X: y\r\n" * 5000])
def test_headers_that_are_too_large_are_refused(http, head):
    """One header of 100 KB and five thousand small ones are refused as too large."""

    async def scenario():
        async with (
            http.Server({"/": http.reply(200, FEED, raw_headers=head)}) as server,
            http.client(server) as client,
        ):
            assert (await http.refusal(client, "http://site.test/")).reason is Reason.TOO_LARGE

    http.play(scenario)


def test_a_refused_connection_is_connect(http):
    """Where nobody listens, the reason is connect."""

    async def scenario():
        async with http.client(names=("site.test",), static_hosts=(("site.test", "127.0.0.1", 1),)) as client:
            assert (await http.refusal(client, "http://site.test/")).reason is Reason.CONNECT

    http.play(scenario)


def test_fault_14_large_bodies_are_read_a_few_at_a_time(http, background):
    """Of bodies beyond a MiB only so many are read at once, and the wait is not held against the server."""
    mib = b"x" * (1 << 20)

    async def hog(_request, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + mib + mib[:300_000])
        await asyncio.sleep(60)

    whole = http.reply(200, mib * 3, {"Content-Type": "text/html"})
    names = tuple(f"h{n}.test" for n in range(6))
    server = background.enter(http.Server({"h0.test/": hog, "/": whole}))
    client = background.enter(
        http.client(server, names=names, request_timeout=0.8, max_large_bodies=1, ignore_robots=True)
    )
    jobs = [Job(name, f"http://{name}/", Kind.PAGE) for name in names]
    results = dict(crawl(client, jobs, loop=background.loop))
    assert results["h0.test"].reason is Reason.TIMEOUT
    assert [len(results[name].body) for name in names[1:]] == [3 << 20] * 5


def test_fault_42_media_is_not_read_to_its_end(http):
    """Of a film that is taken for a page only the start is read, and the reason is its type, not its size."""
    sent = 0

    async def film(_request, writer):
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 2000000000\r\n\r\n")
        writer.write(b"\x00\x00\x00\x18ftypmp42")
        while not writer.is_closing():
            writer.write(b"\x01" * 65536)
            sent += 65536
            await writer.drain()

    async def scenario():
        async with http.Server({"/": film}) as server, http.client(server) as client:
            error = await http.refusal(client, "http://site.test/", Kind.PAGE)
            assert error.reason is Reason.WRONG_TYPE
            assert sent < 8 << 20

    http.play(scenario)


def test_no_sockets_left_puts_off_instead_of_blaming_the_host(http, background):
    """When this machine can open no more files, URLs are put off, and their hosts are not thought ill of."""
    server = background.enter(http.Server({"/": http.reply(200, FEED)}))
    client = background.enter(http.client(server))
    job = Job(0, "http://site.test/", Kind.FEED)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        results = [next(crawl(client, [job], loop=background.loop))[1] for _ in range(6)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert {type(result) for result in results} == {Deferred}
    assert "no more connections" in results[-1].detail
    ((_, result),) = crawl(client, [job], loop=background.loop)
    assert isinstance(result, Response)


RAW = st.one_of(
    st.binary(max_size=200),
    st.builds(
        lambda status, headers, body: status + b"\r\n" + b"".join(h + b"\r\n" for h in headers) + b"\r\n" + body,
        st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.0 200", b"HTTP/1.1 302 X", b"HTTP/1.1 304 X", b"HTTP/1.1 100 X", b"HTTP/2 200", b"ICY 200 OK"]),
        st.lists(
            st.sampled_from([b"Content-Length: 5", b"Content-Length: 5, 6", b"Content-Length: 99999999999999999999", b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"Content-Encoding: gzip", b"Content-Encoding: zstd", b"Location: /x", b"Location: \xff\xfe", b"Location: http://[", b"Retry-After: \xe9", b"Content-Type: \x01", b"No colon", b": empty", b"X:" + b"y" * 300, b"Connection: upgrade", b"Upgrade: h2c"]),
            max_size=5,
        ),
        st.one_of(st.binary(max_size=60), st.sampled_from([b"5\r\nhello\r\n0\r\n\r\n", b"ffffffffffffffffff\r\nx", b"5\r\nhel", b"0\r\n\r\n", b"-1\r\n"])),
    ),
)  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(raw=RAW, kind=st.sampled_from([Kind.FEED, Kind.PAGE]))
def test_any_bytes_end_as_a_response_or_a_named_failure(http, raw, kind):
    """Whatever a server sends and then closes, the fetch ends as a response or a FetchError, nothing else."""

    async def scenario():
        async with (
            http.Server({"/": closing(raw), "/x": closing(raw)}) as server,
            http.client(server, ignore_robots=True, request_timeout=3.0) as client,
        ):
            with contextlib.suppress(FetchError):
                response = await client.fetch("http://site.test/", kind=kind)
                assert response.status in (200, 203, 206)

    http.play(scenario)
