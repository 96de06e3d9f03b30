"""What an engine counted and measured of a run, by the names of `transforms.metrics`."""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from apache_beam.metrics.metric import MetricResults, MetricsFilter
from apache_beam.runners.runner import PipelineResult

from schemas.dead_letters import Stage
from transforms.metrics import MICROSECONDS, NAMESPACE

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Measured:
    """A distribution: how many values, their sum, the least and the greatest."""

    count: int
    sum: int
    min: int
    max: int

    def joined(self, other: "Measured") -> "Measured":
        """Both distributions as one."""
        return Measured(
            self.count + other.count,
            self.sum + other.sum,
            min(self.min, other.min),
            max(self.max, other.max),
        )


@dataclass(frozen=True, slots=True)
class EngineMetrics:
    """Counters and distributions, each over all steps of the graph. Empty where the engine told none."""

    counters: Mapping[str, int] = field(default_factory=dict)
    distributions: Mapping[str, Measured] = field(default_factory=dict)

    @property
    def stage_seconds(self) -> dict[str, float]:
        """Seconds of work by stage. Stages overlap, so that their sum is more than the run took."""
        named = ((stage, self.distributions.get(f"{stage}_{MICROSECONDS}")) for stage in Stage)
        return {stage.value: found.sum / 1_000_000 for stage, found in named if found is not None}


def engine_metrics(result: PipelineResult) -> EngineMetrics:
    """What the engine counted of a job that has ended.

    An engine that can no longer be asked costs the run nothing but these figures, and a line of the log.
    """
    try:
        found = result.metrics().query(MetricsFilter().with_namespace(NAMESPACE))
    except Exception as error:  # noqa: BLE001 -- each engine has its own ways to fail; the records are what counts
        _LOG.warning("the engine tells no metrics of this run: %s: %s", type(error).__name__, error)
        return EngineMetrics()
    counters: Counter[str] = Counter()
    for counter in found[MetricResults.COUNTERS]:
        counters[counter.key.metric.name] += int(counter.result or 0)
    distributions: dict[str, Measured] = {}
    for distribution in found[MetricResults.DISTRIBUTIONS]:
        name, data = distribution.key.metric.name, distribution.result
        if data is not None and data.count:
            values = Measured(int(data.count), int(data.sum), int(data.min), int(data.max))
            distributions[name] = distributions[name].joined(values) if name in distributions else values
    return EngineMetrics(dict(counters), distributions)
