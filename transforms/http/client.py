"""The HTTP client: one fetch with its redirects, each hop through the guard, robots.txt and its host's gate."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from ssl import SSLContext
from types import TracebackType
from typing import Final, Self

from aiohttp import hdrs
from aiohttp.abc import AbstractResolver

from schemas.dead_letters import Reason
from transforms.http.content import is_media
from transforms.http.decoding import ACCEPTED
from transforms.http.errors import Deferred, FetchError
from transforms.http.host_gate import HostGate
from transforms.http.outcomes import LOOKED_AT, response_of
from transforms.http.redaction import redact
from transforms.http.redirects import next_target
from transforms.http.response import Hop, Kind, Response
from transforms.http.robots import MAX_REDIRECTS as ROBOTS_REDIRECTS
from transforms.http.robots import RobotsCache, Rules
from transforms.http.settings import HttpSettings
from transforms.http.statuses import (
    PERHAPS_CHALLENGE,
    RATE_LIMIT_PAUSE,
    REDIRECTS,
    WITH_BODY,
    retry_after,
)
from transforms.http.target import Target, parse_target
from transforms.http.transport import Exchange, Transport

_ACCEPT: Final = {
    Kind.FEED: (
        "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, "
        "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5"
    ),
    Kind.PAGE: "text/html, application/xhtml+xml, application/xml;q=0.8, */*;q=0.5",
    Kind.ROBOTS: "text/plain, */*;q=0.5",
}
_CONDITIONS: Final = frozenset({"if-none-match", "if-modified-since"})
_NOT_SENT: Final = frozenset({"authorization", "cookie", "proxy-authorization", "host", "connection"})
_LEARNED_FOR: Final = 3600.0
"""Seconds after which a host with feeds alone is looked up in the cache of robots.txt again."""
_HOST_FAILURES: Final = frozenset({Reason.CONNECT, Reason.TIMEOUT, Reason.DNS, Reason.RATE_LIMITED})
"""Reasons that say something of the host rather than of the one URL."""


@dataclass(frozen=True, slots=True)
class _Terms:
    """Until when and on what conditions requests are sent, as `Client.fetch` takes them."""

    deadline: float | None
    halt: asyncio.Event | None
    begin: Callable[[], Awaitable[None]] | None


class Client:
    """An HTTP client that is safe against what it fetches and polite to whom it asks.

    Use it as an async context manager, on one event loop. `gate` may be looked at, or given to have several
    clients share it. `resolver` and `ssl_context` take the place of the system's; `clock` counts seconds.
    """

    def __init__(
        self,
        settings: HttpSettings,
        *,
        resolver: AbstractResolver | None = None,
        ssl_context: SSLContext | None = None,
        gate: HostGate | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.gate = gate or HostGate(
            delay=settings.host_delay,
            longest_wait=settings.longest_wait,
            max_failures=settings.max_host_failures,
            max_retries=settings.max_host_retries,
            clock=clock,
        )
        self._resolver = resolver
        self._ssl_context = ssl_context
        self.clock = clock
        self._robots = RobotsCache(product_token=settings.product_token, clock=clock)
        self._learned: dict[str, float] = {}
        self._transport: Transport | None = None
        self._slots = asyncio.Semaphore(settings.max_connections)

    async def __aenter__(self) -> Self:
        self._transport = Transport(self.settings, resolver=self._resolver, ssl_context=self._ssl_context)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._robots.close()
        if self._transport is not None:
            await self._transport.close()
            self._transport = None

    def target(self, url: str) -> Target:
        """What a URL names, with the key of the gate at which it waits; raises FetchError for a bad URL."""
        return parse_target(url, self.settings.allow_list)

    async def fetch(
        self,
        url: str | Target,
        *,
        kind: Kind,
        headers: Mapping[str, str] | None = None,
        deadline: float | None = None,
        begin: Callable[[], Awaitable[None]] | None = None,
        halt: asyncio.Event | None = None,
    ) -> Response:
        """Fetch a URL with its redirects.

        `deadline` is on the client's clock: a wait at a host's gate that would end after it is not begun.
        `begin` is awaited when the first host's turn has come and before anything is sent: whoever must
        hold requests back does it there. Once `halt` is set, waits at gates end and no request is sent.
        Returns a response with status 200, 203 or 206, or 304 for a feed asked with conditions. A feed over
        its cap comes truncated. Raises FetchError for everything else, Deferred where the request was not sent.
        """
        target = self.target(url) if isinstance(url, str) else url
        try:
            return await self._follow(target, kind, headers or {}, _Terms(deadline, halt, begin))
        except Deferred as deferred:
            deferred.url = deferred.url or redact(target.text)
            raise

    async def _follow(
        self,
        target: Target,
        kind: Kind,
        headers: Mapping[str, str],
        terms: _Terms,
    ) -> Response:
        sent = self._headers(kind, headers)
        conditional = any(name.lower() in _CONDITIONS for name in headers)
        limit = ROBOTS_REDIRECTS if kind is Kind.ROBOTS else self.settings.max_redirects
        hops: list[Hop] = []
        seen = {target.text}
        spent = 0.0
        asked_again = False
        while True:
            robots = await self._robots_word(target, kind, terms, first=not (hops or asked_again))
            exchange, took = await self._hop(target, kind, sent, terms, spent)
            spent += took
            status = exchange.status
            if status in REDIRECTS:
                terms = replace(terms, begin=None)
                target = next_target(target, status, exchange.headers, self.settings.allow_list, seen)
                seen.add(target.text)
                hops.append(Hop(status, target.text))
                if len(hops) > limit:
                    raise FetchError(
                        Reason.REDIRECT_LOOP,
                        f"more than {limit} redirects",
                        url=target.text,
                        http_status=status,
                    )
                continue
            if status == 304 and not conditional:
                if asked_again:
                    raise FetchError(
                        Reason.EMPTY,
                        "not modified, says the server, to a request without conditions",
                        url=target.text,
                        http_status=status,
                    )
                asked_again = True
                terms = replace(terms, begin=None)
                sent["Cache-Control"] = "no-cache"
                continue
            return response_of(target, kind, exchange, tuple(hops), spent, robots)

    async def _hop(
        self,
        target: Target,
        kind: Kind,
        headers: Mapping[str, str],
        terms: _Terms,
        spent: float,
    ) -> tuple[Exchange, float]:
        """One request in its host's turn, with seconds it took; tells the gate how the host did."""
        if self._transport is None:
            raise RuntimeError("the client is used outside of its context")
        left = self.settings.request_timeout - spent
        async with self.gate.turn(target.gate, terms.deadline, terms.halt):
            if terms.begin is not None:
                await terms.begin()
            async with self._slots:
                started = self.clock()
                try:
                    exchange = await self._transport.exchange(
                        target, headers, within=left, cap=partial(self._cap, kind)
                    )
                except FetchError as error:
                    if error.reason in _HOST_FAILURES:
                        self.gate.failed(target.gate, f"{error.reason.value}: {error.detail}")
                    raise
            self._tell_gate(target, exchange)
            return exchange, self.clock() - started

    def _tell_gate(self, target: Target, exchange: Exchange) -> None:
        status = exchange.status
        wait = retry_after(exchange.headers, datetime.now(UTC)) if status in (429, 503) else None
        if status == 429 or wait is not None:
            self.gate.hold_back(target.gate, RATE_LIMIT_PAUSE if wait is None else wait)
            self.gate.failed(target.gate, f"rate_limited: status {status}")
        elif status < 500:
            self.gate.succeeded(target.gate)

    def _cap(self, kind: Kind, status: int, headers: Mapping[str, str]) -> int:
        """How many bytes of a body are worth reading."""
        if status not in WITH_BODY:
            return LOOKED_AT if status in PERHAPS_CHALLENGE and kind is not Kind.ROBOTS else 0
        if kind is Kind.PAGE and is_media(headers.get("Content-Type")):
            return LOOKED_AT
        return self.settings.cap(kind)

    def _headers(self, kind: Kind, headers: Mapping[str, str]) -> dict[str, str]:
        """What is sent: nothing that identifies anyone, and no value that could break out of its line."""
        sent: dict[str, str] = {
            hdrs.USER_AGENT: self.settings.user_agent,
            hdrs.ACCEPT: _ACCEPT[kind],
            hdrs.ACCEPT_ENCODING: ACCEPTED,
        }
        for name, value in headers.items():
            if name.lower() not in _NOT_SENT and value.isascii() and value.isprintable():
                sent[name] = value  # noqa: PERF403 - a plain loop is the faster one here
        return sent

    async def _robots_word(self, target: Target, kind: Kind, terms: _Terms, *, first: bool) -> str:
        """The robots.txt word for the record; raises FetchError where the page is not to be fetched."""
        if kind is Kind.ROBOTS:
            return "exempt"
        if self.settings.ignore_robots:
            return "ignored"
        if kind is Kind.FEED:
            if first:
                await self._learn_pause(target, terms)
            return "exempt"
        rules = await self._rules(target, terms)
        word = rules.verdict(target.text, self.settings.product_token)
        if word is None:
            raise FetchError(Reason.ROBOTS, "the site's robots.txt disallows it", url=target.text)
        return word

    async def _learn_pause(self, target: Target, terms: _Terms) -> None:
        """Have the gate of a feed's host keep the pause that its robots.txt asks for.

        A pause matters from the second request on: a host with one feed isn't asked for its robots.txt at every
        poll. Where it can't be had the feed is fetched all the same.
        """
        if self.gate.served(target.gate) and self._learned.get(target.gate, 0.0) <= self.clock():
            self._learned[target.gate] = self.clock() + _LEARNED_FOR
            with suppress(FetchError, Deferred):
                await self._rules(target, terms)

    async def _rules(self, target: Target, terms: _Terms) -> Rules:
        """The rules of a target's site; has its gate keep the pause that they ask for."""
        rules = self._robots.cached(target) or await self._robots.rules(
            target, lambda: self._fetch_robots(target, terms)
        )
        if rules.crawl_delay:
            self.gate.slow_down(target.gate, min(rules.crawl_delay, self.settings.max_crawl_delay))
        return rules

    async def _fetch_robots(self, target: Target, terms: _Terms) -> bytes | None:
        """The body of a site's robots.txt, None where it has none."""
        robots = self.target(f"{target.authority}/robots.txt")
        try:
            response = await self._follow(robots, Kind.ROBOTS, {}, replace(terms, begin=None))
        except FetchError as error:
            if error.reason in (Reason.HTTP_4XX, Reason.GONE, Reason.REDIRECT_LOOP, Reason.EMPTY):
                return None
            raise
        return response.body
