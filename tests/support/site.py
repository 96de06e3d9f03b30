"""A real web site on loopback, whose pages a test sets and whose requests it can read."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from xml.sax.saxutils import escape


def _go_on(path: str) -> None:  # noqa: ARG001 -- a barrier that holds nobody
    return None


@dataclass(frozen=True)
class Page:
    """What a path answers."""

    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """A request that came: its path, its headers, and the span it took, in seconds of a monotonic clock."""

    path: str
    headers: dict[str, str]
    began: float
    ended: float
    status: int


class Site:
    """A server on `address`; `pages` maps paths to pages and may change while it runs.

    `barrier`, where set, is called by each request before it answers.
    """

    def __init__(self, address: str = "127.0.0.1", pages: dict[str, Page] | None = None) -> None:
        self.pages: dict[str, Page] = {"/robots.txt": Page(b"", "text/plain", 404), **(pages or {})}
        self.requests: list[Request] = []
        self.barrier: Callable[[str], None] = _go_on
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = 1 << 16

            def do_GET(self):
                began = monotonic()
                site.barrier(self.path)
                page = site.pages.get(self.path.partition("?")[0], Page(b"not here", "text/plain", 404))
                status, body = page.status, page.body
                tag = page.headers.get("ETag")
                if tag and self.headers.get("If-None-Match") == tag:
                    status, body = 304, b""
                self.send_response(status)
                for name, value in page.headers.items():
                    self.send_header(name, value)
                if status != 304:
                    self.send_header("Content-Type", page.content_type)
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                site.requests.append(Request(self.path, dict(self.headers), began, monotonic(), status))

            def log_message(self, *args):
                """Nothing: `requests` is the log."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self._server = Server((address, 0), Handler)
        self.address = address
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://{self.address}:{self.port}"

    def fetched(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(request.path.partition("?")[0] == path for request in self.requests)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass(frozen=True)
class Item:
    """An item of a feed."""

    link: str
    title: str | None = None
    description: str | None = None
    content: str | None = None
    guid: str | None = None
    date: str | None = None


def rss(items: list[Item], title: str = "Test feed") -> Page:
    """An RSS 2.0 feed with an ETag of its content."""
    rows = []
    for item in items:
        parts = [f"<link>{escape(item.link)}</link>"]
        if item.title is not None:
            parts.append(f"<title>{escape(item.title)}</title>")
        if item.description is not None:
            parts.append(f"<description>{escape(item.description)}</description>")
        if item.content is not None:
            parts.append(f"<content:encoded>{escape(item.content)}</content:encoded>")
        if item.guid is not None:
            parts.append(f'<guid isPermaLink="false">{escape(item.guid)}</guid>')
        if item.date is not None:
            parts.append(f"<pubDate>{escape(item.date)}</pubDate>")
        rows.append(f"<item>{''.join(parts)}</item>")
    body = (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>{escape(title)}</title><link>http://example.test/</link><description>d</description>"
        f"{''.join(rows)}</channel></rss>"
    ).encode()
    return Page(body, "application/rss+xml", headers={"ETag": f'"{hash(body) & 0xFFFFFFFF:x}"'})


def article_page(title: str, paragraphs: list[str], *, head: str = "") -> Page:
    """A plain article page with some of the clutter of real ones."""
    text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    return Page(
        f"<!doctype html><html><head><title>{escape(title)}</title>{head}</head><body>"
        f"<nav><a href='/'>Home</a> <a href='/news'>News</a></nav><main><article><h1>{escape(title)}</h1>{text}"
        "</article></main><footer>Contact, imprint, privacy</footer></body></html>".encode()
    )
