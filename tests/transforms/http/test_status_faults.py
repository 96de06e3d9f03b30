"""Faults 18 to 22, 26 and 27: what statuses and headers mean, each test named after its number."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from schemas.dead_letters import Reason
from transforms.http.content import classify_page
from transforms.http.errors import Deferred
from transforms.http.response import Hop, Kind

FEED = b"<?xml version='1.0'?><rss><channel><title>x</title></channel></rss>"
CHALLENGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body><div>Checking</div><script>window._cf_chl_opt={cvId:'3'}</script></body></html>"


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("120", 120, 120),
        (timedelta(seconds=300), 200, 300),
        (timedelta(hours=-1), 0, 0),
        ("315360000", 86_400, 86_400),
        (timedelta(days=3650), 86_400, 86_400),
        ("9" * 400, 86_400, 86_400),
    ],
)
def test_fault_18_retry_after_is_obeyed_and_clamped(http, status, value, least, most):
    """Seconds, a date, the past, ten years: the wait is reported, at most a day, and the host's gate keeps it."""
    if isinstance(value, timedelta):
        value = format_datetime(datetime.now(UTC) + value, usegmt=True)

    async def scenario():
        async with (
            http.Server({"/": http.reply(status, headers={"Retry-After": value})}) as server,
            http.client(server) as client,
        ):
            error = await http.refusal(client, "http://site.test/")
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
                    error = await http.refusal(client, "http://site.test/")
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
            error = await http.refusal(client, "http://site.test/")
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
            assert (await http.refusal(client, "http://site.test/never")).reason is Reason.EMPTY
            assert server.paths.count("/never") == 2
            assert server.received[-1].headers["user-agent"] == "tocsin/test (+https://tocsin.test)"

    http.play(scenario)


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
                error = await http.refusal(client, "http://site.test/page", Kind.PAGE)
                assert (error.reason, error.http_status) == (Reason.CHALLENGE, status)

    http.play(scenario)


def test_fault_26_a_challenge_in_a_header_is_named(http):
    """A refusal whose header says that it is a challenge is one without a look at its body."""

    async def scenario():
        async with (
            http.Server({"/": http.reply(403, b"no", {"cf-mitigated": "challenge"})}) as server,
            http.client(server) as client,
        ):
            assert (await http.refusal(client, "http://site.test/")).reason is Reason.CHALLENGE

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
