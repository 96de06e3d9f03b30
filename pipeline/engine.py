"""The engine that carries out a run's graph: this process, or one that Beam hands the job to."""

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import apache_beam as beam
from apache_beam.options.pipeline_options import (
    FlinkRunnerOptions,
    PipelineOptions,
    PortableOptions,
    PrismRunnerOptions,
    WorkerOptions,
)
from apache_beam.runners.portability.flink_runner import FlinkRunner
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner
from apache_beam.runners.runner import PipelineResult, PipelineRunner

from pipeline.engine_metrics import EngineMetrics, engine_metrics
from pipeline.options import RunOptions, UsageError, beam_options
from pipeline.prism_session import PrismInOwnSession
from pipeline.untimed_jobs import UntimedPortableRunner
from transforms.intake import intake_stopped, tell_workers

IN_PROCESS = ("FnApiRunner", "DirectRunner")
"""Names of the in-process engine. Beam's own DirectRunner may choose another engine, which it would download."""

BUCKETS_PER_SLOT = 256
"""Host buckets for each parallel slot of an engine, in a bounded run: an engine deals buckets out to its slots as if
by chance, and the more there are, the more evenly hosts are shared. A slot serves all of its buckets at once."""

STREAMED_BUCKETS_PER_SLOT = 16
"""The same in a stream, where each bucket has state and a timer that looks five times a second."""

WORKER_KEPT_MS = 60_000
"""How long a cluster keeps a job's workers between two stages: both fetch stages are to share one host gate."""

_LOOK_EVERY = 0.2

STREAMING_ON_FLINK = (
    "--checkpointing_interval=10000",
    "--shutdown_sources_after_idle_ms=9223372036854775807",
    "--max_bundle_time_mills=100",
)
"""What a stream needs of Flink, in milliseconds: a checkpoint every so often, sources that stay when they have nothing
to give (a checkpoint needs them, and timers would fire in a way that blocks it), and short bundles, as each stage adds
one to the time from publication to record."""


def _dataflow() -> PipelineRunner:
    # What it imports is there only with Beam's gcp extra, and slow to load.
    from apache_beam.runners.dataflow.dataflow_runner import DataflowRunner  # noqa: PLC0415

    return DataflowRunner()


_PORTABLE: dict[str, Callable[[], PipelineRunner]] = {
    "DataflowRunner": _dataflow,
    "FlinkRunner": FlinkRunner,
    "PrismRunner": PrismInOwnSession,
    "PortableRunner": UntimedPortableRunner,
}


@dataclass(frozen=True, slots=True)
class Engine:
    """Where a run's graph goes. `host_buckets` is 1 in process, where one bundle then holds all hosts."""

    runner: Callable[[], PipelineRunner]
    options: PipelineOptions
    host_buckets: int

    def pipeline(self) -> beam.Pipeline:
        """An empty pipeline of this engine."""
        return beam.Pipeline(runner=self.runner(), options=self.options)

    def begin(self, pipeline: beam.Pipeline) -> PipelineResult:
        """Submit the pipeline. Beam's job servers put a handler of their own on Ctrl-C; tocsin's stays.

        Raises:
            Exception: the engine does not take it; what is raised is the engine's.
        """
        on_interrupt = signal.getsignal(signal.SIGINT)
        try:
            return pipeline.run()
        finally:
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGINT, on_interrupt)

    def carry_out(self, pipeline: beam.Pipeline, staging: str) -> EngineMetrics:
        """Run the pipeline to its end, and give what the engine counted.

        A stop of intake here is told to the run's workers, wherever they are.

        Raises:
            Exception: the job failed; what is raised is the engine's.
        """
        result = self.begin(pipeline)
        ended = threading.Event()
        follower = threading.Thread(target=_pass_on_stop, args=(staging, ended), daemon=True)
        follower.start()
        try:
            result.wait_until_finish()
        finally:
            ended.set()
            follower.join()
        return engine_metrics(result)


def chosen_engine(options: RunOptions) -> Engine:
    """The engine that the options name, checked before anything is begun.

    Raises:
        UsageError: there is no such engine, or an option of it is missing or unknown.
    """
    flags = beam_options(options.beam)
    if options.runner in IN_PROCESS:
        return Engine(FnApiRunner, flags, host_buckets=1)
    if options.runner not in _PORTABLE:
        known = ", ".join([*IN_PROCESS, *_PORTABLE])
        raise UsageError(f"--runner={options.runner} is not one that tocsin runs on: use one of {known}")
    _require_what_it_needs(options, flags)
    portable = flags.view_as(PortableOptions)
    portable.environment_cache_millis = int(portable.environment_cache_millis) or WORKER_KEPT_MS
    return Engine(_PORTABLE[options.runner], flags, host_buckets=BUCKETS_PER_SLOT * _slots(flags))


def streaming_engine(options: RunOptions) -> Engine:
    """The engine that the options name, for a graph that does not end.

    Raises:
        UsageError: as `chosen_engine`.
    """
    engine = chosen_engine(options)
    settings = STREAMING_ON_FLINK if options.runner == "FlinkRunner" else ()
    # Beam's job server knows options that Python's parser does not; those are for it, and come after the check.
    streaming = PipelineOptions(flags=["--streaming", *settings, *options.beam])
    return Engine(engine.runner, streaming, host_buckets=STREAMED_BUCKETS_PER_SLOT * _slots(engine.options))


def _slots(flags: PipelineOptions) -> int:
    """How many slots an engine is asked for, by the option of Flink or that of Dataflow."""
    workers = flags.view_as(WorkerOptions)
    parallelism: int = flags.view_as(FlinkRunnerOptions).parallelism
    return max(1, parallelism, workers.max_num_workers or 0, workers.num_workers or 0)


def _pass_on_stop(staging: str, ended: threading.Event) -> None:
    while not ended.wait(_LOOK_EVERY):
        if intake_stopped():
            tell_workers(staging)
            return


def _require_what_it_needs(options: RunOptions, flags: PipelineOptions) -> None:
    """Beam fetches a program from the network where it is told of none; tocsin asks for it instead."""
    runner = options.runner
    if runner == "DataflowRunner":
        if "://" not in str(options.out):
            raise UsageError(
                f"--out {options.out}: workers of Dataflow share no folder with this machine; name a store, "
                "s3://BUCKET/PREFIX"
            )
        if find_spec("google.auth") is None:
            raise UsageError(
                "DataflowRunner needs Beam's gcp extra, as the images of deploy/dataflow have it"
            )
        return
    if flags.view_as(PortableOptions).job_endpoint:
        return
    if runner == "PrismRunner" and flags.view_as(PrismRunnerOptions).prism_location:
        return
    if runner == "FlinkRunner" and flags.view_as(FlinkRunnerOptions).flink_job_server_jar:
        return
    further = {
        "PrismRunner": ", or --prism_location=FILE, which `make prism` builds",
        "FlinkRunner": ", which `deploy/flink/cluster.py options FOLDER` tells, or --flink_job_server_jar=FILE",
    }.get(runner, "")
    raise UsageError(f"{runner} needs --job_endpoint=HOST:PORT after `--`{further}")
