"""The one HTTP client of this process for a run: both fetch stages share its gate, robots and connections."""

import atexit
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from transforms.http.client import Client
from transforms.http.crawl import Crawling, Job, Result, crawl
from transforms.http.loop import BackgroundLoop
from transforms.intake import stop_of, work_given_up
from transforms.run_context import RunContext, utc_now

_lock = threading.Lock()
_loop: BackgroundLoop | None = None
_clients: dict[str, Client] = {}


def crawl_jobs(
    jobs: Sequence[Job[Any]], context: RunContext, clock: Callable[[], datetime] = utc_now
) -> Iterator[tuple[Any, Result]]:
    """Fetch the jobs with the run's client, each result as it is done.

    No request is begun after the run's deadline or once intake has stopped; what was not begun comes back as
    Deferred, and so does what is broken off when work is given up (see `intake`).
    """
    if not jobs:
        return
    client, loop = _client_of(context)
    left = (context.deadline_at - clock()).total_seconds()
    yield from crawl(
        client,
        jobs,
        loop=loop,
        stop=stop_of(context.staging),
        give_up=work_given_up,
        deadline=time.monotonic() + left,
        chance=random.Random(context.run_id),  # noqa: S311 -- jitter, no secret
    )


def begin_crawl(
    jobs: Sequence[Job[Any]],
    context: RunContext,
    deadline_at: datetime,
    clock: Callable[[], datetime] = utc_now,
) -> Crawling[Any]:
    """Begin to fetch the jobs with the run's client, and come back at once.

    No request is begun after `deadline_at` or once intake has stopped.
    """
    client, loop = _client_of(context)
    return Crawling(
        client,
        jobs,
        loop=loop,
        stop=_stop_of(context.staging),
        give_up=work_given_up,
        deadline=time.monotonic() + (deadline_at - clock()).total_seconds(),
    )


@cache
def _stop_of(staging: str) -> Callable[[], bool]:
    """One for all crawls of a stream: where its staging is in a store, asking takes a thread."""
    return stop_of(staging)


def reopen_hosts(context: RunContext) -> None:
    """Let hosts that had failed too often be asked again, as each run of its own would; pauses that they asked for stay."""
    client, loop = _client_of(context)
    loop.loop.call_soon_threadsafe(client.gate.reopen)


def close_client(run_id: str) -> None:
    """Close the client of a run that has ended, with its connections."""
    with _lock:
        client = _clients.pop(run_id, None)
        if client is not None and _loop is not None:
            _loop.run(client.__aexit__(None, None, None))


def _client_of(context: RunContext) -> tuple[Client, BackgroundLoop]:
    global _loop  # noqa: PLW0603 -- one loop a process is the point
    with _lock:
        if _loop is None:
            _loop = BackgroundLoop()
        if context.run_id not in _clients:
            client = Client(context.http)
            _loop.run(client.__aenter__())
            _clients[context.run_id] = client
        return _clients[context.run_id], _loop


@atexit.register
def _close_all() -> None:
    for run_id in list(_clients):
        close_client(run_id)
    if _loop is not None:
        _loop.close()
