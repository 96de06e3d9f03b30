"""The server tells its hosts apart, answers as the open web does, and goes wrong exactly where it should."""

import asyncio
import gzip
import socket
import threading
from email.utils import parsedate_to_datetime

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from pipeline.demo.feeds import UNUSABLE_FEEDS
from pipeline.demo.publishers import Trouble, load_publishers
from pipeline.demo.server import DemoSite, Request
from pipeline.demo.site import PRIVATE_ADDRESS

PUBLISHERS = load_publishers()
BROKEN = {item.trouble: (publisher, item) for publisher in PUBLISHERS for item in publisher.broken}


@pytest.mark.parametrize("publisher", PUBLISHERS, ids=lambda publisher: publisher.host)
def test_feed_answers_304_to_its_own_validators(publisher, ask):
    """A feed asked for again with its ETag or its Last-Modified answers 304 without a body."""
    first = ask(publisher.host, publisher.feed.path)
    etag, modified = first.headers["etag"], first.headers["last-modified"]
    assert parsedate_to_datetime(modified) == publisher.changed
    for headers in (
        {"If_None_Match": etag},
        {"If_None_Match": f'"other", {etag}'},
        {"If_Modified_Since": modified},
        {"If_None_Match": etag, "If_Modified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    ):
        again = ask(publisher.host, publisher.feed.path, **headers)
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag)


@pytest.mark.parametrize(
    "headers",
    [
        {"If_None_Match": '"other"'},
        {"If_None_Match": '"other"', "If_Modified_Since": "Wed, 01 Jan 2031 00:00:00 GMT"},
        {"If_Modified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"If_Modified_Since": "the day before yesterday"},
    ],
)
def test_feed_answers_200_to_other_validators(headers, ask):
    """Another ETag, an earlier date or nonsense get the whole feed, and If-None-Match outranks the date."""
    publisher = PUBLISHERS[0]
    answer = ask(publisher.host, publisher.feed.path, **headers)
    assert answer.status == 200
    assert answer.body


def test_gzip_only_where_accepted(ask):
    """A body comes gzipped to whoever accepts that, plain to whoever doesn't, and is the same."""
    publisher = PUBLISHERS[0]
    plain = ask(publisher.host, publisher.feed.path)
    packed = ask(publisher.host, publisher.feed.path, Accept_Encoding="br, gzip")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body


def test_head_sends_no_body(ask):
    """HEAD gives the headers of GET and no body."""
    publisher = PUBLISHERS[0]
    answer = ask(publisher.host, "/", method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["content-length"]) == len(ask(publisher.host, "/").body)


def test_hosts_are_told_apart(ask):
    """The Host header alone decides who answers, whatever its case or port; strangers get 421."""
    one, two = PUBLISHERS[:2]
    assert ask(one.host, "/").body != ask(two.host, "/").body
    assert ask(f"{one.host.upper()}:8080", "/").body == ask(one.host, "/").body
    assert ask("elsewhere.test", "/").status == 421


def test_robots_forbid_one_path(ask):
    """Each host has a robots.txt; only one forbids anything, and that is the path of the disallowed item."""
    publisher, item = BROKEN[Trouble.DISALLOWED]
    for other in PUBLISHERS:
        answer = ask(other.host, "/robots.txt")
        assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
        rules = [line.split(": ")[1] for line in answer.body.decode().splitlines() if ": /" in line]
        assert bool(rules) is (other.host == publisher.host)
        assert all(item.link.startswith(rule) for rule in rules)


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (Trouble.MISSING, 404),
        (Trouble.GONE, 410),
        (Trouble.FAILING, 500),
        (Trouble.PDF, 200),
        (Trouble.PRIVATE_REDIRECT, 301),
        (Trouble.REDIRECT_LOOP, 301),
        (Trouble.EMPTY, 200),
        (Trouble.NO_TEXT, 200),
        (Trouble.DISALLOWED, 200),
    ],
)
def test_broken_item_answers_with(trouble, status, ask):
    """Each item that leads to no article answers with the status of its trouble."""
    publisher, item = BROKEN[trouble]
    assert ask(publisher.host, item.link).status == status


def test_troubles_are_what_they_are_called(ask):
    """The PDF is one, the private redirect leaves for 10/8, the loop returns, and nothing can be read."""
    publisher, item = BROKEN[Trouble.PDF]
    pdf = ask(publisher.host, item.link)
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.body.startswith(b"%PDF-")
    publisher, item = BROKEN[Trouble.PRIVATE_REDIRECT]
    assert ask(publisher.host, item.link).headers["location"] == PRIVATE_ADDRESS
    publisher, item = BROKEN[Trouble.REDIRECT_LOOP]
    there = ask(publisher.host, item.link).headers["location"]
    back = ask(publisher.host, there.removeprefix(f"http://{publisher.host}"))
    assert (back.status, back.headers["location"]) == (301, publisher.url(item.link))
    publisher, item = BROKEN[Trouble.EMPTY]
    assert ask(publisher.host, item.link).body == b""
    _, item = BROKEN[Trouble.SCRIPT_LINK]
    assert item.link.startswith("javascript:")


def test_moved_story_is_redirected(ask):
    """A story listed under an old path answers there with a permanent redirect to where it stands."""
    moved = [(p, story) for p in PUBLISHERS for story in p.stories if story.listed != story.path]
    assert moved
    for publisher, story in moved:
        answer = ask(publisher.host, story.listed)
        assert (answer.status, answer.headers["location"]) == (301, publisher.url(story.path))


def test_unusable_feeds(ask):
    """Of the feed list's lines that are no feeds, one is missing and one is a homepage."""
    (_, missing), (_, homepage), _ = UNUSABLE_FEEDS
    host, _, path = missing.removeprefix("http://").partition("/")
    assert ask(host, f"/{path}").status == 404
    host, _, path = homepage.removeprefix("http://").partition("/")
    answer = ask(host, f"/{path}")
    assert answer.headers["content-type"].startswith("text/html")
    assert b'rel="alternate"' in answer.body


def test_requests_are_logged():
    """The log holds host, path with query, and status of each request, in order."""
    with DemoSite() as site:
        asyncio.run(fetch_all(site, ["http://harbour-post.test/?page=2", "http://kestrel-wire.test/nowhere"]))
        assert site.requests == [
            Request("harbour-post.test", "/?page=2", 200),
            Request("kestrel-wire.test", "/nowhere", 404),
        ]


def test_static_hosts_let_a_client_use_the_fixed_names(site):
    """With `static_hosts` as its resolver, an ordinary client gets every feed under its fixed address."""
    statuses = asyncio.run(fetch_all(site, [publisher.feed_url for publisher in PUBLISHERS]))
    assert statuses == [200] * len(PUBLISHERS)


def test_leaving_the_context_frees_the_port():
    """After the context the port is closed and the server's thread is gone."""
    before = _servers()
    with DemoSite() as site:
        port = site.port
        assert _servers() == before + 1
    assert _servers() == before
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def _servers():
    return sum(thread.name == "demo-site" for thread in threading.enumerate())


class StaticResolver(AbstractResolver):
    """Resolves the names of a site, and no other."""

    def __init__(self, site):
        self.places = {name: (address, port) for name, address, port in site.static_hosts}

    async def resolve(self, host, port=0, family=socket.AF_INET):  # noqa: ARG002 (aiohttp's interface)
        address, real_port = self.places[host]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=real_port,
                family=family,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self):
        pass


async def fetch_all(site, urls):
    connector = aiohttp.TCPConnector(resolver=StaticResolver(site), force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        statuses = []
        for url in urls:
            async with session.get(url) as response:
                await response.read()
                statuses.append(response.status)
        return statuses
