"""The `tocsin` program: its commands, and the exit code that each error ends in.

0 done, 1 the run failed in the middle and published nothing, 2 wrong usage, configuration or output at the
start, 3 another run holds the output, 4 committed, but not one feed could be fetched.
"""

import sys
from typing import Annotated

import typer

from pipeline.batch import RunFailedError
from pipeline.cli import (
    check,
    compact,
    demo,
    detect,
    feeds,
    forget,
    inspect,
    retag,
    run,
    show,
    stream,
    taxonomy,
)
from pipeline.cli.logs import say_last
from pipeline.commit import CommitError, PublishInterruptedError
from pipeline.lake import LakeError
from pipeline.lock import LockHeldError
from pipeline.options import UsageError
from schemas.version import TOCSIN_VERSION
from transforms.topics.learned.model import ModelError
from transforms.topics.taxonomy import TaxonomyError

app = typer.Typer(
    name="tocsin",
    help="News feeds to typed, evidence-bearing Parquet.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("demo")(demo.demo)
app.command("run")(run.run)
app.command("stream")(stream.stream)
app.command("show")(show.show)
app.command("feeds")(feeds.feeds)
app.command("detect")(detect.detect)
app.command("inspect")(inspect.inspect)
app.command("check")(check.check)
app.command("compact")(compact.compact)
app.command("retag")(retag.retag)
app.command("forget")(forget.forget)
app.add_typer(taxonomy.app, name="taxonomy")


@app.callback(invoke_without_command=True)
def root(
    *, version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False
) -> None:
    """News feeds to typed, evidence-bearing Parquet."""
    if version:
        typer.echo(f"tocsin {TOCSIN_VERSION}")
        raise typer.Exit


def main() -> None:
    """Run the command that the arguments name, and leave with its exit code."""
    try:
        app()
    except LockHeldError as error:
        say_last(f"another run holds this output ({error}); wait for its end")
        sys.exit(3)
    except (UsageError, LakeError, TaxonomyError, ModelError) as error:
        say_last(str(error))
        sys.exit(2)
    except (RunFailedError, CommitError, PublishInterruptedError) as error:
        say_last(str(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
