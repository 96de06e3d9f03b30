"""Faults 11 to 27 as far as they are HTTP: what servers do, each test named after its number."""

import asyncio
import gzip
import random
import socket
import struct
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from schemas.dead_letters import Reason
from transforms.http.content import classify_page
from transforms.http.crawl import Job, crawl
from transforms.http.errors import Deferred, FetchError
from transforms.http.response import Hop, Kind, Response

FEED = b"<?xml version='1.0'?><rss><channel><title>x</title></channel></rss>"


async def refusal(client, url, kind=Kind.FEED, **kwargs):
    with pytest.raises(FetchError) as caught:
        await client.fetch(url, kind=kind, **kwargs)
    return caught.value


async def stall(_request, _writer):
    await asyncio.sleep(60)


def dripping(start: bytes):
    async def drip(_request, writer):
        writer.write(start)
        while not writer.is_closing():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    return drip


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n",
    ],
)
def test_fault_11_a_dripping_server_meets_the_total_deadline(http, start):
    """A server that keeps sending a byte at a time, in its headers or its body, is left at the total deadline."""

    async def scenario():
        async with http.Server({"/": dripping(start)}) as server:
            async with http.client(server, request_timeout=0.3, first_byte_timeout=0.2) as client:
                begun = asyncio.get_running_loop().time()
                error = await refusal(client, "http://site.test/")
                # The first bytes may already be no HTTP to the parser, which is as good.
                assert error.reason is Reason.TIMEOUT or (start == b"" and error.reason is Reason.CONNECT)
                assert asyncio.get_running_loop().time() - begun < 2
                assert error.retryable

    http.play(scenario)


def test_fault_11_the_deadline_holds_over_redirects(http):
    """Slow redirects share one deadline: each hop has only what the ones before have left."""

    async def slow(request, writer):
        await asyncio.sleep(0.15)
        number = int(request.path[1:])
        writer.write(http.reply(302, headers={"Location": f"/{number + 1}"}))

    async def scenario():
        async with http.Server({f"/{n}": slow for n in range(10)}) as server:
            async with http.client(server, request_timeout=0.4) as client:
                assert (await refusal(client, "http://site.test/0")).reason is Reason.TIMEOUT
            assert len(server.received) <= 3

    http.play(scenario)


def test_fault_12_a_stall_before_the_first_byte_meets_its_deadline(http):
    """A server that takes the request and says nothing is left at the first-byte deadline, before the total one."""

    async def scenario():
        async with http.Server({"/": stall}) as server:
            async with http.client(server, request_timeout=20.0, first_byte_timeout=0.2) as client:
                begun = asyncio.get_running_loop().time()
                assert (await refusal(client, "http://site.test/")).reason is Reason.TIMEOUT
                assert asyncio.get_running_loop().time() < begun + 5

    http.play(scenario)


def test_fault_12_a_stall_after_the_headers_meets_its_deadline(http):
    """A server that stops in mid-body is left too."""

    async def stop(_request, writer):
        writer.write(http.reply(200, b"half", length=100))
        await asyncio.sleep(60)

    async def scenario():
        async with http.Server({"/": stop}) as server:
            async with http.client(server, request_timeout=20.0, first_byte_timeout=0.2) as client:
                assert (await refusal(client, "http://site.test/")).reason is Reason.TIMEOUT

    http.play(scenario)


def test_fault_12_a_handshake_stall_meets_the_connect_deadline(http):
    """A server that accepts and never answers the TLS handshake is left at the connect deadline."""

    async def silent(reader, writer):
        await reader.read(1 << 16)
        await asyncio.sleep(60)

    async def scenario():
        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        fixed = (("site.test", "127.0.0.1", port),)
        async with http.client(names=("site.test",), static_hosts=fixed, connect_timeout=0.2) as client:
            error = await refusal(client, "https://site.test/")
            assert error.reason is Reason.TIMEOUT
        server.close()

    http.play(scenario)


def test_fault_13_a_redirect_loop_is_seen(http):
    """A redirect back to where it came from ends at once, as redirect_loop."""

    async def scenario():
        async with http.Server(
            {
                "/a": http.reply(302, headers={"Location": "/b"}),
                "/b": http.reply(302, headers={"Location": "/a"}),
            }
        ) as server:
            async with http.client(server) as client:
                error = await refusal(client, "http://site.test/a")
                assert error.reason is Reason.REDIRECT_LOOP
            assert server.paths == ["/a", "/b"]

    http.play(scenario)


def test_fault_13_an_endless_chain_stops_after_ten(http):
    """Redirects that never repeat stop after ten are followed."""

    async def onwards(request, writer):
        writer.write(http.reply(307, headers={"Location": f"/{int(request.path[1:]) + 1}"}))

    async def scenario():
        async with (
            http.Server({f"/{n}": onwards for n in range(50)}) as server,
            http.client(server) as client,
        ):
            error = await refusal(client, "http://site.test/0")
            assert error.reason is Reason.REDIRECT_LOOP
            assert server.paths == [f"/{n}" for n in range(11)]

    http.play(scenario)


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
                assert (await refusal(client, "http://site.test/")).reason is Reason.BAD_ENCODING
            server.answers["/"] = http.reply(
                200, gzip.compress(FEED), raw_headers=b"Content-Encoding: identity, GZIP\r\n"
            )
            assert (await client.fetch("http://site.test/", kind=Kind.FEED)).body == FEED

    http.play(scenario)


@pytest.mark.parametrize(
    "body", [b"<html>this is no gzip", gzip.compress(FEED)[:-9], gzip.compress(FEED)[:20] + b"\xff" * 40]
)
def test_fault_15_a_body_that_is_not_what_its_encoding_says_is_refused(http, body):
    """A body that is no gzip, that ends early or is damaged is bad_encoding."""

    async def scenario():
        async with (
            http.Server({"/": http.reply(200, body, {"Content-Encoding": "gzip"})}) as server,
            http.client(server) as client,
        ):
            assert (await refusal(client, "http://site.test/")).reason is Reason.BAD_ENCODING

    http.play(scenario)


def closing(data: bytes):
    async def answer(_request, writer):
        writer.write(data)
        await writer.drain()
        writer.close()

    return answer


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
            error = await refusal(client, "http://site.test/", Kind.PAGE)
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
            assert (await refusal(client, "http://site.test/", Kind.PAGE)).reason is Reason.CONNECT

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
    server = background.enter(http.Server({"/": stall}))
    client = background.enter(http.client(server, request_timeout=0.2))
    ((_, result),) = crawl(client, [Job(0, "http://site.test/", Kind.FEED)], loop=background.loop)
    assert result.reason is Reason.TIMEOUT
    assert server.paths == ["/"]


def test_fault_17_a_host_that_keeps_failing_is_left_for_the_next_run(http, background):
    """After enough failures in a row a host's remaining URLs come back deferred, without a request."""
    server = background.enter(http.Server({f"/{n}": stall for n in range(20)}))
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


NOW = datetime.now(UTC)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("120", 120, 120),
        (format_datetime(NOW + timedelta(seconds=300), usegmt=True), 200, 300),
        (format_datetime(NOW - timedelta(hours=1), usegmt=True), 0, 0),
        ("315360000", 86_400, 86_400),
        (format_datetime(NOW + timedelta(days=3650), usegmt=True), 86_400, 86_400),
        ("9" * 400, 86_400, 86_400),
    ],
)
def test_fault_18_retry_after_is_obeyed_and_clamped(http, status, value, least, most):
    """Seconds, a date, the past, ten years: the wait is reported, at most a day, and the host's gate keeps it."""

    async def scenario():
        async with (
            http.Server({"/": http.reply(status, headers={"Retry-After": value})}) as server,
            http.client(server) as client,
        ):
            error = await refusal(client, "http://site.test/")
            assert error.reason is Reason.RATE_LIMITED
            assert least <= error.retry_after <= most
            if least > 120:
                with pytest.raises(Deferred) as caught:
                    await client.fetch("http://site.test/next", kind=Kind.FEED)
                assert least - 5 <= caught.value.retry_after <= most
                assert server.paths == ["/"]

    http.play(scenario)


@pytest.mark.parametrize("value", ["soon", "-5", "1.5", "12, 13", "Wed, 99 Foo 2026", ""])
def test_fault_18_a_nonsense_retry_after_counts_as_none(http, value):
    """A Retry-After that is neither is ignored: 429 stays rate_limited, 503 is the server's failure."""

    async def scenario():
        async with http.Server() as server:
            for status, reason in ((429, Reason.RATE_LIMITED), (503, Reason.HTTP_5XX)):
                server.answers["/"] = http.reply(status, headers={"Retry-After": value})
                async with http.client(server) as client:
                    error = await refusal(client, "http://site.test/")
                    assert error.reason is reason
                    assert error.retry_after is None

    http.play(scenario)


@pytest.mark.parametrize("status", [301, 308])
def test_fault_19_a_permanent_redirect_is_reported(http, status):
    """The redirects of a feed are reported with their status, so that a permanent one can be adopted."""

    async def scenario():
        async with http.Server(
            {"/old": http.reply(status, headers={"Location": "/new"}), "/new": http.reply(200, FEED)}
        ) as server:
            async with http.client(server) as client:
                response = await client.fetch("http://site.test/old", kind=Kind.FEED)
            assert response.redirects == (Hop(status, "http://site.test/new"),)
            assert response.url == "http://site.test/new"

    http.play(scenario)


@pytest.mark.parametrize("status", [302, 303, 307])
def test_fault_20_a_temporary_redirect_is_told_from_a_permanent_one(http, status):
    """A chain of a permanent and a temporary redirect is reported hop by hop, over hosts."""

    async def scenario():
        async with http.Server(
            {
                "/old": http.reply(301, headers={"Location": "http://other.test/mid"}),
                "/mid": http.reply(status, headers={"Location": "/new"}),
                "/new": http.reply(200, FEED),
            }
        ) as server:
            async with http.client(server) as client:
                response = await client.fetch("http://site.test/old", kind=Kind.FEED)
            assert response.redirects == (
                Hop(301, "http://other.test/mid"),
                Hop(status, "http://other.test/new"),
            )

    http.play(scenario)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (404, Reason.HTTP_4XX), (410, Reason.GONE), (401, Reason.HTTP_4XX), (403, Reason.HTTP_4XX), (451, Reason.HTTP_4XX),
        (408, Reason.TIMEOUT), (425, Reason.RATE_LIMITED), (429, Reason.RATE_LIMITED), (500, Reason.HTTP_5XX),
        (502, Reason.HTTP_5XX), (503, Reason.HTTP_5XX), (521, Reason.HTTP_5XX), (999, Reason.HTTP_5XX),
        (204, Reason.EMPTY), (205, Reason.EMPTY), (300, Reason.BAD_REDIRECT), (305, Reason.BAD_REDIRECT),
    ],
)  # fmt: skip
def test_fault_21_each_status_has_its_reason(http, status, reason):
    """404, 410 and the other statuses have reasons of their own, with the status beside."""

    async def scenario():
        async with http.Server({"/": http.reply(status)}) as server, http.client(server) as client:
            error = await refusal(client, "http://site.test/")
            assert (error.reason, error.http_status) == (reason, status)

    http.play(scenario)


def test_fault_22_a_304_without_conditions_is_asked_again(http):
    """A 304 to a request without conditions is asked again past all caches; a second one is empty."""

    async def stubborn(request, writer):
        fresh = "no-cache" in request.headers.get("cache-control", "")
        writer.write(http.reply(200, FEED) if fresh else http.reply(304))

    async def scenario():
        async with (
            http.Server({"/": stubborn, "/never": http.reply(304)}) as server,
            http.client(server) as client,
        ):
            assert (await client.fetch("http://site.test/", kind=Kind.FEED)).body == FEED
            response = await client.fetch(
                "http://site.test/", kind=Kind.FEED, headers={"If-None-Match": '"x"'}
            )
            assert response.status == 304
            assert (await refusal(client, "http://site.test/never")).reason is Reason.EMPTY
            assert server.paths.count("/never") == 2
            assert server.received[-1].headers["user-agent"] == "tocsin/test (+https://tocsin.test)"

    http.play(scenario)


def test_fault_24_crawl_delay_is_honoured_for_feeds_and_pages(http):
    """Crawl-delay is kept to between a host's requests, up to the stated maximum, for feeds from the second on."""

    async def scenario():
        robots = http.reply(200, b"User-agent: *\nCrawl-delay: 1000\nDisallow: /private")
        async with http.Server(
            {"/robots.txt": robots, "/": http.reply(200, FEED), "/page": http.reply(200, b"<html>")}
        ) as server:
            async with http.client(server, max_crawl_delay=0.2) as client:
                for _ in range(2):
                    assert (await client.fetch("http://site.test/", kind=Kind.FEED)).robots == "exempt"
                assert (await client.fetch("http://site.test/page", kind=Kind.PAGE)).robots == "allowed"
            assert server.paths == ["/", "/robots.txt", "/", "/page"]
            gaps = [
                later.began - before.ended
                for before, later in zip(server.received[1:], server.received[2:], strict=False)
            ]
            assert min(gaps) >= 0.2

    http.play(scenario)


@pytest.mark.parametrize(
    ("status", "reason"),
    [(500, Reason.ROBOTS_UNAVAILABLE), (503, Reason.ROBOTS_UNAVAILABLE), (429, Reason.ROBOTS_UNAVAILABLE)],
)
def test_fault_25_a_failing_robots_txt_means_not_now(http, status, reason):
    """While robots.txt fails, pages are not fetched but may be later; it is not asked for again at once."""

    async def scenario():
        async with http.Server(
            {"/robots.txt": http.reply(status), "/page": http.reply(200, b"<html>")}
        ) as server:
            async with http.client(server) as client:
                for _ in range(2):
                    error = await refusal(client, "http://site.test/page", Kind.PAGE)
                    assert error.reason is reason
                    assert error.retryable
            assert server.paths == ["/robots.txt"]

    http.play(scenario)


def test_fault_25_a_robots_txt_that_times_out_means_not_now(http):
    """A robots.txt that doesn't come in time is as one that fails."""

    async def scenario():
        async with (
            http.Server({"/robots.txt": stall}) as server,
            http.client(server, request_timeout=0.2) as client,
        ):
            assert (
                await refusal(client, "http://site.test/page", Kind.PAGE)
            ).reason is Reason.ROBOTS_UNAVAILABLE

    http.play(scenario)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_fault_25_a_missing_robots_txt_allows(http, status):
    """A robots.txt that answers 4xx allows everything, and the record says that there were no rules."""

    async def scenario():
        async with (
            http.Server({"/robots.txt": http.reply(status), "/page": http.reply(200, b"<html>")}) as server,
            http.client(server) as client,
        ):
            assert (await client.fetch("http://site.test/page", kind=Kind.PAGE)).robots == "no_rules"

    http.play(scenario)


def test_fault_25_an_oversized_robots_txt_counts_by_its_first_500_kib(http):
    """Rules within the first 500 KiB hold, what follows them is not read."""

    async def scenario():
        early = b"User-agent: tocsin\nDisallow: /early\n"
        late = b"\nDisallow: /late\n"
        body = early + b"#" * (600 * 1024) + late
        async with (
            http.Server(
                {
                    "/robots.txt": http.reply(200, body),
                    "/late": http.reply(200, b"<html>"),
                    "/early": http.reply(200, b"<html>"),
                }
            ) as server,
            http.client(server) as client,
        ):
            assert (await client.fetch("http://site.test/late", kind=Kind.PAGE)).robots == "allowed"
            assert (await refusal(client, "http://site.test/early", Kind.PAGE)).reason is Reason.ROBOTS

    http.play(scenario)


def test_fault_25_robots_txt_redirects_are_followed_five_times(http):
    """Five redirects lead to rules that hold; with more, and with a loop, there are none."""

    async def onwards(request, writer):
        number = int(request.path[2:] or 0)
        last = number == 5
        writer.write(
            http.reply(200, b"User-agent: *\nDisallow: /")
            if last
            else http.reply(302, headers={"Location": f"/r{number + 1}"})
        )

    async def scenario():
        answers = {f"/r{n}": onwards for n in range(1, 7)}
        async with http.Server({**answers, "/page": http.reply(200, b"<html>")}) as server:
            server.answers["site.test/robots.txt"] = http.reply(
                302, headers={"Location": "http://other.test/r1"}
            )
            server.answers["other.test/robots.txt"] = http.reply(302, headers={"Location": "/r0"})
            server.answers["/r0"] = http.reply(302, headers={"Location": "/r1"})
            async with http.client(server) as client:
                assert (await refusal(client, "http://site.test/page", Kind.PAGE)).reason is Reason.ROBOTS
                assert (await client.fetch("http://other.test/page", kind=Kind.PAGE)).robots == "no_rules"

    http.play(scenario)


def test_fault_25_robots_txt_holds_for_each_hop(http):
    """A page that redirects to another host is subject to that host's robots.txt."""

    async def scenario():
        async with http.Server(
            {
                "site.test/page": http.reply(302, headers={"Location": "http://other.test/x"}),
                "/x": http.reply(200, b"<html>"),
            }
        ) as server:
            server.answers["other.test/robots.txt"] = http.reply(200, b"User-agent: *\nDisallow: /x")
            async with http.client(server) as client:
                error = await refusal(client, "http://site.test/page", Kind.PAGE)
                assert error.reason is Reason.ROBOTS
                assert error.url == "http://other.test/x"
            assert "/x" not in server.paths

    http.play(scenario)


def test_fault_25_robots_may_be_ignored_for_ones_own_sites(http):
    """With ignore_robots no robots.txt is fetched, and the record says ignored."""

    async def scenario():
        async with http.Server(
            {
                "/robots.txt": http.reply(200, b"User-agent: *\nDisallow: /"),
                "/page": http.reply(200, b"<html>"),
            }
        ) as server:
            async with http.client(server, ignore_robots=True) as client:
                assert (await client.fetch("http://site.test/page", kind=Kind.PAGE)).robots == "ignored"
            assert server.paths == ["/page"]

    http.play(scenario)


CHALLENGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body><div>Checking</div><script>window._cf_chl_opt={cvId:'3'}</script></body></html>"


@pytest.mark.parametrize("status", [200, 202, 403, 429, 503])
def test_fault_26_a_bot_challenge_is_named(http, status):
    """A bot challenge is told from a page and from a plain refusal, whatever its status."""

    async def scenario():
        async with (
            http.Server(
                {
                    "/robots.txt": http.reply(404),
                    "/page": http.reply(status, CHALLENGE, {"Content-Type": "text/html"}),
                }
            ) as server,
            http.client(server) as client,
        ):
            if status == 200:
                response = await client.fetch("http://site.test/page", kind=Kind.PAGE)
                assert (
                    classify_page(response.body, response.content_type, response.status) is Reason.CHALLENGE
                )
            else:
                error = await refusal(client, "http://site.test/page", Kind.PAGE)
                assert (error.reason, error.http_status) == (Reason.CHALLENGE, status)

    http.play(scenario)


def test_fault_26_a_challenge_in_a_header_is_named(http):
    """A refusal whose header says that it is a challenge is one without a look at its body."""

    async def scenario():
        async with (
            http.Server({"/": http.reply(403, b"no", {"cf-mitigated": "challenge"})}) as server,
            http.client(server) as client,
        ):
            assert (await refusal(client, "http://site.test/")).reason is Reason.CHALLENGE

    http.play(scenario)


def test_fault_27_cookies_are_kept_nowhere(http):
    """No cookie is sent back, to the host that set it, to another, or along a redirect."""

    async def scenario():
        sets = b"Set-Cookie: id=1; Path=/\r\nSet-Cookie: wide=2; Domain=test\r\n"
        async with http.Server(
            {
                "/": http.reply(302, headers={"Location": "http://other.test/x"}, raw_headers=sets),
                "/x": http.reply(200, FEED, raw_headers=sets),
            }
        ) as server:
            async with http.client(server) as client:
                for _ in range(2):
                    await client.fetch(
                        "http://site.test/",
                        kind=Kind.FEED,
                        headers={"Cookie": "mine=1", "Authorization": "x"},
                    )
            assert len(server.received) >= 4
            for request in server.received:
                assert not {"cookie", "authorization"} & request.headers.keys()

    http.play(scenario)


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
            assert (await refusal(client, "http://site.test/")).reason is Reason.CONNECT
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
            assert (await refusal(client, "http://site.test/")).reason is Reason.TOO_LARGE

    http.play(scenario)


def test_a_refused_connection_is_connect(http):
    """Where nobody listens, the reason is connect."""

    async def scenario():
        async with http.client(names=("site.test",), static_hosts=(("site.test", "127.0.0.1", 1),)) as client:
            assert (await refusal(client, "http://site.test/")).reason is Reason.CONNECT

    http.play(scenario)
