"""Faults 24 and 25: robots.txt and Crawl-delay, each test named after its number."""

import pytest

from schemas.dead_letters import Reason
from transforms.http.response import Kind

FEED = b"<?xml version='1.0'?><rss><channel><title>x</title></channel></rss>"


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
                    error = await http.refusal(client, "http://site.test/page", Kind.PAGE)
                    assert error.reason is reason
                    assert error.retryable
            assert server.paths == ["/robots.txt"]

    http.play(scenario)


def test_fault_25_a_robots_txt_that_times_out_means_not_now(http):
    """A robots.txt that doesn't come in time is as one that fails."""

    async def scenario():
        async with (
            http.Server({"/robots.txt": http.stall}) as server,
            http.client(server, request_timeout=0.2) as client,
        ):
            assert (
                await http.refusal(client, "http://site.test/page", Kind.PAGE)
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
            assert (await http.refusal(client, "http://site.test/early", Kind.PAGE)).reason is Reason.ROBOTS

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
                assert (
                    await http.refusal(client, "http://site.test/page", Kind.PAGE)
                ).reason is Reason.ROBOTS
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
                error = await http.refusal(client, "http://site.test/page", Kind.PAGE)
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
