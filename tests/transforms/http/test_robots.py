"""robots.txt: its reading by RFC 9309, and its cache on a clock of the test's own."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protego import Protego

from schemas.dead_letters import Reason
from transforms.http.errors import Deferred, FetchError
from transforms.http.guard import AllowList
from transforms.http.robots import KEPT_FOR, UNAVAILABLE_FOR, RobotsCache, own_groups, parse_rules
from transforms.http.target import parse_target

TOKEN = "tocsin"


@pytest.mark.parametrize(
    ("text", "path", "word"),
    [
        ("", "/a", "no_rules"),
        ("<html><body>Not found</body></html>", "/a", "no_rules"),
        ("User-agent: *\nCrawl-delay: 2", "/a", "no_rules"),
        ("User-agent: *\nDisallow:", "/a", "allowed"),
        ("User-agent: *\nDisallow: /", "/a", None),
        ("User-agent: *\nDisallow: /\nAllow: /a", "/a", "allowed"),
        ("User-agent: *\nAllow: /\nDisallow: /a", "/ab", None),
        ("User-agent: *\nDisallow: /a*z$", "/abcz", None),
        ("User-agent: *\nDisallow: /a*z$", "/abczy", "allowed"),
        ("User-agent: *\nDisallow: /a%7Eb", "/a~b", None),
        ("User-agent: *\nDisallow: /ж", "/%D0%B6", None),
        ("User-agent: *\nDisallow: /\n\nUser-agent: tocsin\nDisallow: /only", "/a", "allowed"),
        ("User-agent: *\nDisallow: /\n\nUser-agent: ToCsIn\nDisallow: /only", "/only", None),
        ("User-agent: tocsin\nUser-agent: other\nDisallow: /both", "/both", None),
        ("User-agent: tocsin\nDisallow: /1\n\nUser-agent: tocsin\nDisallow: /2", "/2", None),
        ("User-agent: tocsinbot\nDisallow: /", "/a", "allowed"),
        ("\ufeffUser-agent: *\nDisallow: /", "/a", None),
        ("User-agent: *\r\nDisallow: /a # why\r\n", "/a", None),
        ("User-agent: *\rDisallow: /a\r", "/a", None),
        ("User-agent: *\nDisallow: /q?x=", "/q?x=1", None),
        ("User-agent: *\nDisallow: /", "/robots.txt", "allowed"),
    ],
)
def test_rules_are_read_by_rfc_9309(text, path, word):
    """Groups, longest match, wildcards, encodings, line ends: as the standard has it."""
    assert parse_rules(text.encode(), TOKEN).verdict(f"http://site.test{path}", TOKEN) == word


@pytest.mark.parametrize(
    ("value", "delay"),
    [("5", 5.0), ("0.5", 0.5), ("nonsense", None), ("-1", None), ("inf", None), ("nan", None)],
)
def test_crawl_delay_is_read(value, delay):
    """A number of seconds is taken, anything else is none."""
    assert (
        parse_rules(f"User-agent: *\nCrawl-delay: {value}\nDisallow: /x".encode(), TOKEN).crawl_delay == delay
    )


LINES = st.one_of(
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["User-agent", "user-agent", "Useragent", "User agent", " User-Agent "]),
        st.sampled_from([":", ": ", " ", " : "]),
        st.sampled_from(["*", "tocsin", "Tocsin", "toc", "tocsin*", "tocsinbot", "other", "other # tocsin", "tocsin # mine", ""]),
    ),
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["Allow", "Disallow", "disalow", "Crawl-delay", "Request-rate", "Sitemap", "sitemaps", "Host", "Foo", "Visit-time", "hostile"]),
        st.sampled_from([":", ": ", " ", " : "]),
        st.sampled_from(["/", "/a", "/a/b", "*", "/*b$", "5", "1/5", "", "# all", "http://x.test/"]),
    ),
    st.sampled_from(["", "# comment", "words without a meaning", "a: b", ":", "http://x.test/", "Disallow", "User-agent", "   "]),
)  # fmt: skip


@settings(deadline=None, max_examples=500)
@given(st.lists(LINES, max_size=14), st.sampled_from(["\n", "\r\n", "\r"]))
def test_others_groups_are_left_out_without_a_difference(lines, end):
    """What is kept of a robots.txt rules this user agent as the whole of it does."""
    text = end.join(lines)
    whole, own = Protego.parse(text), Protego.parse(own_groups(text, TOKEN))
    for path in ("/", "/a", "/a/b", "/b", "/c"):
        assert own.can_fetch(path, TOKEN) == whole.can_fetch(path, TOKEN)
    assert own.crawl_delay(TOKEN) == whole.crawl_delay(TOKEN)


def test_what_is_kept_of_a_long_list_is_short():
    """Of a robots.txt that rules two hundred others only the group for all is kept."""
    others = "".join(f"User-agent: bot{n}\nDisallow: /{n}\n\n" for n in range(200))
    assert len(own_groups(others + "User-agent: *\nDisallow: /private\n", TOKEN)) < 60


def test_a_long_robots_txt_does_not_hold_up_the_loop():
    """While half a megabyte of rules is read, other work on the loop goes on."""

    async def scenario():
        body = b"User-agent: *\n" + b"".join(b"Disallow: /%d*/x$\n" % n for n in range(20_000))
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                await asyncio.sleep(0.001)
                ticks += 1

        ticking = asyncio.create_task(tick())
        assert (await Site(body).rules("http://site.test/")).verdict("http://site.test/7/x", TOKEN) is None
        ticking.cancel()
        assert ticks > 3

    asyncio.run(scenario())


def test_bytes_that_are_no_text_are_survived():
    """A robots.txt of arbitrary bytes has no rules and does no harm."""
    assert parse_rules(bytes(range(256)) * 50, TOKEN).verdict("http://site.test/", TOKEN) == "no_rules"


class Site:
    """A robots.txt that is counted, on a clock that is set by hand."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.fetched = 0
        self.now = 0.0
        self.cache = RobotsCache(product_token=TOKEN, clock=lambda: self.now)

    async def fetch(self):
        self.fetched += 1
        await asyncio.sleep(0)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def rules(self, url="http://site.test/a"):
        return await self.cache.rules(parse_target(url, AllowList.of(())), self.fetch)


def test_of_many_who_ask_one_fetches():
    """A hundred pages at once cause one request for robots.txt; each site, scheme and port has its own."""

    async def scenario():
        site = Site(b"User-agent: *\nDisallow: /")
        await asyncio.gather(*(site.rules() for _ in range(100)))
        assert site.fetched == 1
        for url in ("https://site.test/", "http://site.test:8080/", "http://other.test/"):
            await site.rules(url)
        assert site.fetched == 4

    asyncio.run(scenario())


def test_rules_are_kept_a_day_and_no_longer():
    """Rules, and their absence, are asked for again after a day."""

    async def scenario():
        for answer in (b"User-agent: *\nDisallow: /", None):
            site = Site(answer)
            await site.rules()
            site.now = KEPT_FOR - 1
            await site.rules()
            assert site.fetched == 1
            site.now = KEPT_FOR
            await site.rules()
            assert site.fetched == 2

    asyncio.run(scenario())


def test_a_failure_is_kept_for_minutes():
    """A robots.txt that failed is asked for again after ten minutes, and then counts."""

    async def scenario():
        site = Site(FetchError(Reason.HTTP_5XX, "status 500", url="http://site.test/robots.txt"), None)
        for _ in range(3):
            with pytest.raises(FetchError) as caught:
                await site.rules()
            assert caught.value.reason is Reason.ROBOTS_UNAVAILABLE
        assert site.fetched == 1
        site.now = UNAVAILABLE_FOR
        assert (await site.rules()).parser is None

    asyncio.run(scenario())


@pytest.mark.parametrize("reason", [Reason.DNS, Reason.TLS, Reason.PRIVATE_ADDRESS])
def test_failures_of_the_site_itself_are_told_as_they_are(reason):
    """Where the whole site can't be had, the page's reason is that, not its robots.txt."""

    async def scenario():
        with pytest.raises(FetchError) as caught:
            await Site(FetchError(reason, "why", url="http://site.test/")).rules()
        assert caught.value.reason is reason

    asyncio.run(scenario())


def test_what_was_put_off_is_asked_for_again():
    """A robots.txt that had to be put off is not taken for failed."""

    async def scenario():
        site = Site(Deferred("later"), b"User-agent: *\nDisallow: /")
        with pytest.raises(Deferred):
            await site.rules()
        assert (await site.rules()).verdict("http://site.test/", TOKEN) is None

    asyncio.run(scenario())


def test_one_who_gives_up_does_not_take_the_others_along():
    """A page whose fetch is cancelled leaves the request for robots.txt to those who still wait."""

    async def scenario():
        site = Site(b"User-agent: *\nDisallow: /")
        first, second = asyncio.create_task(site.rules()), asyncio.create_task(site.rules())
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).parser is not None
        assert site.fetched == 1

    asyncio.run(scenario())
