"""A response's body, read piece by piece, decoded and bounded."""

import asyncio
from io import BytesIO
from typing import Final, NamedTuple

import aiohttp

from transforms.http.decoding import decoder_for
from transforms.http.patience import Patience

_WIRE_SLACK: Final = 1024 * 1024
"""Encoded bytes beyond the cap on decoded ones: streams that decode to nothing end too."""

_LARGE: Final = 1024 * 1024
"""Bytes from which a body is large. News pages and feeds hardly ever are."""


class Body(NamedTuple):
    """`truncated`: there was more than the cap. `incomplete`: the connection ended before the body did."""

    data: bytes
    truncated: bool = False
    incomplete: bool = False


NO_BODY: Final = Body(b"")


class BodyReader:
    """Reads bodies, of the large ones `most_large` at once: however many hosts send bombs, memory is bounded."""

    def __init__(self, most_large: int) -> None:
        self._large = asyncio.Semaphore(most_large)

    async def read(self, response: aiohttp.ClientResponse, cap: int, patience: Patience) -> Body:
        """The body up to `cap` decoded bytes, each read within the patience for silence.

        A response that is not read to its end has its connection closed. Raises EncodingError where the body is
        not what its encoding says, aiohttp's errors where the connection was reset.
        """
        is_large = False
        try:
            decoder = decoder_for(response.headers.getall("Content-Encoding", []))
            body = BytesIO()
            wire = 0
            patience.renew()
            async for data in response.content.iter_any():
                wire += len(data)
                if not is_large and body.tell() > _LARGE:
                    await patience.hold(self._large)
                    is_large = True
                patience.renew()
                for piece in decoder.feed(data):
                    body.write(piece)
                    if body.tell() > cap:
                        break
                if body.tell() > cap or wire > cap + _WIRE_SLACK:
                    response.close()
                    body.truncate(cap)
                    return Body(body.getvalue(), truncated=True)
            decoder.finish()
            return Body(body.getvalue())
        except (aiohttp.ClientPayloadError, aiohttp.ClientOSError, ConnectionResetError) as error:
            if _was_reset(error):
                raise
            return Body(body.getvalue(), incomplete=True)
        finally:
            if is_large:
                self._large.release()


def _was_reset(error: BaseException | None) -> bool:
    """Whether a body ended by a reset rather than by an orderly close before its announced end."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError) or "Reset" in repr(error):
            return True
        error = error.__cause__
    return False
