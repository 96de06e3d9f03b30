"""The client's plain work: what is sent, what comes back, which connections stay open."""

import asyncio

import pytest

from schemas.dead_letters import Reason
from transforms.http.errors import Deferred
from transforms.http.response import Kind

FEED = b"<rss version='2.0'/>"


def test_what_is_sent_says_who_asks_and_nothing_else(http):
    """User agent, Accept, encodings and the caller's conditions are sent; no referrer, cookie or address."""

    async def scenario():
        async with http.Server({"/": http.reply(200, FEED)}) as server, http.client(server) as client:
            await client.fetch(
                "http://site.test/",
                kind=Kind.FEED,
                headers={"If-None-Match": '"v1"', "If-Modified-Since": "x"},
            )
            (request,) = server.received
            assert set(request.headers) == {
                "host", "user-agent", "accept", "accept-encoding", "if-none-match", "if-modified-since",
            }  # fmt: skip
            assert request.headers["user-agent"] == "tocsin/test (+https://tocsin.test)"
            assert request.headers["accept-encoding"] == "gzip, deflate, br, zstd"
            assert "rss" in request.headers["accept"]
            assert request.headers["if-none-match"] == '"v1"'

    http.play(scenario)


@pytest.mark.parametrize("value", ['"a"\r\nX-Injected: 1', '"a"\n', "\x00", '"é"', "\u2028"])
def test_an_etag_cannot_inject_a_header(http, value):
    """A stored ETag with line ends or other such characters is left out."""

    async def scenario():
        async with http.Server({"/": http.reply(200, FEED)}) as server, http.client(server) as client:
            await client.fetch("http://site.test/", kind=Kind.FEED, headers={"If-None-Match": value})
            (request,) = server.received
            assert not {"x-injected", "if-none-match"} & request.headers.keys()

    http.play(scenario)


def test_the_response_as_it_came(http):
    """Status, final URL, headers without regard to case, body, time and robots are as they were."""

    async def slow(_request, writer):
        await asyncio.sleep(0.05)
        writer.write(
            http.reply(200, FEED, {"ETag": '"v2"', "Content-Type": "application/rss+xml; charset=utf-8"})
        )

    async def scenario():
        async with http.Server({"/feed": slow}) as server, http.client(server) as client:
            response = await client.fetch("http://SITE.test:80/feed#top", kind=Kind.FEED)
            assert response.url == "http://site.test/feed"
            assert (response.status, response.body, response.truncated) == (200, FEED, False)
            assert response.headers["etag"] == response.headers["ETag"] == '"v2"'
            assert response.content_type == "application/rss+xml; charset=utf-8"
            assert (response.robots, response.redirects) == ("exempt", ())
            assert 50 <= response.elapsed_ms < 5000

    http.play(scenario)


def test_a_304_to_a_conditional_request_comes_back(http):
    """A feed that has not changed is a response of status 304 without a body."""

    async def scenario():
        async with (
            http.Server({"/": http.reply(304, headers={"ETag": '"v1"'})}) as server,
            http.client(server) as client,
        ):
            response = await client.fetch(
                "http://site.test/", kind=Kind.FEED, headers={"if-none-match": '"v1"'}
            )
            assert (response.status, response.body) == (304, b"")

    http.play(scenario)


def test_one_connection_serves_a_host(http):
    """A host's requests share a connection, past redirects, errors and 304s."""

    async def scenario():
        answers = {
            "/": http.reply(200, FEED),
            "/moved": http.reply(301, headers={"Location": "/"}),
            "/same": http.reply(304),
        }
        async with http.Server(answers) as server, http.client(server, ignore_robots=True) as client:
            await client.fetch("http://site.test/", kind=Kind.FEED)
            await client.fetch("http://site.test/moved", kind=Kind.FEED)
            await client.fetch("http://site.test/same", kind=Kind.FEED, headers={"If-None-Match": "x"})
            await http.refusal(client, "http://site.test/missing")
            await client.fetch("http://site.test/", kind=Kind.PAGE)
            assert server.connections == 1

    http.play(scenario)


def test_names_of_one_address_share_no_connection(http):
    """Two names that lead to one server have connections of their own, as the guard judged each for its name."""

    async def scenario():
        async with http.Server({"/": http.reply(200, FEED)}) as server, http.client(server) as client:
            await client.fetch("http://site.test/", kind=Kind.FEED)
            await client.fetch("http://other.test/", kind=Kind.FEED)
            assert server.connections == 2

    http.play(scenario)


def test_open_connections_are_bounded(http):
    """Beyond the bound on open connections a request asks the server to close its own."""

    async def scenario():
        async with http.Server({"/": http.reply(200, FEED)}) as server:
            async with http.client(server, max_idle_connections=1) as client:
                for host in ("site", "other", "site"):
                    await client.fetch(f"http://{host}.test/", kind=Kind.FEED)
            sent = [(r.host, r.headers.get("connection")) for r in server.received if r.path == "/"]
            assert sent == [("site.test", None), ("other.test", "close"), ("site.test", None)]

    http.play(scenario)


def test_requests_in_flight_are_bounded(http):
    """No more requests are in flight at once than the settings allow, over all hosts."""
    under_way, most = 0, 0

    async def count(_request, writer):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        writer.write(http.reply(200, FEED))

    async def scenario():
        names = tuple(f"h{n}.test" for n in range(12))
        async with (
            http.Server({"/": count}) as server,
            http.client(server, names=names, max_connections=3) as client,
        ):
            await asyncio.gather(*(client.fetch(f"http://{name}/", kind=Kind.FEED) for name in names))
            assert most == 3

    http.play(scenario)


def test_two_fetches_of_one_host_wait_for_each_other(http):
    """Fetches of one host that are started together reach it one after another, a delay apart."""

    async def scenario():
        async with (
            http.Server({"/": http.reply(200, FEED)}) as server,
            http.client(server, host_delay=0.05, ignore_robots=True) as client,
        ):
            await asyncio.gather(*(client.fetch("http://site.test/", kind=Kind.FEED) for _ in range(4)))
            for before, after in zip(server.received, server.received[1:], strict=False):
                assert after.began - before.ended >= 0.05

    http.play(scenario)


def test_the_deadline_puts_off_what_must_wait(http):
    """A fetch whose host's turn comes after the deadline is put off at once, with its URL redacted."""

    async def scenario():
        async with (
            http.Server({"/": http.reply(200, FEED)}) as server,
            http.client(server, host_delay=60.0) as client,
        ):
            await client.fetch("http://site.test/", kind=Kind.FEED)
            with pytest.raises(Deferred) as caught:
                await client.fetch(
                    "http://u:p@site.test/?token=x", kind=Kind.FEED, deadline=client.clock() + 5
                )
            assert caught.value.url == "http://site.test/?token=REDACTED"
            assert len(server.received) == 1

    http.play(scenario)


def test_a_redirect_waits_at_its_own_hosts_gate(http):
    """A redirect within a host keeps the host's delay; waits are not held against the request's time."""

    async def scenario():
        answers = {"/": http.reply(302, headers={"Location": "/end"}), "/end": http.reply(200, FEED)}
        async with (
            http.Server(answers) as server,
            http.client(server, host_delay=0.3, request_timeout=0.25) as client,
        ):
            response = await client.fetch("http://site.test/", kind=Kind.FEED)
            assert server.received[1].began - server.received[0].ended >= 0.3
            assert response.elapsed_ms < 250

    http.play(scenario)


def test_a_client_is_used_within_its_context(http):
    """Outside of its context a client refuses to work instead of leaking connections."""

    async def scenario():
        client = http.client()
        with pytest.raises(RuntimeError, match="context"):
            await client.fetch("http://site.test/", kind=Kind.FEED)

    http.play(scenario)


def test_a_page_that_is_moved_to_a_missing_one_is_what_it_became(http):
    """The reason of a failure is that of the last hop, with its URL."""

    async def scenario():
        answers = {
            "/": http.reply(301, headers={"Location": "http://other.test/gone"}),
            "/gone": http.reply(410),
        }
        async with http.Server(answers) as server, http.client(server) as client:
            error = await http.refusal(client, "http://site.test/", Kind.PAGE)
            assert (error.reason, error.url) == (Reason.GONE, "http://other.test/gone")

    http.play(scenario)
