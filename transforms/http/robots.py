"""robots.txt by RFC 9309: what a site asks of this user agent, fetched once a day at most."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from protego import Protego

from schemas.dead_letters import Reason
from transforms.http.errors import FetchError
from transforms.http.target import Target

KEPT_FOR: Final = 86_400.0
"""Seconds: RFC 9309, 2.4: a cached robots.txt is not to be used for more than a day."""
UNAVAILABLE_FOR: Final = 600.0
"""Seconds after which a robots.txt that could not be had is asked for again."""
MAX_REDIRECTS: Final = 5
"""RFC 9309, 2.3.1.2: at least five redirects are to be followed."""

_RULE: Final = re.compile(r"(?:^|[\r\n])[ \t]*(?:dis)?allow[ \t]*:", re.IGNORECASE)
_AGENT: Final = re.compile(r"user[- ]?agent(?:\s*:|\s+|$)(.*)", re.IGNORECASE)
_FOR_THE_SITE: Final = re.compile(r"(?:site-?map|sitemaps|host)(?:[\s:]|$)", re.IGNORECASE)
_RULES_SOMETHING: Final = re.compile(
    r".*:|(?:allow|dis{1,2}al{1,2}ow|diasllow|disallaw|(?:crawl|request|visit)[- ](?:delay|rate|time))(?:\s|$)",
    re.IGNORECASE,
)
_LONG: Final = 16 * 1024
"""Bytes from which a robots.txt is read in a thread: 500 KiB of rules take more than a second."""
_PASSED_ON: Final = frozenset({Reason.DNS, Reason.TLS, Reason.PRIVATE_ADDRESS})
"""Failures of the site itself rather than of its robots.txt: the page is told of them as they are."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a robots.txt says: its rules (None without a robots.txt), and seconds between requests if it asks so.

    `has_rules` tells a robots.txt that rules anything from one that is empty, or no robots.txt by its make.
    """

    parser: Protego | None
    has_rules: bool
    crawl_delay: float | None

    def verdict(self, url: str, product_token: str) -> str | None:
        """The word for the record, allowed or no_rules; None where the URL is not to be fetched."""
        if self.parser is not None and not self.parser.can_fetch(url, product_token):
            return None
        return "allowed" if self.has_rules else "no_rules"


NO_RULES: Final = Rules(None, has_rules=False, crawl_delay=None)


def parse_rules(body: bytes, product_token: str) -> Rules:
    """The rules of a robots.txt for a user agent. Whatever is no rule, HTML for one, is skipped."""
    text = body.decode("utf-8-sig", "replace")
    parser = Protego.parse(own_groups(text, product_token))
    return Rules(parser, _RULE.search(text) is not None, parser.crawl_delay(product_token))


def own_groups(text: str, product_token: str) -> str:
    """The lines of a robots.txt that may concern a user agent: its own groups and those for all.

    What parsed rules take of memory is kept for every site of a run, and most robots.txt are lists of others.
    Groups are told as RFC 9309, 2.2.1, and Protego tell them: a user-agent line begins one unless it follows
    another; lines that rule nothing don't end the list of names.
    """
    kept: list[str] = []
    naming = concerns = False
    for line in text.splitlines():
        rule = line.partition("#")[0].strip()
        agent = _AGENT.fullmatch(rule)
        if agent:
            concerns = concerns and naming
            naming = True
            name = agent[1].strip().lower()
            if name and name.replace("*", "") in product_token:
                concerns = True
                kept.append(rule)
        elif _RULES_SOMETHING.match(rule) and not _FOR_THE_SITE.match(rule):
            naming = False
            if concerns:
                kept.append(rule)
    return "\n".join(kept)


@dataclass(slots=True)
class _Known:
    rules: Rules | None
    error: FetchError | None
    until: float


class RobotsCache:
    """The robots.txt of every site asked so far. `clock` counts seconds."""

    def __init__(self, *, product_token: str, clock: Callable[[], float]) -> None:
        self._product_token = product_token
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._asking: dict[str, asyncio.Task[Rules]] = {}

    def cached(self, target: Target) -> Rules | None:
        """The rules for the target's site if they are known and not too old."""
        known = self._known.get(target.authority)
        return known.rules if known and known.until > self._clock() else None

    async def rules(self, target: Target, fetch: Callable[[], Awaitable[bytes | None]]) -> Rules:
        """The rules for the target's site; of many who ask at once, one fetches.

        `fetch` gives the robots.txt's body, None where the site has none (a 4xx: "unavailable" in RFC 9309,
        2.3.1.3), or raises FetchError ("unreachable", 2.3.1.4) or Deferred.
        Raises FetchError where the robots.txt could not be had: robots_unavailable, or the failure of the site
        itself (dns, tls, private_address). Raises Deferred where asking had to be put off.
        """
        key = target.authority
        known = self._known.get(key)
        if known and known.until > self._clock():
            if known.error is not None:
                raise known.error.with_traceback(None)
            if known.rules is not None:
                return known.rules
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.create_task(self._ask(target, fetch))
            task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)

    def _forget(self, key: str, task: "asyncio.Task[Rules]") -> None:
        self._asking.pop(key, None)
        if not task.cancelled():
            task.exception()

    async def close(self) -> None:
        """Give up what is being asked for."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, target: Target, fetch: Callable[[], Awaitable[bytes | None]]) -> Rules:
        try:
            body = await fetch()
        except FetchError as error:
            told = _unavailable(error)
            self._known[target.authority] = _Known(None, told, self._clock() + UNAVAILABLE_FOR)
            raise told from error
        if body is None:
            rules = NO_RULES
        elif len(body) <= _LONG:
            rules = parse_rules(body, self._product_token)
        else:
            rules = await asyncio.to_thread(parse_rules, body, self._product_token)
        self._known[target.authority] = _Known(rules, None, self._clock() + KEPT_FOR)
        return rules


def _unavailable(error: FetchError) -> FetchError:
    return FetchError(
        error.reason if error.reason in _PASSED_ON else Reason.ROBOTS_UNAVAILABLE,
        f"robots.txt could not be had: {error.reason.value}, {error.detail}",
        url=error.url,
        http_status=error.http_status,
        retry_after=error.retry_after,
    )
