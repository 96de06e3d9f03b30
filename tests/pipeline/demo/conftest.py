"""The demo site on loopback, a plain client for it, and the table of what a run over it must give."""

import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipeline.demo.server import DemoSite


class Answer(NamedTuple):
    """A response as it came, with the names of its headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


Ask = Callable[..., Answer]


@pytest.fixture(scope="session")
def site() -> Iterator[DemoSite]:
    with DemoSite() as running:
        yield running


@pytest.fixture(scope="session")
def ask(site: DemoSite) -> Ask:
    """Ask a host of the site for a path, following no redirect."""

    def ask(host: str, path: str, *, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers={"Host": host, **named})
            response = connection.getresponse()
            return Answer(
                response.status,
                {name.lower(): value for name, value in response.getheaders()},
                response.read(),
            )
        finally:
            connection.close()

    return ask


@pytest.fixture(scope="session")
def expected() -> Any:
    return json.loads(Path(__file__).with_name("expected.json").read_text(encoding="utf-8"))
