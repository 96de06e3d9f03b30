"""What the stages count and measure for the engine: every name, in one place.

These are Beam's counters and distributions in the namespace "tocsin", for an engine's own pages (Flink, Dataflow)
and for `--metrics-file`. An engine counts a bundle that it repeats twice: what a run did is told by its records,
never by these. Names are bounded: stages, reasons, classes of status, topics; no host and no URL.

    <stage>_status_2xx, _3xx, ...      responses of fetch_feeds and fetch_articles; _none: no response came
    <stage>_deferred                   fetches put off to a later run
    <stage>_bytes                      decoded bytes of a body
    <stage>_microseconds               of work on one element: a request, a feed parsed, a page extracted, a text read
    publication_to_row_seconds         from an article's publication to its row, where the minute of the first is known
    <group>_<name>                     what a report says: balance_articles, feeds_fetched, dead_timeout, topic_riot, ...
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from apache_beam.metrics.metric import Metrics

from schemas.articles import Article
from schemas.dead_letters import Stage
from transforms.http.errors import Deferred, FetchError
from transforms.http.response import Response

NAMESPACE = "tocsin"
MICROSECONDS = "microseconds"
BYTES = "bytes"
DEFERRED = "deferred"
STATUS = "status"
FRESHNESS = "publication_to_row_seconds"
TO_THE_MINUTE = frozenset({"second", "minute"})
"""Precisions of a time of publication that a delay may be told from."""


def took(stage: Stage, seconds: float) -> None:
    """Measure the work of a stage on one element."""
    _distribution(f"{stage}_{MICROSECONDS}").update(round(seconds * 1_000_000))


def fetched(stage: Stage, result: Response | FetchError | Deferred | Exception) -> None:
    """Count a fetch by how it ended; measure its bytes, and its time without waits at hosts' gates."""
    match result:
        case Response():
            _counter(f"{stage}_{STATUS}_{_status_class(result.status)}").inc()
            _distribution(f"{stage}_{BYTES}").update(len(result.body))
            took(stage, result.elapsed_ms / 1000)
        case Deferred():
            _counter(f"{stage}_{DEFERRED}").inc()
        case FetchError():
            _counter(f"{stage}_{STATUS}_{_status_class(result.http_status)}").inc()
        case _:
            _counter(f"{stage}_{STATUS}_none").inc()


def reported(counts: Mapping[str, float]) -> None:
    """Count what a report says, by its dotted names."""
    for name, number in counts.items():
        if number:
            _counter(name.replace(".", "_")).inc(int(number))


def recorded(article: Article, now: datetime) -> None:
    """Measure how long after its publication an article has its row."""
    if article.published_at is not None and article.published_precision in TO_THE_MINUTE:
        _distribution(FRESHNESS).update(max(0, round((now - article.published_at).total_seconds())))


def _status_class(status: int | None) -> str:
    return "none" if status is None else f"{status // 100}xx"


@cache
def _counter(name: str) -> Any:
    return Metrics.counter(NAMESPACE, name)


@cache
def _distribution(name: str) -> Any:
    return Metrics.distribution(NAMESPACE, name)
