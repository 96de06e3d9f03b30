"""`tocsin stream`: the feeds of a list, polled again and again until it is stopped."""

from contextlib import nullcontext
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console

from pipeline.batch import RunResult
from pipeline.cli.console import output_console
from pipeline.cli.logs import set_up_logs
from pipeline.cli.metrics import metrics_of
from pipeline.cli.progress_display import progress_display
from pipeline.cli.run import say_what_is_unusual
from pipeline.cli.run_arguments import RunArguments, with_run_arguments
from pipeline.engine import IN_PROCESS
from pipeline.options import UsageError, parse_duration
from pipeline.signals import signals_stop_intake
from pipeline.stream import run_stream
from pipeline.unbounded.driver import run_unbounded


@with_run_arguments
def stream(
    arguments: RunArguments,
    *,
    every: Annotated[
        str, typer.Option("--every", help="From one poll of the feeds to the next: 90s, 15m, 2h.")
    ] = "15m",
) -> None:
    """Poll the feeds of a list every so often, and commit what is new each time, until SIGTERM or Ctrl-C.

    Feeds that asked to be left alone, or failed lately, wait; with --only-due each is polled by its own schedule,
    --every then says how often the schedule is looked at. `tocsin run` can follow on the same output, or come first.
    """
    set_up_logs(verbose=arguments.verbose, as_json=arguments.json_logs)
    options = arguments.options()
    interval = _interval(every)
    in_process = options.runner in IN_PROCESS
    console = output_console()
    say_what_is_unusual(options, console)
    console.print(_what_it_does(options.runner, every))
    with (
        metrics_of(options.out, arguments.metrics, since_start=True, say=console.print) as measure,
        signals_stop_intake(options.grace),
        # The workers of an engine count in processes of their own.
        progress_display(console) if in_process else nullcontext(),
    ):

        def committed(result: RunResult) -> None:
            _say(console, result)
            measure(result)

        run = run_stream if in_process else run_unbounded
        done = run(options, interval, committed=committed)
    console.print(
        f"stopped after {done.runs} runs: {done.articles} articles, {done.dead_letters} dead letters"
    )


def _what_it_does(runner: str, every: str) -> str:
    if runner in IN_PROCESS:
        return (
            f"stream: a bounded run every {every} in this process, each with a commit of its own "
            "(the in-process engine runs no unbounded graph)"
        )
    return (
        f"stream: an unbounded graph on {runner}; it polls every {every}, and commits each window by itself"
    )


def _interval(text: str) -> timedelta:
    try:
        interval = parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--every: {error}") from error
    if not interval:
        raise UsageError(f"--every {text}: write more than nothing, such as 15m")
    return interval


def _say(console: Console, result: RunResult) -> None:
    """One line a run, since a stream makes many."""
    feeds, balance = result.manifest.feeds, result.manifest.balance
    polled = feeds["fetched"] + feeds["not_modified"] + feeds["failed"]
    warning = " - not one feed could be fetched" if result.no_feed_answered else ""
    console.print(
        f"{result.manifest.committed_at[:19]}Z run {result.manifest.run_id}: {polled} of {feeds['listed']} feeds "
        f"polled, {feeds['failed']} failed; {balance.articles} articles, {balance.dead_letters} dead letters, "
        f"{balance.carried_out} carried over; {result.seconds:.1f} s{warning}",
        soft_wrap=True,
    )
