"""The driver of a stream on an engine: holds the output, submits the job, commits its windows, and ends it."""

import contextlib
import dataclasses
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import FlinkRunnerOptions, GoogleCloudOptions
from apache_beam.runners.portability.flink_runner import FlinkRunner
from apache_beam.runners.runner import PipelineResult

from pipeline.batch import (
    OpenOutput,
    RunFailedError,
    RunResult,
    cause_of,
    context_of,
    opened_output,
    taxonomy_versions,
)
from pipeline.commit import PublishInterruptedError
from pipeline.engine import Engine, streaming_engine
from pipeline.engine_metrics import EngineMetrics
from pipeline.feed_list import letters_of_list, read_feed_list
from pipeline.flink_jobs import cancel_flink_jobs, job_prefix
from pipeline.options import RunOptions, UsageError
from pipeline.stream import StreamResult
from pipeline.unbounded.committer import Committer, StreamInfo, stream_folder
from pipeline.unbounded.graph import StreamPlan, build_stream
from pipeline.unbounded.snapshot import snapshot_of_state, tell_alive, tell_feed_list, tell_snapshot
from pipeline.unbounded.windows import expect_windows
from schemas.dead_letters import DeadLetter
from transforms.feeds.listing import FeedList
from transforms.files import is_object
from transforms.intake import intake_stopped, tell_workers
from transforms.run_context import RunContext, utc_now
from transforms.shared_crawler import close_client

LOOK_EVERY = 0.1
LOOK_EVERY_STORE = 2.0
"""Seconds between two looks for complete windows: in a folder, and in a store, where each is a request."""

ALIVE_EVERY = 5.0
LEAST_PATIENCE = timedelta(seconds=20)
"""How long what a window takes in may wait for its host at least; longer windows have longer patience."""

SHARE_OF_GRACE = 0.85
"""Share of the grace that windows in flight have; the rest is for the end of the job."""

CANCEL_SECONDS = 3.0
"""How long the end of a cancelled job is waited for; nothing depends on it."""

_LOG = logging.getLogger(__name__)


def run_unbounded(
    options: RunOptions,
    every: timedelta,
    *,
    committed: Callable[[RunResult], None],
    clock: Callable[[], datetime] = utc_now,
) -> StreamResult:
    """Run the unbounded graph until intake is stopped; windows in flight then are committed within the grace.

    Args:
        options: what to do. The feed list is read anew before each window.
        every: from the beginning of one window to that of the next.
        committed: told what each commit did.
        clock: the time; tests give another.

    Raises:
        UsageError: wrong options, feed list, taxonomy, model or output; nothing was begun.
        LockHeldError: another run holds the output.
        RunFailedError: the job failed, or a window could not be committed. Windows that were committed stay.
    """
    settings = options.http_settings()
    engine = streaming_engine(options)
    FileSystems.set_options(engine.options)
    feed_list = read_feed_list(options.feeds, strict=options.strict)
    taxonomy_version, version_found_by = taxonomy_versions(options)
    with opened_output(options, engine, clock) as output:
        context = context_of(
            options, settings, output.lake, output.run_id, output.started_at, taxonomy_version
        )
        # The first window's commit has the stream's run id, and a staging folder of its own.
        staging = output.lake.storage.locate(stream_folder(output.run_id))
        context = dataclasses.replace(context, staging=staging)
        stream = StreamInfo(context, every, options.runner, options.recorded(), version_found_by)
        committer = Committer(output.lake, output.lock, stream, output.state, clock)
        feeds = _Feeds(options, every, context, feed_list)
        plan = StreamPlan(
            every,
            min(options.deadline, max(every, LEAST_PATIENCE)),
            options.pages == "always",
            engine.host_buckets,
        )
        try:
            _tell_workers_what_is_there(output, staging, feed_list)
            with _job(engine, lambda pipeline: build_stream(pipeline, plan, context, clock), output) as job:
                done = _commit_until_stopped(options, committer, feeds, job, staging, committed)
            _sweep(output)
        except PublishInterruptedError as error:
            raise RunFailedError(
                f"the stream was stopped while it published; the next run finishes it: {cause_of(error)}"
            ) from error
        except Exception as error:
            raise RunFailedError(
                f"the stream ended; what it has committed stays: {cause_of(error)}"
            ) from error
        finally:
            close_client(context.run_id)
    return done


def _sweep(output: OpenOutput) -> None:
    """Remove what the job has staged and nobody needs; a worker that still writes leaves it to the next run."""
    storage = output.lake.storage
    with contextlib.suppress(OSError):
        storage.delete(storage.files(stream_folder(output.run_id)))


def _tell_workers_what_is_there(output: OpenOutput, staging: str, feed_list: FeedList) -> None:
    # The snapshot comes first: writing its files makes the folder.
    tell_snapshot(staging, snapshot_of_state(staging, output.lake, output.state))
    tell_feed_list(staging, feed_list.sources)
    expect_windows(staging)
    tell_alive(staging, time.time())


class _Feeds:
    """The feed list of a stream: read anew before each window, told to the workers, its problems told once."""

    def __init__(
        self, options: RunOptions, every: timedelta, context: RunContext, feed_list: FeedList
    ) -> None:
        self._options = options
        self._every = every.total_seconds()
        self._context = context
        self._read_at = time.monotonic()
        self.now = feed_list
        self.letters = self._letters()

    def look(self) -> None:
        """Read the list where it is time to; one that can't be read leaves the one before."""
        if time.monotonic() - self._read_at < self._every:
            return
        self._read_at = time.monotonic()
        try:
            found = read_feed_list(self._options.feeds, strict=self._options.strict)
        except UsageError as error:
            _LOG.error("%s; the stream goes on with the feeds that it has", error)
            return
        if found != self.now:
            self.now = found
            tell_feed_list(self._context.staging, found.sources)
            self.letters = self._letters()

    def _letters(self) -> Sequence[DeadLetter]:
        context = self._context
        return letters_of_list(self.now, self._options.feeds, context.run_id, context.started_at)


@dataclass(slots=True)
class _Job:
    """A job that runs, and why it ended once it has."""

    result: PipelineResult
    ended: threading.Event = field(default_factory=threading.Event)
    failure: BaseException | None = None

    def follow(self) -> None:
        """Wait for the end."""
        try:
            self.result.wait_until_finish()
        except BaseException as error:  # noqa: BLE001 -- told to whoever asks after the job
            self.failure = error
        self.ended.set()


@contextlib.contextmanager
def _job(engine: Engine, build: Callable[[beam.Pipeline], None], output: OpenOutput) -> Iterator[_Job]:
    """The job while the block runs; it is cancelled at its end.

    One that a driver of this output has left behind is cancelled before.
    """
    prefix = job_prefix(output.lake.location)
    _cancel_on_flink(engine, prefix)
    engine.options.view_as(GoogleCloudOptions).job_name = f"{prefix}{output.run_id}"
    pipeline = engine.pipeline()
    build(pipeline)
    job = _Job(engine.begin(pipeline))
    threading.Thread(target=job.follow, daemon=True, name="job").start()
    try:
        yield job
    finally:
        if not job.ended.is_set():
            try:
                job.result.cancel()
            except Exception as error:  # noqa: BLE001 -- the job can publish nothing, whatever becomes of it
                _LOG.warning("the job could not be cancelled: %s: %s", type(error).__name__, error)
            _cancel_on_flink(engine, prefix)
            job.ended.wait(CANCEL_SECONDS)


def _cancel_on_flink(engine: Engine, prefix: str) -> None:
    """Cancel the jobs of an output where the engine is Flink and its address is known."""
    if engine.runner is not FlinkRunner:
        return
    master = engine.options.view_as(FlinkRunnerOptions).flink_master
    if not master or master.startswith("["):
        _LOG.warning(
            "without --flink_master=HOST:PORT the job %s must be cancelled by Flink's own means", prefix
        )
        return
    try:
        for name in cancel_flink_jobs(master, prefix):
            _LOG.info("cancelled the job %s", name)
    except OSError as error:
        _LOG.warning("the jobs %s could not be cancelled: %s", prefix, error)


def _commit_until_stopped(
    options: RunOptions,
    committer: Committer,
    feeds: _Feeds,
    job: _Job,
    staging: str,
    committed: Callable[[RunResult], None],
) -> StreamResult:
    runs = articles = dead_letters = 0
    alive_at, stopped_at = time.monotonic(), None
    began = time.monotonic()
    while True:
        now = time.monotonic()
        if stopped_at is None and intake_stopped():
            stopped_at = now
            tell_workers(staging)
        if now - alive_at >= ALIVE_EVERY:
            tell_alive(staging, time.time())
            alive_at = now
        feeds.look()
        for manifest, report in committer.commit_what_is_there(feeds.letters):
            feeds.letters = ()
            runs += 1
            articles += manifest.balance.articles
            dead_letters += manifest.balance.dead_letters
            seconds = time.monotonic() - began
            began = time.monotonic()
            committed(RunResult(manifest, report, feeds.now, seconds, EngineMetrics()))
        if stopped_at is not None and _may_leave(options, committer, now - stopped_at):
            return StreamResult(runs, articles, dead_letters)
        if job.ended.wait(LOOK_EVERY_STORE if is_object(staging) else LOOK_EVERY):
            raise job.failure or RuntimeError("the job ended by itself")


def _may_leave(options: RunOptions, committer: Committer, waited: float) -> bool:
    """Whether a stream that is being stopped has nothing more to wait for."""
    if committer.all_done:
        return True
    if options.grace and waited >= options.grace * SHARE_OF_GRACE:
        _LOG.warning(
            "windows in flight were not complete within --grace: what they took in is taken in again"
        )
        return True
    return False
