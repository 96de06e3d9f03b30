"""`tocsin run`: one bounded run."""

import logging
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipeline.batch import RunResult, run_batch
from pipeline.cli.console import output_console
from pipeline.cli.logs import say_last, set_up_logs
from pipeline.cli.progress_display import progress_display
from pipeline.cli.summary import print_summary
from pipeline.metrics_file import require_writable, write_metrics
from pipeline.options import RunOptions, UsageError, parse_duration
from pipeline.signals import signals_stop_intake

NO_FEED_ANSWERED = 4

_LOG = logging.getLogger(__name__)


def run(
    *,
    feeds: Annotated[str, typer.Option("--feeds", help="Feed list: OPML, or text with one URL a line.")],
    out: Annotated[Path, typer.Option("--out", help="Folder that the records go to.")],
    taxonomy: Annotated[
        str | None, typer.Option("--taxonomy", help="Taxonomy file; the default is built in.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", help="A learned model, applied after the rules; none is built in."),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=0, help="Worker processes; 0: the cores it may use.")
    ] = 0,
    host_delay: Annotated[
        float, typer.Option("--host-delay", min=0, help="Seconds between two requests to a host.")
    ] = 1.0,
    deadline: Annotated[
        str,
        typer.Option("--deadline", help="When to stop taking in: 90s, 30m, 2h. The rest is carried over."),
    ] = "30m",
    request_timeout: Annotated[
        float, typer.Option("--request-timeout", min=0.1, help="Seconds for one request in all.")
    ] = 30.0,
    pages: Annotated[
        str, typer.Option("--pages", help="always: fetch the articles; never: take the feed's own text.")
    ] = "always",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host",
            metavar="HOST[:PORT]|CIDR",
            help="Let the guard pass this private address. Repeatable.",
        ),
    ] = None,
    contact: Annotated[
        str | None, typer.Option("--contact", help="Address or URL for the sites' owners, in the user agent.")
    ] = None,
    user_agent: Annotated[
        str | None, typer.Option("--user-agent", help="The whole user agent, in place of tocsin's.")
    ] = None,
    proxy: Annotated[
        str | None, typer.Option("--proxy", help="HTTP proxy. The private-address guard can't see past it.")
    ] = None,
    ignore_robots: Annotated[
        bool, typer.Option("--ignore-robots", help="For your own sites only: ask no robots.txt. Is recorded.")
    ] = False,
    only_due: Annotated[
        bool, typer.Option("--only-due", help="Ask only the feeds that the schedule says are due (for cron).")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="A bad line in the feed list ends with exit 2.")
    ] = False,
    grace: Annotated[
        float, typer.Option("--grace", min=0, help="Seconds to finish in after SIGTERM or Ctrl-C.")
    ] = 30.0,
    runner: Annotated[
        str, typer.Option("--runner", help="FnApiRunner or DirectRunner: the in-process engine.")
    ] = "FnApiRunner",
    metrics_file: Annotated[
        Path | None, typer.Option("--metrics-file", help="Write the run's counts here as Prometheus text.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")] = False,
    json_logs: Annotated[bool, typer.Option("--json-logs", help="Logs as JSON, one object a line.")] = False,
    beam: Annotated[
        list[str] | None, typer.Argument(metavar="[-- BEAM OPTIONS]", help="Beam's options.")
    ] = None,
) -> None:
    """Poll the feeds of a list once, and commit what is new.

    Every entry ends as an article, a dead letter, known, a duplicate, or carried over to the next run.
    """
    set_up_logs(verbose=verbose, as_json=json_logs)
    if pages not in ("always", "never"):
        raise UsageError(f"--pages {pages}: write always or never")
    try:
        until = parse_duration(deadline)
    except ValueError as error:
        raise UsageError(f"--deadline: {error}") from error
    if metrics_file is not None:
        metrics_file = metrics_file.expanduser()
        require_writable(metrics_file)
    runner, rest = named_runner(runner, beam or [])
    options = RunOptions(
        feeds=feeds,
        out=out.expanduser(),
        taxonomy=str(Path(taxonomy).expanduser()) if taxonomy else None,
        model=str(Path(model).expanduser()) if model else None,
        workers=workers,
        host_delay=host_delay,
        deadline=until,
        request_timeout=request_timeout,
        pages=pages,
        allow_host=tuple(allow_host or ()),
        contact=contact,
        user_agent=user_agent,
        proxy=proxy,
        ignore_robots=ignore_robots,
        grace=grace,
        strict=strict,
        only_due=only_due,
        runner=runner,
        beam=rest,
    )
    result = execute(options, output_console(), metrics_file=metrics_file)
    if result.no_feed_answered:
        say_last("committed, but not one feed could be fetched")
        raise typer.Exit(NO_FEED_ANSWERED)


def execute(options: RunOptions, console: Console, *, metrics_file: Path | None = None) -> RunResult:
    """Run, show progress, print the summary."""
    if options.runner == "DirectRunner":
        console.print("DirectRunner: running on the in-process engine (FnApiRunner)")
    if options.ignore_robots:
        console.print("[bold red]--ignore-robots[/]: no robots.txt is asked; for your own sites only")
    with signals_stop_intake(options.grace), progress_display(console):
        result = run_batch(options)
    print_summary(console, result)
    if metrics_file is not None:
        try:
            write_metrics(metrics_file, result)
        except OSError as error:
            _LOG.warning(
                "the run is committed, but --metrics-file %s can't be written: %s",
                metrics_file,
                error.strerror,
            )
    return result


def named_runner(runner: str, beam: list[str]) -> tuple[str, tuple[str, ...]]:
    """The runner that is asked for, by our option or by Beam's own, and Beam's options without it."""
    rest = []
    arguments = iter(beam)
    for argument in arguments:
        if argument == "--runner":
            runner = next(arguments, runner)
        elif argument.startswith("--runner="):
            runner = argument.partition("=")[2]
        else:
            rest.append(argument)
    return runner, tuple(rest)
