"""`tocsin detect`: topics and figures over texts of your own."""

from typing import Annotated

import typer

from pipeline.cli.logs import set_up_logs
from pipeline.detect_texts import detect_texts
from pipeline.options import at_home, usable_cores


def detect(
    source: Annotated[
        str,
        typer.Argument(
            metavar="INPUT", help=".jsonl or .parquet (id, title, text[, lang]), a folder, a glob or a lake."
        ),
    ],
    target: Annotated[str, typer.Argument(metavar="OUTPUT", help="The .jsonl or .parquet file to write.")],
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
) -> None:
    """Find topics and figures in texts; rows come out with lang, topics, figures, taxonomy_version, dates, places.

    A row's `published_at` tells the year of dates without one.

    A row that can't be read is told with its file and line, and the exit code is then 1.
    """
    set_up_logs(verbose=False, as_json=False)
    summary = detect_texts(
        source,
        target,
        taxonomy_path=at_home(taxonomy),
        model_path=at_home(model),
        workers=workers or usable_cores(),
    )
    found = ", ".join(f"{count} {topic}" for topic, count in summary.topics.items())
    typer.echo(f"{summary.rows} rows of {summary.files} files to {target}; {found or 'no topic found'}")
    for problem in summary.problems:
        typer.echo(f"not read: {problem}", err=True)
    if summary.refused:
        typer.echo(f"tocsin: {summary.refused} rows could not be read", err=True)
        raise typer.Exit(1)
