"""Every answer of the demo site, made before anything is served: (host, path) to response."""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from pipeline.demo.feeds import CONTENT_TYPES, feed_body
from pipeline.demo.pages import article_page, home_page, paywall_page, shell_page
from pipeline.demo.publishers import BrokenItem, Publisher, Story, Trouble

PRIVATE_ADDRESS = "http://10.0.0.7/analysis"
"""Where the redirect into a private network points (RFC 1918)."""

_PDF = b"""%PDF-1.4
1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj
2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj
3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >> endobj
trailer << /Root 1 0 R >>
%%EOF
"""


@dataclass(frozen=True, slots=True)
class Response:
    """One answer: `changed` gives the Last-Modified header, the body's digest the ETag."""

    body: bytes
    content_type: str
    changed: datetime
    status: int = 200
    location: str | None = None
    etag: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "etag", f'W/"{sha256(self.body).hexdigest()[:20]}"')


Site = dict[tuple[str, str], Response]
"""Answers by host and path."""


def build_site(publishers: tuple[Publisher, ...]) -> Site:
    """Every feed, page, homepage and robots.txt of every publisher, and everything that goes wrong."""
    site: Site = {}
    for publisher in publishers:
        changed = publisher.changed
        html = f"text/html; charset={publisher.encoding}"
        feed_type = f"{CONTENT_TYPES[publisher.feed.format]}; charset={publisher.feed.encoding}"
        site[publisher.host, publisher.feed.path] = Response(feed_body(publisher), feed_type, changed)
        site[publisher.host, "/"] = Response(home_page(publisher), html, changed)
        site[publisher.host, "/robots.txt"] = Response(
            _robots(publisher), "text/plain; charset=utf-8", changed
        )
        for story in publisher.stories:
            _add_story(site, publisher, story, html)
        for item in publisher.broken:
            _add_broken(site, publisher, item, html)
    return site


def _add_story(site: Site, publisher: Publisher, story: Story, html: str) -> None:
    page = paywall_page if story.paywall else article_page
    site[publisher.host, story.path] = Response(page(publisher, story), html, story.published)
    if story.listed != story.path:
        site[publisher.host, story.listed] = _redirect(publisher.url(story.path), story.published)


def _add_broken(site: Site, publisher: Publisher, item: BrokenItem, html: str) -> None:
    at = publisher.host, item.link
    plain = "text/plain; charset=utf-8"
    changed = item.published
    match item.trouble:
        case Trouble.MISSING | Trouble.SCRIPT_LINK:
            pass  # the first is what any unknown path answers, the second is never asked for
        case Trouble.GONE:
            site[at] = Response(b"This page has been withdrawn.\n", plain, changed, status=410)
        case Trouble.FAILING:
            site[at] = Response(b"Internal server error\n", plain, changed, status=500)
        case Trouble.PDF:
            site[at] = Response(_PDF, "application/pdf", changed)
        case Trouble.PRIVATE_REDIRECT:
            site[at] = _redirect(PRIVATE_ADDRESS, changed)
        case Trouble.REDIRECT_LOOP:
            back = f"{item.link}/continue"
            site[at] = _redirect(publisher.url(back), changed)
            site[publisher.host, back] = _redirect(publisher.url(item.link), changed)
        case Trouble.EMPTY:
            site[at] = Response(b"", html, changed)
        case Trouble.NO_TEXT:
            site[at] = Response(shell_page(publisher), html, changed)
        case Trouble.DISALLOWED:
            site[at] = Response(home_page(publisher), html, changed)


def _redirect(target: str, changed: datetime) -> Response:
    return Response(b"", "text/plain; charset=utf-8", changed, status=301, location=target)


def _robots(publisher: Publisher) -> bytes:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in publisher.disallow)]
    return ("\n".join(lines if publisher.disallow else [*lines, "Disallow:"]) + "\n").encode()
