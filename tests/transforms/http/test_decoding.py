"""Content encodings: undone in pieces of any size, bounded in memory, refused where they are not what they say."""

import contextlib
import gzip
import sys
import tracemalloc
import zlib
from pathlib import Path

import brotli
import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.dead_letters import Reason
from transforms.http.decoding import EncodingError, decoder_for
from transforms.http.response import Kind

MIB = 1024 * 1024
GIB = 1024 * MIB


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


ENCODERS = {
    "": lambda data: data,
    "identity": lambda data: data,
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": bare_deflate,
    "br": brotli.compress,
    "zstd": zstd.compress,
    "gzip, identity": lambda data: gzip.compress(data[:7]) + gzip.compress(data[7:]),
    "ZSTD": lambda data: zstd.compress(data[:7]) + zstd.compress(data[7:]),
}


def decoded(encoding: str, pieces: list[bytes]) -> bytes:
    decoder = decoder_for([encoding])
    result = b"".join(part for piece in pieces for part in decoder.feed(piece))
    decoder.finish()
    return result


@pytest.mark.parametrize("encoding", ENCODERS)
@settings(deadline=None)
@given(data=st.binary(max_size=3000), repeat=st.integers(1, 200), step=st.integers(1, 5000))
def test_every_encoding_is_undone_however_it_is_cut(encoding, data, repeat, step):
    """What was encoded comes back, whatever the pieces in which it arrives; members and frames in a row too."""
    data *= repeat
    wire = ENCODERS[encoding](data)
    pieces = [wire[start : start + step] for start in range(0, len(wire), step)]
    assert decoded(encoding, pieces) == data


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
@settings(deadline=None)
@given(garbage=st.binary(max_size=300))
def test_garbage_never_crashes(encoding, garbage):
    """Bytes that are no such stream are refused or decode to something; nothing else is raised."""
    with contextlib.suppress(EncodingError):
        decoded(encoding, [garbage])


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
@settings(deadline=None)
@given(data=st.binary(min_size=50, max_size=500), cut=st.integers(1, 8))
def test_a_stream_cut_short_is_refused(encoding, data, cut):
    """A stream that ends early is refused rather than taken for whole."""
    wire = ENCODERS[encoding](data)
    with pytest.raises(EncodingError):
        decoded(encoding, [wire[:-cut]])


def test_what_follows_a_gzip_member_and_is_none_is_ignored():
    """Padding after a gzip stream is ignored, as browsers do."""
    assert decoded("gzip", [gzip.compress(b"abc") + b"\x00" * 512]) == b"abc"


def test_an_empty_body_needs_no_stream():
    """A body of no bytes is empty under any encoding."""
    for encoding in ("gzip", "deflate", "br", "zstd"):
        assert decoded(encoding, []) == b""


def test_a_zstd_window_beyond_8_mib_is_refused():
    """A frame that asks for a window of 128 MiB is refused: RFC 9659 allows 8."""
    packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    wire = packer.compress(b"x" * MIB) + packer.flush()
    with pytest.raises(EncodingError):
        decoded("zstd", [wire])


@contextlib.contextmanager
def memory_growth():
    """By how much the process's memory grew at its peak: of the process on Linux, of Python's objects elsewhere."""
    growth = []
    own = Path("/proc/self")
    if sys.platform == "linux":
        (own / "clear_refs").write_text("5")
        before = resident("VmRSS")
        yield growth
        growth.append(resident("VmHWM") - before)
    else:
        tracemalloc.start()
        yield growth
        growth.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()


def resident(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name + ":"))


def gzip_bomb():
    packer = zlib.compressobj(1, wbits=31)
    block = b"\x00" * (4 * MIB)
    for _ in range(GIB // len(block)):
        yield packer.compress(block)
    yield packer.flush()


def zstd_bomb():
    packer = zstd.ZstdCompressor()
    block = b"\x00" * (4 * MIB)
    for _ in range(GIB // len(block)):
        yield packer.compress(block)
    yield packer.flush()


def brotli_bomb():
    packer = brotli.Compressor(quality=1)
    block = b"\x00" * (4 * MIB)
    for _ in range(GIB // len(block)):
        yield packer.process(block)
    yield packer.finish()


@pytest.mark.parametrize(
    ("encoding", "bomb"), [("gzip", gzip_bomb), ("br", brotli_bomb), ("zstd", zstd_bomb)]
)
def test_fault_14_a_gibibyte_bomb_stops_at_the_cap_with_flat_memory(http, encoding, bomb):
    """A 1 GiB bomb, sent while it is made, stops at the cap; the client's memory grows by less than 64 MiB."""

    async def explode(_request, writer):
        writer.write(
            f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: {encoding}\r\n\r\n".encode()
        )
        for piece in bomb():
            if writer.is_closing():
                return
            writer.write(piece)
            await writer.drain()
        writer.close()

    async def scenario():
        async with http.Server({"/": explode}) as server, http.client(server, request_timeout=20.0) as client:
            with memory_growth() as growth:
                response = await client.fetch("http://site.test/", kind=Kind.FEED)
            assert response.truncated
            assert len(response.body) == client.settings.feed_cap
            assert growth[0] < 64 * MIB

    http.play(scenario)


def test_fault_14_a_stream_that_decodes_to_nothing_ends_too(http):
    """Empty gzip members without end stop at a cap on the encoded bytes."""
    member = gzip.compress(b"")

    async def endless(_request, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
        while not writer.is_closing():
            writer.write(member * 3000)
            await writer.drain()

    async def scenario():
        async with http.Server({"/": endless}) as server, http.client(server, feed_cap=MIB) as client:
            response = await client.fetch("http://site.test/", kind=Kind.FEED)
            assert response.truncated
            assert response.body == b""

    http.play(scenario)


@pytest.mark.parametrize(
    ("encoding", "bomb"), [("gzip", gzip_bomb), ("br", brotli_bomb), ("zstd", zstd_bomb)]
)
def test_fault_14_a_bomb_for_a_page_is_too_large(http, encoding, bomb):
    """A page that decodes to more than its cap is too_large, and nothing of it is kept."""

    async def explode(_request, writer):
        writer.write(
            f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: {encoding}\r\n\r\n".encode()
        )
        for piece in bomb():
            if writer.is_closing():
                return
            writer.write(piece)
            await writer.drain()
        writer.close()

    async def scenario():
        async with http.Server({"/": explode}) as server, http.client(server) as client:
            error = await http.refusal(client, "http://site.test/", Kind.PAGE)
            assert error.reason is Reason.TOO_LARGE
            assert not error.retryable

    http.play(scenario)
