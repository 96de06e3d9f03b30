"""Where the metrics of a run or stream go: a file that a node exporter reads, and a port that Prometheus asks."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, start_http_server, write_to_textfile

from pipeline.batch import RunResult
from pipeline.freshness import seconds_to_commit
from pipeline.lake import Lake
from pipeline.options import UsageError
from pipeline.prometheus import RunMetrics

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MetricsPlace:
    """Where metrics are to go; None for nowhere. Port 0 is any free one."""

    file: Path | None = None
    port: int | None = None
    address: str = "127.0.0.1"


NOWHERE = MetricsPlace()


@contextmanager
def metrics_of(
    out: Path | str, place: MetricsPlace, *, since_start: bool, say: Callable[[str], None]
) -> Iterator[Callable[[RunResult], None]]:
    """Give what is to be told of each committed run; the port answers until the block ends.

    Raises:
        UsageError: the file can't be written, or the port not be listened on.
    """
    if place.file is None and place.port is None:
        yield lambda _: None
        return
    if place.file is not None:
        require_writable(place.file)
    metrics = RunMetrics(since_start=since_start)
    registry = CollectorRegistry()
    registry.register(metrics)

    def committed(result: RunResult) -> None:
        metrics.committed(result, _delays(out, result))
        if place.file is not None:
            _write(place.file, registry)

    if place.port is None:
        yield committed
        return
    try:
        server, thread = start_http_server(place.port, place.address, registry)
    except OSError as error:
        raise UsageError(
            f"--metrics-port {place.port} can't be listened on at {place.address}: {error.strerror or error}"
        ) from error
    host = f"[{place.address}]" if ":" in place.address else place.address
    say(f"metrics: http://{host}:{server.server_port}/metrics")
    try:
        yield committed
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def require_writable(path: Path) -> None:
    """See that the file can be written, before a run begins.

    Raises:
        UsageError: it can't.
    """
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise UsageError(
            f"--metrics-file {path} can't be written: name a file in a folder that is there and yours"
        )


def _delays(out: Path | str, result: RunResult) -> list[float]:
    """The run's freshness; records that can't be read any more undo no commit."""
    try:
        return seconds_to_commit(Lake(out), result.manifest)
    except OSError as error:
        _LOG.warning("the run is committed, but its freshness can't be told: %s", error)
        return []


def _write(file: Path, registry: CollectorRegistry) -> None:
    """Write the file so that a scraper sees it whole; one that can't be written undoes no commit."""
    try:
        write_to_textfile(str(file), registry)
    except OSError as error:
        _LOG.warning(
            "the run is committed, but --metrics-file %s can't be written: %s", file, error.strerror or error
        )
