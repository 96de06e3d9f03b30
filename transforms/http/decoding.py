"""Content encodings undone piece by piece, so that a bomb costs no more memory than the cap on its result."""

import sys
import zlib
from collections.abc import Iterator
from typing import Final, Protocol

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ACCEPTED: Final = "gzip, deflate, br, zstd"
"""The value of Accept-Encoding."""

_STEP: Final = 64 * 1024
_ZSTD_LARGEST_WINDOW_LOG: Final = 23
"""RFC 9659: a window above 8 MiB is not for HTTP."""


class EncodingError(Exception):
    """A content encoding that is unknown or stacked, or a body that is not what its encoding says."""


class Decoder(Protocol):
    """Undoes one content encoding."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The decoded pieces of the next encoded bytes, each of bounded size. Raises EncodingError."""

    def finish(self) -> None:
        """Raise EncodingError where the encoded stream has not come to its end."""


def decoder_for(content_encoding: list[str]) -> Decoder:
    """The decoder for the values of a response's Content-Encoding headers.

    Raises EncodingError where two encodings are stacked, which only bombs use, or one is not known.
    """
    names = [name.strip().lower() for value in content_encoding for name in value.split(",")]
    names = [name for name in names if name not in ("", "identity")]
    if not names:
        return _Identity()
    if len(names) > 1:
        raise EncodingError(f"stacked content encodings are refused: {', '.join(names)[:100]}")
    match names[0]:
        case "gzip" | "x-gzip":
            return _Gzip()
        case "deflate":
            return _Deflate()
        case "br":
            return _Brotli()
        case "zstd":
            return _Zstandard()
        case other:
            raise EncodingError(f"the content encoding {other[:40]!r} is not known")


class _Identity:
    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data

    def finish(self) -> None:
        pass


class _Gzip:
    """RFC 1952, members one after another; what follows a member and is no gzip is ignored, as browsers do."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=31)
        self._begun = False
        self._members = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._inflate.eof:
                if not data.startswith(b"\x1f"):
                    return
                self._inflate = zlib.decompressobj(wbits=31)
            self._begun = True
            yield from _inflated(self._inflate, data)
            data = self._inflate.unused_data

    def finish(self) -> None:
        if self._begun and not self._inflate.eof:
            raise EncodingError("the gzip stream ends early")


class _Deflate:
    """RFC 9110 means zlib's wrapping (RFC 1950); some servers send the bare stream (RFC 1951)."""

    def __init__(self) -> None:
        self._head = b""
        self._inflate: zlib._Decompress | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._inflate is None:
            self._head += data
            if len(self._head) < 2:
                return
            data, self._head = self._head, b""
            wrapped = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            self._inflate = zlib.decompressobj(wbits=15 if wrapped else -15)
        if not self._inflate.eof:
            yield from _inflated(self._inflate, data)

    def finish(self) -> None:
        if self._head or (self._inflate is not None and not self._inflate.eof):
            raise EncodingError("the deflate stream ends early")


class _Brotli:
    """RFC 7932."""

    def __init__(self) -> None:
        self._decompressor = brotli.Decompressor()
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._decompressor.is_finished():
            return
        self._begun = True
        try:
            yield self._decompressor.process(data, output_buffer_limit=_STEP)
            while not self._decompressor.can_accept_more_data():
                yield self._decompressor.process(b"", output_buffer_limit=_STEP)
        except brotli.error as error:
            raise EncodingError(f"the body is no brotli stream: {error}") from error

    def finish(self) -> None:
        if self._begun and not self._decompressor.is_finished():
            raise EncodingError("the brotli stream ends early")


class _Zstandard:
    """RFC 8878, frames one after another, with RFC 9659's bound on the window."""

    def __init__(self) -> None:
        self._decompressor = self._fresh()
        self._begun = False

    @staticmethod
    def _fresh() -> zstd.ZstdDecompressor:
        return zstd.ZstdDecompressor(
            options={zstd.DecompressionParameter.window_log_max: _ZSTD_LARGEST_WINDOW_LOG}
        )

    def feed(self, data: bytes) -> Iterator[bytes]:
        try:
            while data:
                if self._decompressor.eof:
                    self._decompressor = self._fresh()
                self._begun = True
                yield self._decompressor.decompress(data, _STEP)
                while not (self._decompressor.eof or self._decompressor.needs_input):
                    yield self._decompressor.decompress(b"", _STEP)
                data = self._decompressor.unused_data if self._decompressor.eof else b""
        except zstd.ZstdError as error:
            raise EncodingError(f"the body is no zstd stream: {error}") from error

    def finish(self) -> None:
        if self._begun and not self._decompressor.eof:
            raise EncodingError("the zstd stream ends early")


def _inflated(inflate: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    try:
        while not inflate.eof:
            piece = inflate.decompress(data, _STEP)
            data = inflate.unconsumed_tail
            if piece:
                yield piece
            elif not data:
                return
    except zlib.error as error:
        raise EncodingError(f"the body is no such stream: {error}") from error
