"""Faults 11 to 13: servers that take for ever, each test named after its number."""

import asyncio

import pytest

from schemas.dead_letters import Reason


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
        async with (
            http.Server({"/": dripping(start)}) as server,
            http.client(server, request_timeout=0.3, first_byte_timeout=0.2) as client,
        ):
            begun = asyncio.get_running_loop().time()
            error = await http.refusal(client, "http://site.test/")
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
                assert (await http.refusal(client, "http://site.test/0")).reason is Reason.TIMEOUT
            assert len(server.received) <= 3

    http.play(scenario)


def test_fault_12_a_stall_before_the_first_byte_meets_its_deadline(http):
    """A server that takes the request and says nothing is left at the first-byte deadline, before the total one."""

    async def scenario():
        async with (
            http.Server({"/": http.stall}) as server,
            http.client(server, request_timeout=20.0, first_byte_timeout=0.2) as client,
        ):
            begun = asyncio.get_running_loop().time()
            assert (await http.refusal(client, "http://site.test/")).reason is Reason.TIMEOUT
            assert asyncio.get_running_loop().time() < begun + 5

    http.play(scenario)


def test_fault_12_a_stall_after_the_headers_meets_its_deadline(http):
    """A server that stops in mid-body is left too."""

    async def stop(_request, writer):
        writer.write(http.reply(200, b"half", length=100))
        await asyncio.sleep(60)

    async def scenario():
        async with (
            http.Server({"/": stop}) as server,
            http.client(server, request_timeout=20.0, first_byte_timeout=0.2) as client,
        ):
            assert (await http.refusal(client, "http://site.test/")).reason is Reason.TIMEOUT

    http.play(scenario)


def test_fault_12_a_handshake_stall_meets_the_connect_deadline(http):
    """A server that accepts and never answers the TLS handshake is left at the connect deadline."""

    async def silent(reader, writer):
        while await reader.read(1 << 16):
            pass
        writer.close()

    async def scenario():
        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        fixed = (("site.test", "127.0.0.1", port),)
        async with http.client(names=("site.test",), static_hosts=fixed, connect_timeout=0.2) as client:
            error = await http.refusal(client, "https://site.test/")
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
                error = await http.refusal(client, "http://site.test/a")
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
            error = await http.refusal(client, "http://site.test/0")
            assert error.reason is Reason.REDIRECT_LOOP
            assert server.paths == [f"/{n}" for n in range(11)]

    http.play(scenario)
