"""Faults 1 to 10: what addresses, names and redirects may be, each test named after its number."""

import asyncio

import pytest

from schemas.dead_letters import Reason
from transforms.http.response import Kind


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "fd00::1"]
)
def test_fault_01_private_addresses_are_refused_before_any_byte(http, address):
    """A private address is refused before any byte is sent, as a literal and behind a name."""

    async def scenario():
        async with http.Server() as server:
            resolver = http.Resolver({"name.test": [[address]]}, server.port)
            async with http.client(names=(), resolver=resolver) as client:
                literal = f"[{address}]" if ":" in address else address
                for url in (f"http://{literal}:{server.port}/", "http://name.test/"):
                    error = await http.refusal(client, url)
                    assert error.reason is Reason.PRIVATE_ADDRESS
                    assert not error.retryable
            assert server.connections == 0

    http.play(scenario)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0177.0.0.1", "0x7f000001"])
def test_fault_02_other_spellings_of_addresses_are_refused(http, host):
    """Short, decimal, octal and hexadecimal spellings are read as the system reads them."""

    async def scenario():
        async with http.Server() as server, http.client(names=()) as client:
            error = await http.refusal(client, f"http://{host}:{server.port}/")
            assert error.reason is Reason.PRIVATE_ADDRESS
            assert server.connections == 0

    http.play(scenario)


@pytest.mark.parametrize(
    "host",
    [
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fec0::1]",
        "[ff02::1]",
        "224.0.0.1",
        "0.0.0.0",
    ],
)
def test_fault_03_addresses_that_lead_home_by_translation_are_refused(http, host):
    """IPv4-mapped, NAT64, 6to4, site-local, multicast and unspecified addresses are refused."""

    async def scenario():
        async with http.Server() as server, http.client(names=()) as client:
            error = await http.refusal(client, f"http://{host}:{server.port}/")
            assert error.reason is Reason.PRIVATE_ADDRESS
            assert server.connections == 0

    http.play(scenario)


def test_fault_04_a_name_that_turns_private_is_refused_at_connect(http):
    """A name that led to an allowed address and then leads to a private one is refused at the second connect.

    127.0.0.1 stands for the public address, as no test may leave loopback: a net exempts it alone. The server
    listens on all addresses, so that a request to the private one would be heard.
    """

    async def once(_request, writer):
        writer.write(http.reply(200, b"<rss/>"))
        await writer.drain()
        writer.close()

    async def scenario():
        async with http.Server({"/": once}, host="0.0.0.0") as server:
            resolver = http.Resolver({"rebind.test": [["127.0.0.1"], ["127.0.0.2"]]}, server.port)
            async with http.client(names=("127.0.0.1/32",), resolver=resolver) as client:
                assert (await client.fetch("http://rebind.test/", kind=Kind.FEED)).status == 200
                client._transport._session.connector.clear_dns_cache()
                error = await http.refusal(client, "http://rebind.test/")
                assert error.reason is Reason.PRIVATE_ADDRESS
                assert "127.0.0.2" in error.detail
            assert resolver.asked == ["rebind.test", "rebind.test"]
            assert server.connections == 1

    http.play(scenario)


def test_fault_05_of_mixed_answers_the_private_one_is_never_connected_to(http):
    """Where a name has an allowed and private addresses, only the allowed one is connected to, in any order."""

    async def scenario():
        async with http.Server({"/": http.reply(200, b"<rss/>")}, host="0.0.0.0") as server:
            for answer in (
                ["127.0.0.2", "127.0.0.1"],
                ["127.0.0.1", "127.0.0.2"],
                ["::1", "127.0.0.2", "127.0.0.1"],
            ):
                resolver = http.Resolver({"mixed.test": [answer]}, server.port)
                async with http.client(names=("127.0.0.1/32",), resolver=resolver) as client:
                    assert (await client.fetch("http://mixed.test/", kind=Kind.FEED)).status == 200
            assert {request.to for request in server.received} == {"127.0.0.1"}
            assert server.connections == 3

    http.play(scenario)


def test_fault_05_an_allowed_answer_that_fails_is_not_made_up_for_by_a_private_one(http):
    """Where the allowed address does not answer, the private one is not tried; the reason is connect."""

    async def scenario():
        async with http.Server(host="0.0.0.0") as server:
            resolver = http.Resolver({"mixed.test": [["127.0.0.2", "127.0.0.1"]]}, 1)
            async with http.client(names=("127.0.0.1/32",), resolver=resolver) as client:
                error = await http.refusal(client, "http://mixed.test/")
                assert error.reason is Reason.CONNECT
            assert server.connections == 0

    http.play(scenario)


def test_fault_05_two_private_answers_are_private(http):
    """Where all of a name's addresses are refused, the reason says so rather than that connecting failed."""

    async def scenario():
        resolver = http.Resolver({"mixed.test": [["127.0.0.1", "::1", "10.0.0.1"]]}, 80)
        async with http.client(names=(), resolver=resolver) as client:
            error = await http.refusal(client, "http://mixed.test/")
            assert error.reason is Reason.PRIVATE_ADDRESS

    http.play(scenario)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_fault_06_a_redirect_to_a_private_address_is_refused(http, status):
    """Every kind of redirect goes through the guard, whether it names an address or a name that leads to one."""

    async def scenario():
        async with http.Server() as listener, http.Server() as server:
            resolver = http.Resolver({"inside.test": [["127.0.0.1"]]}, listener.port)
            async with http.client(server, resolver=resolver) as client:
                for location in (
                    f"http://127.0.0.1:{listener.port}/",
                    "http://inside.test/",
                    f"//[::ffff:127.0.0.1]:{listener.port}",
                ):
                    server.answers["/"] = http.reply(status, headers={"Location": location})
                    error = await http.refusal(client, "http://site.test/")
                    assert error.reason is Reason.PRIVATE_ADDRESS
            assert listener.connections == 0

    http.play(scenario)


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "data:text/html,x",
        "ftp://other.test/",
        "javascript:alert(1)",
        "gopher://other.test/",
        "//",
        "http://",
        "http:///x",
        "http://[::1",
        "http://other.test:99999/",
        "",
    ],
)
def test_fault_07_redirects_to_other_schemes_or_nowhere_are_refused(http, location):
    """A redirect to another scheme, or to no place, is bad_redirect with the status that ordered it."""

    async def scenario():
        async with (
            http.Server({"/": http.reply(302, headers={"Location": location})}) as server,
            http.client(server) as client,
        ):
            error = await http.refusal(client, "http://site.test/")
            assert error.reason is Reason.BAD_REDIRECT
            assert error.http_status == 302
            assert server.paths == ["/"]

    http.play(scenario)


def test_fault_08_robots_txt_goes_through_the_same_guard(http):
    """A robots.txt that redirects to a private address reaches nobody, and the page is not fetched meanwhile."""

    async def scenario():
        async with http.Server({"/robots.txt": http.reply(200)}) as listener, http.Server() as server:
            server.answers["/robots.txt"] = http.reply(
                302, headers={"Location": f"http://127.0.0.1:{listener.port}/robots.txt"}
            )
            server.answers["/page"] = http.reply(200, b"<html>")
            async with http.client(server) as client:
                error = await http.refusal(client, "http://site.test/page", Kind.PAGE)
                assert error.reason is Reason.PRIVATE_ADDRESS
            assert listener.connections == 0
            assert server.paths == ["/robots.txt"]

    http.play(scenario)


def test_fault_09_user_information_never_leaves(http):
    """User information of a URL or a redirect is not sent, kept or shown."""

    async def scenario():
        async with http.Server(
            {
                "/": http.reply(302, headers={"Location": "http://u:p4ss@other.test/x"}),
                "/x": http.reply(200, b"<rss/>"),
            }
        ) as server:
            async with http.client(server) as client:
                response = await client.fetch("http://user:s3cret@site.test/", kind=Kind.FEED)
                assert response.url == "http://other.test/x"
                assert response.redirects[0].location == "http://other.test/x"
                error = await http.refusal(client, "http://user:s3cret@site.test/none?token=t0ken&a=1")
                assert error.reason is Reason.HTTP_4XX
                for text in (str(error), repr(error), error.url, error.detail):
                    assert "s3cret" not in text
                    assert "t0ken" not in text
            for request in server.received:
                assert "authorization" not in request.headers
                assert "s3cret" not in str(request)

    http.play(scenario)


@pytest.mark.parametrize(
    "url",
    [
        "http://site.test/\x00",
        "http://site.test/a\r\nHost: x",
        "http://si\tte.test/",
        "http://site.test/\x7f",
        "http://site.test/\x85",
        "http://site.test/\ud800",
        "http://si te.test/",
        "http://site.test:0/",
    ],
)
def test_fault_09_control_characters_are_refused(http, url):
    """A URL with control characters, or that no encoding can carry, is bad_url and nothing is sent."""

    async def scenario():
        async with http.Server() as server, http.client(server) as client:
            assert (await http.refusal(client, url)).reason is Reason.BAD_URL
            assert server.connections == 0

    http.play(scenario)


def test_fault_09_other_odd_characters_are_normalised(http):
    """Spaces around a URL go; spaces, letters beyond ASCII and stray percent signs in it are percent-encoded."""

    async def scenario():
        async with http.Server({}) as server, http.client(server) as client:
            for url in (
                " http://site.test/a b \n",
                "http://site.test/é?q=ж#x",
                "http://site.test/100%/%41?a=%27&b=[1]|",
            ):
                await http.refusal(client, url)
            assert [path for path in server.paths if path != "/robots.txt"] == [
                "/a%20b",
                "/%C3%A9?q=%D0%B6",
                "/100%25/%41?a=%27&b=[1]%7C",
            ]

    http.play(scenario)


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("/caf\u00e9".encode(), "/caf%C3%A9"),
        ("/caf\u00e9".encode("latin-1"), "/caf%E9"),
        ("/новости".encode("cp1251"), "/%ED%EE%E2%EE%F1%F2%E8"),
        (b"  /padded  ", "/padded"),
        (b"x?y#z", "/dir/x?y"),
        (b"../up", "/up"),
        (b"?q=1", "/dir/start?q=1"),
    ],
)
def test_fault_09_locations_in_any_bytes_are_followed(http, raw, path):
    """A Location in raw UTF-8, Latin-1 or windows-1251 bytes, or relative, leads where a browser would go."""

    async def scenario():
        async with http.Server(
            {"/dir/start": http.reply(302, raw_headers=b"Location: " + raw + b"\r\n")}
        ) as server:
            async with http.client(server) as client:
                await http.refusal(client, "http://site.test/dir/start")
            assert server.paths[-1] == path

    http.play(scenario)


@pytest.mark.parametrize(
    "host",
    [
        "xn--",
        "xn--a",
        "xn--0000000",
        "a..test",
        "-.test",
        "a\u200d.test",
        "\u0301a.test",
        "a" * 64 + ".test",
        "a." * 127 + "test",
        "1.2.3.4.5",
        "256.1.1.1",
        "0x1g.1",
    ],
)
def test_fault_10_bad_international_names_are_refused(http, host):
    """A host that no DNS name can be is bad_url, without a lookup."""

    async def scenario():
        resolver = http.Resolver({}, 80)
        async with http.client(names=(), resolver=resolver) as client:
            assert (await http.refusal(client, f"http://{host}/")).reason is Reason.BAD_URL
            assert resolver.asked == []

    http.play(scenario)


@pytest.mark.parametrize(
    ("host", "asked"),
    [
        ("новости.test", "xn--b1amnebsh.test"),
        ("MÜNCHEN.test", "xn--mnchen-3ya.test"),
        ("faß.test", "xn--fa-hia.test"),
        ("例え。test", "xn--r8jz45g.test"),
    ],
)
def test_fault_10_good_international_names_become_punycode(http, host, asked):
    """An international name is looked up and named in Host by its punycode."""

    async def scenario():
        async with http.Server({"/": http.reply(200, b"<rss/>")}) as server:
            resolver = http.Resolver({asked: [["127.0.0.1"]]}, server.port)
            async with http.client(names=(asked,), resolver=resolver) as client:
                assert (await client.fetch(f"http://{host}/", kind=Kind.FEED)).status == 200
            assert [request.host for request in server.received] == [asked]

    http.play(scenario)


def test_a_name_without_address_is_dns(http):
    """A name that has no address is dns, and worth another try in a later run."""

    async def scenario():
        async with http.client(names=(), resolver=http.Resolver({}, 80)) as client:
            error = await http.refusal(client, "http://nowhere.test/")
            assert error.reason is Reason.DNS
            assert error.retryable
            await asyncio.sleep(0)

    http.play(scenario)
