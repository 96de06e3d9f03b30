"""Names to addresses: the system's resolver, and fixed answers for names that exist nowhere else."""

import asyncio
import socket

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver


class FixedNames(AbstractResolver):
    """Answers for some names with a fixed address and port, and asks `other` for the rest.

    The fixed port takes the place of the URL's, so that a site under http://name/ may listen on any port.
    """

    def __init__(
        self, names: tuple[tuple[str, str, int], ...], other: AbstractResolver | None = None
    ) -> None:
        self._names = {name.lower().rstrip("."): (address, port) for name, address, port in names}
        self._other = other

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name; raises OSError where it has none."""
        fixed = self._names.get(host.lower().rstrip("."))
        if fixed is None:
            if self._other is None:
                self._other = DefaultResolver(loop=asyncio.get_running_loop())
            return await self._other.resolve(host, port, family)
        address, fixed_port = fixed
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=fixed_port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        """Close the resolver that answers for other names."""
        if self._other is not None:
            await self._other.close()
