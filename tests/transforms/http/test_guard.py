"""The guard: what it refuses, what it lets through, and what its exceptions open."""

import asyncio

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.dead_letters import Reason
from transforms.http.errors import FetchError
from transforms.http.guard import AllowList, parse_allow_host, refused
from transforms.http.response import Kind
from transforms.http.target import parse_target

REFUSED_ADDRESSES = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.255.255.254",
    "169.254.1.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.0.170", "192.0.2.1",
    "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::7f00:1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:a00:1::1", "2002:808:808::1",
    "3fff::1", "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "febf::1", "fec0::1", "feff::1", "ff02::1", "ff0e::1",
    "4000::1", "fe80::1%eth0", "2606:4700::1%1",
]  # fmt: skip

PUBLIC_ADDRESSES = [
    "1.0.0.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1",
    "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.1", "192.0.3.1", "192.88.98.1",
    "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.1", "203.0.112.1", "223.255.255.255",
    "2000::1", "2001:200::1", "2001:4860:4860::8888", "2001:db7::1", "2003::1", "2606:4700::1111", "2a00:1450::1",
    "3ffe::1",
]  # fmt: skip

LOOPBACK_SPELLINGS = [
    "127.0.0.1", "127.1", "127.0.1", "127.000.000.001", "127.0.0.1.", "2130706433", "017700000001", "0x7f000001",
    "0X7F000001", "0x7f.1", "0x7f.0.0.1", "0177.0.0.1", "0177.1", "0x7f.0x0.0x0.0x1", "0177.0x0.0.1", "127.0x1",
    "127.65537", "%31%32%37.0.0.1", "127%2e0%2e0%2e1", "%31%32%37%2E1", "１２７.0.0.1", "①②⑦.⓪.⓪.①", "127。0。0。1",
    "127．0．0．1", "127｡1", "０ｘ７ｆ.１", "２１３０７０６４３３", "localhost", "LOCALHOST", "localhost.", "LocalHost。",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "ｌｏｃａｌｈｏｓｔ", "%6c%6f%63alhost", "feeds.localhost", "user@127.0.0.1", "8.8.8.8@127.0.0.1",
    "user:pass@localhost", "8.8.8.8%40127.0.0.1", "127.0.0.1%00.example.org", "0", "0.0.0.0", "0x0", "00000.0",
    "[::1]", "[0:0:0:0:0:0:0:1]", "[::0001]", "[::]", "[::127.0.0.1]", "[::7f00:1]", "[::ffff:127.0.0.1]",
    "[::FFFF:7F00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]", "[fec0::1]", "[fe80::1]", "[fe80::1%25lo]", "[fe80::1%lo]", "[::1%25lo]", "[::1%lo]", "[fd00::1]",
    "[ff02::1]", "169.254.169.254", "0xa9fea9fe", "2852039166", "192.168.0.1", "10.0.0.1", "172.16.0.1", "100.64.0.1",
    "127.0.0.1\\@8.8.8.8", "8.8.8.8\\@127.0.0.1", "127.0.0.1\t", "127.\n0.0.1",
]  # fmt: skip

PUBLIC_SPELLINGS = [
    ("8.8.8.8", "8.8.8.8"), ("8.8.2056", "8.8.8.8"), ("134744072", "8.8.8.8"), ("0x08080808", "8.8.8.8"),
    ("010.8.8.8", "8.8.8.8"), ("８.８.８.８", "8.8.8.8"), ("%38.8.8.8", "8.8.8.8"), ("8.8.8.8.", "8.8.8.8"),
    ("user:pass@8.8.8.8", "8.8.8.8"), ("127.0.0.1@8.8.8.8", "8.8.8.8"), ("[2606:4700:0::1111]", "2606:4700::1111"),
    ("EXAMPLE.org", "example.org"), ("münchen.example", "xn--mnchen-3ya.example"), ("localhost.example.org", "localhost.example.org"),
]  # fmt: skip

NOBODY = AllowList.of(())


@pytest.mark.parametrize("address", REFUSED_ADDRESSES)
def test_refused(address):
    """No address of a special-purpose net is connected to."""
    assert refused(address)


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_public_twins(address):
    """Addresses next to those nets, and known public ones, are let through."""
    assert refused(address) is None


@settings(deadline=None)
@given(st.text(max_size=20))
def test_refuses_what_is_no_address(text):
    """Whatever the system might read as an address in its own way is refused unless it is one in the usual spelling."""
    if refused(text) is None:
        assert set(text) <= set("0123456789abcdefABCDEF.:")


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_agrees_with_the_standard_library_where_it_refuses(address):
    """Nothing that Python's registry calls not global is let through."""
    if not address.is_global:
        assert refused(str(address))


def test_spellings_are_many():
    """The table holds at least sixty spellings."""
    assert len(set(LOOPBACK_SPELLINGS)) >= 60


def test_no_spelling_reaches_loopback(http):
    """However a refused address is spelt in a URL, it is refused by name, and a listener behind it hears nothing."""

    async def scenario():
        async with http.Server({"/": http.reply(200, b"secret")}) as server:
            async with http.client(names=()) as client:
                for spelling in LOOPBACK_SPELLINGS:
                    url = f"http://{spelling}:{server.port}/"
                    with pytest.raises(FetchError) as caught:
                        await client.fetch(url, kind=Kind.FEED)
                    assert caught.value.reason in (Reason.PRIVATE_ADDRESS, Reason.BAD_URL), spelling
            assert server.connections == 0

    http.play(scenario)


def test_no_redirect_spelling_reaches_loopback(http):
    """However a redirect spells a refused address, it is refused, and a listener behind it hears nothing."""

    async def scenario():
        async with http.Server({"/": http.reply(200, b"secret")}) as listener, http.Server() as server:
            locations = {
                f"/{number}": f"http://{spelling}:{listener.port}/"
                for number, spelling in enumerate(LOOPBACK_SPELLINGS)
                if spelling.isprintable()
            }
            locations["/scheme-relative"] = f"//127.0.0.1:{listener.port}/"
            for path, location in locations.items():
                server.answers[path] = http.reply(
                    302, raw_headers=b"Location: " + location.encode() + b"\r\n"
                )
            async with http.client(server, request_timeout=2.0) as client:
                for path, location in locations.items():
                    with pytest.raises(FetchError) as caught:
                        await client.fetch(f"http://site.test{path}", kind=Kind.FEED)
                    assert caught.value.reason in (Reason.PRIVATE_ADDRESS, Reason.BAD_REDIRECT), location
            assert listener.connections == 0

    http.play(scenario)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "127.1", "::127.0.0.1"]
)
def test_no_name_reaches_loopback(http, address):
    """A name that resolves to a refused address is refused at connect, for feeds, pages and their robots.txt."""

    async def scenario():
        async with http.Server() as server:
            resolver = http.Resolver({"innocent.test": [[address]]}, server.port)
            async with http.client(names=(), resolver=resolver) as client:
                for kind in (Kind.FEED, Kind.PAGE):
                    with pytest.raises(FetchError) as caught:
                        await client.fetch("http://innocent.test/", kind=kind)
                    assert caught.value.reason is Reason.PRIVATE_ADDRESS
            assert server.connections == 0

    http.play(scenario)


@pytest.mark.parametrize(("spelling", "host"), PUBLIC_SPELLINGS)
def test_public_spellings_are_taken(spelling, host):
    """Odd spellings of public hosts are put into the usual one, without user information."""
    target = parse_target(f"http://{spelling}/a?b=%27#c", NOBODY)
    assert target.host == host
    assert target.url.raw_user is None
    assert target.url.raw_path_qs == "/a?b=%27"


def test_an_exempt_host_is_exempt_alone(http):
    """An exception for one name opens that name, not another that leads to the same address, nor its other port."""

    async def scenario():
        async with http.Server({"/": http.reply(200, b"<rss/>")}) as server:
            resolver = http.Resolver(
                {"mine.test": [["127.0.0.1"]], "evil.test": [["127.0.0.1"]]}, server.port
            )
            async with http.client(names=("mine.test:8080",), resolver=resolver) as client:
                response = await client.fetch("http://mine.test:8080/", kind=Kind.FEED)
                assert response.status == 200
                for url in ("http://evil.test:8080/", "http://mine.test/", "http://mine.test:8081/"):
                    with pytest.raises(FetchError) as caught:
                        await client.fetch(url, kind=Kind.FEED)
                    assert caught.value.reason is Reason.PRIVATE_ADDRESS, url
            assert server.connections == 1

    http.play(scenario)


def test_an_exempt_net_is_exempt_by_address(http):
    """An exception for a net opens its addresses under any name, and no other address."""

    async def scenario():
        async with http.Server({"/": http.reply(200, b"<rss/>")}) as server:
            resolver = http.Resolver({"a.test": [["127.0.0.1"]], "b.test": [["127.9.0.1"]]}, server.port)
            async with http.client(names=("127.0.0.0/16",), resolver=resolver) as client:
                assert (await client.fetch("http://a.test/", kind=Kind.FEED)).status == 200
                assert (await client.fetch(f"http://127.1:{server.port}/", kind=Kind.FEED)).status == 200
                with pytest.raises(FetchError) as caught:
                    await client.fetch("http://b.test/", kind=Kind.FEED)
                assert caught.value.reason is Reason.PRIVATE_ADDRESS

    http.play(scenario)


def test_redirects_of_an_exempt_host_are_judged_anew(http):
    """A host's exemption does not pass on to where it redirects, nor does its open connection."""

    async def scenario():
        async with http.Server() as server:
            server.answers["mine.test/"] = http.reply(302, headers={"Location": "http://evil.test/"})
            resolver = http.Resolver(
                {"mine.test": [["127.0.0.1"]], "evil.test": [["127.0.0.1"]]}, server.port
            )
            async with http.client(names=("mine.test",), resolver=resolver) as client:
                with pytest.raises(FetchError) as caught:
                    await client.fetch("http://mine.test/", kind=Kind.FEED)
                assert caught.value.reason is Reason.PRIVATE_ADDRESS
            assert [request.host for request in server.received] == ["mine.test"]

    http.play(scenario)


def test_a_proxy_is_reached_but_literals_behind_it_are_refused(http):
    """With a proxy the guard lets the proxy itself be reached, and still refuses what a URL spells out."""

    async def scenario():
        async with http.Server() as proxy:
            proxy.answers["http://example.org/"] = http.reply(200, b"<rss/>")

            async def answer(request, writer):
                writer.write(http.reply(200, request.path.encode()))

            proxy.answers.update({"example.orghttp://example.org/feed": answer})
            async with http.client(names=(), proxy=f"http://127.0.0.1:{proxy.port}") as client:
                response = await client.fetch("http://example.org/feed", kind=Kind.FEED)
                assert response.body == b"http://example.org/feed"
                for url in ("http://127.0.0.1/", "http://0x7f.1/", "http://localhost/", "http://[::1]/"):
                    with pytest.raises(FetchError) as caught:
                        await client.fetch(url, kind=Kind.FEED)
                    assert caught.value.reason is Reason.PRIVATE_ADDRESS
            assert proxy.paths == ["http://example.org/feed"]

    http.play(scenario)


def test_the_environment_names_no_proxy(http, monkeypatch):
    """Proxy variables of the environment are ignored."""

    async def scenario():
        async with http.Server() as proxy, http.Server({"/": http.reply(200, b"x")}) as server:
            monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
            async with http.client(server) as client:
                await client.fetch("http://site.test/", kind=Kind.FEED)
            assert proxy.connections == 0

    http.play(scenario)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("news.test", "news.test", None),
        ("News.TEST.", "news.test", None),
        ("news.test:8080", "news.test", 8080),
        ("127.1", "127.0.0.1", None),
        ("[::1]:80", "::1", 80),
        ("::1", "::1", None),
    ],
)
def test_allow_host_is_read(text, host, port):
    """Hosts, hosts with ports and addresses are taken in any of their spellings."""
    exemption = parse_allow_host(text)
    assert (exemption.host, exemption.port) == (host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "10.0.0.1/8",
        "http://a.test/",
        "a.test:x",
        "a.test:0",
        "a.test:70000",
        "u@a.test",
        "*.test",
        "a b",
        "[::1",
        "[::1]x",
        "1.2.3.4.5",
    ],
)
def test_allow_host_refuses_nonsense_by_name(text):
    """What is no host and no net is refused with a sentence that quotes it."""
    with pytest.raises(ValueError, match=r"\w+ ") as caught:
        parse_allow_host(text)
    assert repr(text) in str(caught.value)


def test_a_socket_outside_a_request_is_refused(http):
    """The session can't be used around the guard: a connection that no request asked for is not made."""

    async def scenario():
        async with http.Server() as server, http.client(server) as client:
            session = client._transport._session
            with pytest.raises(aiohttp.ClientError, match="no request asked"):
                await session.get(f"http://127.0.0.1:{server.port}/")
            await asyncio.sleep(0)
            assert server.connections == 0

    http.play(scenario)
