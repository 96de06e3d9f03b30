"""`tocsin run`: one bounded run."""

import typer
from rich.console import Console

from pipeline.batch import RunResult, run_batch
from pipeline.cli.console import output_console
from pipeline.cli.logs import say_last, set_up_logs
from pipeline.cli.metrics import NOWHERE, MetricsPlace, metrics_of
from pipeline.cli.progress_display import progress_display
from pipeline.cli.run_arguments import RunArguments, with_run_arguments
from pipeline.cli.summary import print_summary
from pipeline.options import RunOptions
from pipeline.signals import signals_stop_intake

NO_FEED_ANSWERED = 4


@with_run_arguments
def run(arguments: RunArguments) -> None:
    """Poll the feeds of a list once, and commit what is new.

    Every entry ends as an article, a dead letter, known, a duplicate, or carried over to the next run.
    """
    set_up_logs(verbose=arguments.verbose, as_json=arguments.json_logs)
    result = execute(arguments.options(), output_console(), metrics=arguments.metrics)
    if result.no_feed_answered:
        say_last("committed, but not one feed could be fetched")
        raise typer.Exit(NO_FEED_ANSWERED)


def execute(options: RunOptions, console: Console, *, metrics: MetricsPlace = NOWHERE) -> RunResult:
    """Run, show progress, print the summary."""
    say_what_is_unusual(options, console)
    with metrics_of(options.out, metrics, since_start=False, say=console.print) as committed:
        with signals_stop_intake(options.grace), progress_display(console):
            result = run_batch(options)
        print_summary(console, result)
        committed(result)
    return result


def say_what_is_unusual(options: RunOptions, console: Console) -> None:
    """Say which engine stands behind a name, and what is left off that a run else does."""
    if options.runner == "DirectRunner":
        console.print("DirectRunner: running on the in-process engine (FnApiRunner)")
    if options.ignore_robots:
        console.print("[bold red]--ignore-robots[/]: no robots.txt is asked; for your own sites only")
