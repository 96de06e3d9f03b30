"""The driver of a bounded run: checks, lock, recovery, the pipeline, the balance, the commit."""

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from apache_beam.io.filesystems import FileSystems

from pipeline.balance import require_balance
from pipeline.commit import PublishInterruptedError, nowhere, recover, verify
from pipeline.commit_report import CommitPlan, commit_report
from pipeline.engine import Engine, chosen_engine
from pipeline.engine_metrics import EngineMetrics
from pipeline.feed_list import letters_of_list, read_feed_list
from pipeline.graph import RunPlan, build
from pipeline.lake import Lake, LakeError, new_run_id
from pipeline.options import RunOptions, UsageError
from pipeline.schema_evolution import require_same_types
from pipeline.state import State, load_state
from pipeline.storage.storage import STAGING, At, Lock, LockLostError
from schemas.manifest import Manifest
from schemas.polls import FeedTask
from schemas.report import Report
from transforms.feeds.listing import FeedList
from transforms.http.redaction import redact
from transforms.http.settings import HttpSettings
from transforms.progress import reset_progress
from transforms.run_context import RunContext, utc_now
from transforms.shared_crawler import close_client
from transforms.stage_log import fields
from transforms.topics.learned.model import ModelError
from transforms.topics.tagging import shared_learned
from transforms.topics.taxonomy import TaxonomyError, load_taxonomy
from transforms.workers.pool import prepare_workers
from transforms.write_report import read_report

_LOG = logging.getLogger(__name__)


class RunFailedError(Exception):
    """The run failed in the middle and published nothing. Exit code 1."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a committed run did."""

    manifest: Manifest
    report: Report
    feed_list: FeedList
    seconds: float
    measured: EngineMetrics

    @property
    def no_feed_answered(self) -> bool:
        """Whether feeds were asked and not one gave a body or a 304."""
        feeds = self.manifest.feeds
        return feeds["failed"] > 0 and feeds["fetched"] + feeds["not_modified"] == 0


def run_batch(options: RunOptions, *, clock: Callable[[], datetime] = utc_now, at: At = nowhere) -> RunResult:
    """One bounded run, from the feed list to the manifest.

    Args:
        options: what to do.
        clock: the time; tests give another.
        at: told each step of the commit by name (see `commit`).

    Raises:
        UsageError: wrong options, feed list, taxonomy, model or output; nothing was begun.
        LockHeldError: another run holds the output.
        RunFailedError: it failed in the middle; nothing of it is visible, and the next run sweeps it.
    """
    settings = options.http_settings()
    engine = chosen_engine(options)
    FileSystems.set_options(engine.options)
    prepare_workers()
    feed_list = read_feed_list(options.feeds, strict=options.strict)
    taxonomy_version, version_found_by = taxonomy_versions(options)
    with opened_output(options, engine, clock) as output:
        lake, lock, state, run_id = output.lake, output.lock, output.state, output.run_id
        started_at = output.started_at
        context = context_of(options, settings, lake, run_id, started_at, taxonomy_version)
        try:
            report, measured = _run_pipeline(options, engine, feed_list, state, lake, context, clock)
            manifest = _commit(
                options, version_found_by, feed_list, state, lake, lock, context, report, clock, at
            )
        except PublishInterruptedError as error:
            raise RunFailedError(
                f"run {run_id} was stopped while it published; the next run finishes it: {cause_of(error)}"
            ) from error
        except Exception as error:
            raise RunFailedError(f"run {run_id} published nothing: {cause_of(error)}") from error
        finally:
            close_client(run_id)
    seconds = (datetime.now(UTC) - started_at).total_seconds() if clock is utc_now else 0.0
    return RunResult(manifest, report, feed_list, seconds, measured)


@dataclass(frozen=True, slots=True)
class OpenOutput:
    """An output that is ours: recovered, with the state of its newest commit, and the id of the run that begins."""

    lake: Lake
    lock: Lock
    state: State
    run_id: str
    started_at: datetime


@contextmanager
def opened_output(options: RunOptions, engine: Engine, clock: Callable[[], datetime]) -> Iterator[OpenOutput]:
    """Hold the output while the block runs.

    Raises:
        UsageError: it can't be used.
        LockHeldError: another run holds it.
        RunFailedError: what an earlier run left can't be put right now.
    """
    try:
        lake = Lake(options.out, engine.options)
        lake.storage.create()
    except LakeError as error:
        raise UsageError(str(error)) from error
    started_at = clock()
    token = new_run_id(started_at, secrets.token_hex(4))
    with lake.storage.lock(token) as lock:
        try:
            for done in recover(lake, lock):
                _LOG.warning(done, extra=fields(run=token))
            require_same_types(lake)
            state = load_state(lake)
            run_id = lake.run_id_after_all(token)
        except LakeError as error:
            raise UsageError(str(error)) from error
        except (OSError, LockLostError) as error:
            raise RunFailedError(
                f"an earlier run could not be finished; the next tries again: {cause_of(error)}"
            ) from error
        yield OpenOutput(lake, lock, state, run_id, started_at)


def taxonomy_versions(options: RunOptions) -> tuple[str, str]:
    """The version of the taxonomy, and of all that finds topics: with the learned model, where one is named."""
    try:
        taxonomy = load_taxonomy(options.taxonomy).version
        if options.model is None:
            return taxonomy, taxonomy
        return taxonomy, shared_learned(options.model, options.taxonomy, taxonomy).version
    except (TaxonomyError, ModelError) as error:
        raise UsageError(str(error)) from error


def context_of(
    options: RunOptions,
    settings: HttpSettings,
    lake: Lake,
    run_id: str,
    started_at: datetime,
    taxonomy_version: str,
) -> RunContext:
    """What every stage of a run that begins now shares."""
    return RunContext(
        run_id=run_id,
        started_at=started_at,
        deadline_at=started_at + options.deadline,
        http=settings,
        output=lake.location,
        staging=lake.storage.locate(f"{STAGING}/{run_id}"),
        workers=options.worker_count,
        only_due=options.only_due,
        taxonomy_path=options.taxonomy,
        taxonomy_version=taxonomy_version,
        model_path=options.model,
    )


def _run_pipeline(
    options: RunOptions,
    engine: Engine,
    feed_list: FeedList,
    state: State,
    lake: Lake,
    context: RunContext,
    clock: Callable[[], datetime],
) -> tuple[Report, EngineMetrics]:
    reset_progress()
    plan = RunPlan(
        feeds=[FeedTask(source, state.feeds.get(source.shown)) for source in feed_list.sources],
        list_problems=letters_of_list(feed_list, options.feeds, context.run_id, context.started_at),
        pending=state.pending,
        known_files=tuple(lake.storage.locate(file.path) for file in state.known_files),
        rebuilt_keys=state.rebuilt_keys,
        fetch_pages=options.pages == "always",
        host_buckets=engine.host_buckets,
    )
    pipeline = engine.pipeline()
    build(pipeline, plan, context, clock)
    measured = engine.carry_out(pipeline, context.staging)
    report = read_report(context.staging)
    require_balance(report, feeds_listed=len(plan.feeds), carried_in=len(plan.pending))
    return report, measured


def _commit(
    options: RunOptions,
    taxonomy_version: str,
    feed_list: FeedList,
    state: State,
    lake: Lake,
    lock: Lock,
    context: RunContext,
    report: Report,
    clock: Callable[[], datetime],
    at: At,
) -> Manifest:
    balance = require_balance(report, feeds_listed=len(feed_list.sources), carried_in=len(state.pending))
    verify(lake, report.files)
    at("verified")
    return commit_report(
        lake,
        lock,
        CommitPlan(
            run_id=context.run_id,
            started_at=context.started_at,
            runner=options.runner,
            options=options.recorded(),
            taxonomy_version=taxonomy_version,
            before=state,
        ),
        report,
        balance,
        now=clock(),
        at=at,
    )


def cause_of(error: Exception) -> str:
    """The error at the root, in one line: Beam wraps what a stage raised."""
    root: BaseException = error
    while root.__cause__ is not None:
        root = root.__cause__
    first = str(error if root is error else root).strip().splitlines()
    return redact(f"{type(root).__name__}: {first[0] if first else ''}")
