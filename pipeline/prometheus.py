"""What a run did, and what a stream has done, as metrics of Prometheus.

Entries, feeds, dead letters, topics and freshness are told from the records that were committed; only the figures
of requests and work (`tocsin_run_fetches`, `_fetched_bytes`, `_work_seconds`) come from the engine's own metrics.
"""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    SummaryMetricFamily,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from pipeline.batch import RunResult
from pipeline.engine_metrics import EngineMetrics, Measured
from schemas.dead_letters import Stage
from schemas.version import TOCSIN_VERSION
from transforms.metrics import BYTES, DEFERRED, MICROSECONDS, STATUS
from transforms.progress import progress

FRESHNESS_BOUNDS: Final = (60, 300, 900, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800)
"""Upper bounds of the histogram of freshness, in seconds: a minute to a week."""

QUANTILES: Final = (0.5, 0.9, 0.99)

_COUNTED: Final[tuple[tuple[str, str, tuple[str, ...], str], ...]] = (
    ("entries", "balance", ("outcome",), "Entries: what was listed and carried in, and how each ended"),
    ("feeds", "feeds", ("outcome",), "Feeds of the list, by what came of polling them"),
    ("dead_letters", "dead", ("reason",), "Entries that ended as dead letters"),
    ("feed_failures", "dead_feeds", ("reason",), "Feeds and lines of the feed list that failed"),
    ("carried", "carried", ("reason",), "Entries put off to a later run"),
    ("topics", "topic", ("topic",), "Articles by topic; one article may have several"),
)
"""Name, group of the report, labels, and help of what a report counts."""

Numbers = Mapping[tuple[str, ...], float]
"""A metric's numbers by the values of its labels."""


class RunMetrics(Collector):
    """The last committed run as gauges; with `since_start` also counters over all runs of this process.

    It is a collector of prometheus_client, which may ask on any thread and in the middle of a run.
    """

    def __init__(self, *, since_start: bool) -> None:
        self._since_start = since_start
        self._lock = threading.Lock()
        self._last: tuple[RunResult, Sequence[float]] | None = None
        self._runs = 0
        self._totals: Counter[tuple[str, str]] = Counter()
        self._delays: list[int] = [0] * (len(FRESHNESS_BOUNDS) + 1)
        self._delay_sum = 0.0

    def committed(self, result: RunResult, delays: Sequence[float]) -> None:
        """Take a run in; `delays` are its articles' seconds from publication to commit, in ascending order."""
        with self._lock:
            self._last = (result, delays)
            self._runs += 1
            for name, group, _, _ in _COUNTED:
                self._totals.update({(name, key): int(n) for key, n in result.report.group(group).items()})
            for delay in delays:
                self._delays[_bucket(delay)] += 1
            self._delay_sum += sum(delays)

    def collect(self) -> Iterator[Metric]:
        """All metrics as they are now."""
        with self._lock:
            yield _gauge("tocsin_build_info", "The version that runs", {(TOCSIN_VERSION,): 1}, ("version",))
            yield _gauge(
                "tocsin_progress",
                "How far the run under way is, by what this process did; workers of a cluster are other processes",
                {(name,): number for name, number in progress().items()},
                ("what",),
            )
            if self._last is not None:
                yield from _of_run(*self._last)
            if self._since_start:
                yield from self._of_process()

    def _of_process(self) -> Iterator[Metric]:
        runs = CounterMetricFamily("tocsin_runs", "Runs committed since the stream began")
        runs.add_metric((), self._runs)
        yield runs
        for name, _, labels, text in _COUNTED:
            family = CounterMetricFamily(f"tocsin_{name}", f"{text}; since the stream began", labels=labels)
            for (of, key), number in sorted(self._totals.items()):
                if of == name:
                    family.add_metric((key,), number)
            yield family
        freshness = HistogramMetricFamily(
            "tocsin_publication_to_commit_seconds",
            "From an article's publication, where known to the minute, to its commit; since the stream began",
        )
        counts, buckets = 0, []
        for bound, number in zip((*FRESHNESS_BOUNDS, float("inf")), self._delays, strict=True):
            counts += number
            buckets.append((f"{bound:g}" if bound != float("inf") else "+Inf", float(counts)))
        freshness.add_metric((), buckets, self._delay_sum)
        yield freshness


def _of_run(result: RunResult, delays: Sequence[float]) -> Iterator[Metric]:
    manifest, report = result.manifest, result.report
    for name, group, labels, text in _COUNTED:
        numbers: Numbers = {(key,): number for key, number in report.group(group).items()}
        yield _gauge(f"tocsin_run_{name}", f"{text}; in the last run", numbers, labels)
    rows: Counter[tuple[str, ...]] = Counter()
    sizes: Counter[tuple[str, ...]] = Counter()
    for file in manifest.files:
        rows[file.table,] += file.rows
        sizes[file.table,] += file.bytes
    yield _gauge("tocsin_run_rows", "Rows that the last run added", rows, ("table",))
    yield _gauge("tocsin_run_bytes", "Bytes of the files that the last run added", sizes, ("table",))
    yield _gauge("tocsin_run_seconds", "Seconds that the last run took", {(): result.seconds})
    yield _gauge(
        "tocsin_last_commit_timestamp_seconds",
        "When the last run was committed; time() less this is how far the output is behind",
        {(): datetime.fromisoformat(manifest.committed_at).timestamp()},
    )
    yield _gauge(
        "tocsin_watermark_timestamp_seconds",
        "What the feeds that were asked had listed before this is in the output, or carried over: when the last run, or "
        "a stream's window, began; time() less this is the lag",
        {(): datetime.fromisoformat(manifest.started_at).timestamp()},
    )
    yield _freshness_of_run(delays)
    yield from _of_engine(result.measured)


def _freshness_of_run(delays: Sequence[float]) -> Metric:
    name = "tocsin_run_publication_to_commit_seconds"
    family = SummaryMetricFamily(
        name,
        "From an article's publication, where known to the minute, to its commit; in the last run",
        count_value=len(delays),
        sum_value=sum(delays),
    )
    for quantile in QUANTILES if delays else ():
        value = delays[min(len(delays) - 1, int(quantile * len(delays)))]
        family.add_sample(name, {"quantile": str(quantile)}, value)
    return family


def _of_engine(measured: EngineMetrics) -> Iterator[Metric]:
    repeats = "by the engine, which counts a repeated bundle twice; in the last run"
    fetches: dict[tuple[str, ...], float] = {}
    for name, number in measured.counters.items():
        stage, found, status = name.partition(f"_{STATUS}_")
        if found:
            fetches[stage, status] = number
        elif name.endswith(f"_{DEFERRED}") and (stage := name.removesuffix(f"_{DEFERRED}")) in tuple(Stage):
            fetches[stage, DEFERRED] = number
    yield _gauge("tocsin_run_fetches", f"Fetches by class of status, {repeats}", fetches, ("stage", "status"))
    for unit, name, divisor, text in (
        (MICROSECONDS, "tocsin_run_work_seconds", 1_000_000, "Seconds of work on one element"),
        (BYTES, "tocsin_run_fetched_bytes", 1, "Decoded bytes of a body"),
    ):
        found_of = {stage: measured.distributions.get(f"{stage}_{unit}") for stage in Stage}
        stages: dict[Stage, Measured] = {
            stage: values for stage, values in found_of.items() if values is not None
        }
        summary = SummaryMetricFamily(name, f"{text}, {repeats}", labels=("stage",))
        for stage, values in stages.items():
            summary.add_metric((stage.value,), values.count, values.sum / divisor)
        yield summary
        greatest: Numbers = {(stage.value,): values.max / divisor for stage, values in stages.items()}
        yield _gauge(f"{name}_max", f"The greatest of {name}", greatest, ("stage",))


def _gauge(name: str, text: str, numbers: Numbers, labels: Sequence[str] = ()) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for key, number in numbers.items():
        family.add_metric(key, number)
    return family


def _bucket(delay: float) -> int:
    return next((at for at, bound in enumerate(FRESHNESS_BOUNDS) if delay <= bound), len(FRESHNESS_BOUNDS))
