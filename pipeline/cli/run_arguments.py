"""The options that `tocsin run` and `tocsin stream` share, written once."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from pipeline.cli.metrics import MetricsPlace
from pipeline.options import RunOptions, UsageError, at_home, parse_duration


@dataclass(frozen=True, slots=True, kw_only=True)
class RunArguments:
    """What was typed; each field is an option, in the order in which the help shows them."""

    feeds: Annotated[str, typer.Option("--feeds", help="Feed list: OPML, or text with one URL a line.")]
    out: Annotated[
        str, typer.Option("--out", help="Where the records go to: a folder, or s3://BUCKET/PREFIX.")
    ]
    taxonomy: Annotated[
        str | None, typer.Option("--taxonomy", help="Taxonomy file; the default is built in.")
    ] = None
    model: Annotated[
        str | None,
        typer.Option("--model", help="A learned model, applied after the rules; none is built in."),
    ] = None
    workers: Annotated[
        int, typer.Option("--workers", min=0, help="Worker processes; 0: the cores it may use.")
    ] = 0
    host_delay: Annotated[
        float, typer.Option("--host-delay", min=0, help="Seconds between two requests to a host.")
    ] = 1.0
    deadline: Annotated[
        str,
        typer.Option("--deadline", help="When to stop taking in: 90s, 30m, 2h. The rest is carried over."),
    ] = "30m"
    request_timeout: Annotated[
        float, typer.Option("--request-timeout", min=0.1, help="Seconds for one request in all.")
    ] = 30.0
    pages: Annotated[
        str, typer.Option("--pages", help="always: fetch the articles; never: take the feed's own text.")
    ] = "always"
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host",
            metavar="HOST[:PORT]|CIDR",
            help="Let the guard pass this private address. Repeatable.",
        ),
    ] = None
    contact: Annotated[
        str | None, typer.Option("--contact", help="Address or URL for the sites' owners, in the user agent.")
    ] = None
    user_agent: Annotated[
        str | None, typer.Option("--user-agent", help="The whole user agent, in place of tocsin's.")
    ] = None
    proxy: Annotated[
        str | None, typer.Option("--proxy", help="HTTP proxy. The private-address guard can't see past it.")
    ] = None
    ignore_robots: Annotated[
        bool, typer.Option("--ignore-robots", help="For your own sites only: ask no robots.txt. Is recorded.")
    ] = False
    only_due: Annotated[
        bool, typer.Option("--only-due", help="Ask only the feeds that the schedule says are due (for cron).")
    ] = False
    strict: Annotated[
        bool, typer.Option("--strict", help="A bad line in the feed list ends with exit 2.")
    ] = False
    grace: Annotated[
        float, typer.Option("--grace", min=0, help="Seconds to finish in after SIGTERM or Ctrl-C.")
    ] = 30.0
    runner: Annotated[
        str,
        typer.Option(
            "--runner",
            help="FnApiRunner: in this process. FlinkRunner, PrismRunner, PortableRunner: see deploy/.",
        ),
    ] = "FnApiRunner"
    metrics_file: Annotated[
        Path | None, typer.Option("--metrics-file", help="Write each run's metrics here as Prometheus text.")
    ] = None
    metrics_port: Annotated[
        int | None,
        typer.Option(
            "--metrics-port", min=0, max=65_535, help="Serve the same to Prometheus here; 0: any free port."
        ),
    ] = None
    metrics_address: Annotated[
        str, typer.Option("--metrics-address", help="The address that --metrics-port listens at.")
    ] = "127.0.0.1"
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")] = False
    json_logs: Annotated[bool, typer.Option("--json-logs", help="Logs as JSON, one object a line.")] = False
    beam: Annotated[list[str] | None, typer.Argument(metavar="[-- BEAM OPTIONS]", help="Beam's options.")] = (
        None
    )

    def options(self) -> RunOptions:
        """The options of a run.

        Raises:
            UsageError: a value makes no sense; the message names its option.
        """
        if self.pages not in ("always", "never"):
            raise UsageError(f"--pages {self.pages}: write always or never")
        try:
            deadline = parse_duration(self.deadline)
        except ValueError as error:
            raise UsageError(f"--deadline: {error}") from error
        runner, rest = named_runner(self.runner, self.beam or [])
        return RunOptions(
            feeds=self.feeds,
            out=self.out,
            taxonomy=at_home(self.taxonomy),
            model=at_home(self.model),
            workers=self.workers,
            host_delay=self.host_delay,
            deadline=deadline,
            request_timeout=self.request_timeout,
            pages=self.pages,
            allow_host=tuple(self.allow_host or ()),
            contact=self.contact,
            user_agent=self.user_agent,
            proxy=self.proxy,
            ignore_robots=self.ignore_robots,
            grace=self.grace,
            strict=self.strict,
            only_due=self.only_due,
            runner=runner,
            beam=rest,
        )

    @property
    def metrics(self) -> MetricsPlace:
        """Where the metrics go, if anywhere."""
        file = self.metrics_file.expanduser() if self.metrics_file else None
        return MetricsPlace(file, self.metrics_port, self.metrics_address)


def with_run_arguments(command: Callable[..., None]) -> Callable[..., None]:
    """The command with every field of RunArguments as an option beside its own.

    `command` takes the RunArguments first and its own options by keyword. Typer reads a command's options from
    its signature, so the signature is what is made here.
    """
    hints = get_type_hints(RunArguments, include_extras=True)
    shared = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=hints[field.name],
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
        )
        for field in fields(RunArguments)
    ]
    own = list(inspect.signature(command).parameters.values())[1:]

    def typed(**given: Any) -> None:
        its_own = {parameter.name: given.pop(parameter.name) for parameter in own}
        command(RunArguments(**given), **its_own)

    typed.__doc__ = command.__doc__
    typed.__name__ = command.__name__
    parameters = [*shared[:2], *own, *shared[2:]]
    typed.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    vars(typed)["__signature__"] = inspect.Signature(parameters)
    return typed


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
