"""The demo site on loopback: one server for all its hosts, told apart by the Host header (RFC 9110, 7.2)."""

import gzip
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from pipeline.demo.feeds import feed_list
from pipeline.demo.publishers import Publisher, load_publishers
from pipeline.demo.site import Response, Site, build_site

ADDRESS = "127.0.0.1"
IDLE_SECONDS = 60
"""How long a kept-alive connection may rest before the server ends it."""


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Request(NamedTuple):
    """One request that the site answered: `path` with its query, as asked."""

    host: str
    path: str
    status: int


class DemoSite:
    """The demo site, served while the context lasts.

    Attributes:
        publishers: Who publishes what.
        feed_list: OPML that lists the feeds under their fixed .test names, on request with some that are none.
        requests: Every request answered so far, in order of their ends.
    """

    def __init__(self, *, with_unusable_feeds: bool = False) -> None:
        self.publishers: tuple[Publisher, ...] = load_publishers()
        self.feed_list: str = feed_list(self.publishers, with_unusable=with_unusable_feeds)
        self.requests: list[Request] = []
        self._server = _Server(build_site(self.publishers), self.requests)
        self._thread = Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="demo-site", daemon=True
        )

    @property
    def port(self) -> int:
        """The port on 127.0.0.1, chosen by the system."""
        return int(self._server.server_address[1])

    @property
    def static_hosts(self) -> tuple[tuple[str, str, int], ...]:
        """For each host of the site: its name, and the address and port that answer for it."""
        return tuple((publisher.host, ADDRESS, self.port) for publisher in self.publishers)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, site: Site, requests: list[Request]) -> None:
        super().__init__((ADDRESS, 0), _Handler)
        self.site = site
        self.hosts = {host for host, _ in site}
        self.requests = requests


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "demo"
    sys_version = ""
    timeout = IDLE_SECONDS
    wbufsize = 1 << 16
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name in http.server)
        """Nothing: `Request` records are the log."""

    def _answer(self, *, with_body: bool) -> None:
        host = self.headers.get("Host", "").partition(":")[0].lower()
        response = self._find(host)
        if response.status == HTTPStatus.OK and self._unchanged(response):
            self._send(HTTPStatus.NOT_MODIFIED, response, b"", compressed=False)
        else:
            compressed = len(response.body) > 500 and "gzip" in self.headers.get("Accept-Encoding", "")
            body = gzip.compress(response.body, mtime=0) if compressed else response.body
            self._send(response.status, response, body, compressed=compressed, with_body=with_body)

    def _find(self, host: str) -> Response:
        if host not in self.server.hosts:
            return _plain(HTTPStatus.MISDIRECTED_REQUEST)
        return self.server.site.get((host, urlsplit(self.path).path)) or _plain(HTTPStatus.NOT_FOUND)

    def _unchanged(self, response: Response) -> bool:
        """Whether the client's copy still stands (RFC 9110, 13.1: If-None-Match outranks If-Modified-Since)."""
        tags = self.headers.get("If-None-Match")
        if tags is not None:
            return tags.strip() == "*" or response.etag in (tag.strip() for tag in tags.split(","))
        since = self.headers.get("If-Modified-Since")
        if since is None:
            return False
        try:
            return response.changed.replace(microsecond=0) <= parsedate_to_datetime(since)
        except (TypeError, ValueError):
            return False

    def _send(
        self, status: int, response: Response, body: bytes, *, compressed: bool, with_body: bool = True
    ) -> None:
        self.send_response(status)
        if response.status == HTTPStatus.OK:
            self.send_header("ETag", response.etag)
            self.send_header("Last-Modified", _http_date(response.changed))
            self.send_header("Vary", "Accept-Encoding")
        if response.location:
            self.send_header("Location", response.location)
        if status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Type", response.content_type)
            self.send_header("Content-Length", str(len(body)))
        if compressed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        if with_body:
            self.wfile.write(body)
        host = self.headers.get("Host", "").partition(":")[0].lower()
        self.server.requests.append(Request(host, self.path, int(status)))


def _plain(status: HTTPStatus) -> Response:
    return Response(f"{status.phrase}\n".encode(), "text/plain; charset=utf-8", _EPOCH, status=status)


def _http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)
