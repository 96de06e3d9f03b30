"""`tocsin detect`: topics and figures over texts of your own."""

from typing import Annotated

import typer

from pipeline.options import usable_cores


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
    workers: Annotated[
        int, typer.Option("--workers", min=0, help="Worker processes; 0: the cores it may use.")
    ] = 0,
) -> None:
    """Find topics and figures in texts; each row comes out with lang, topics, figures and taxonomy_version."""
    from pipeline.detect_texts import detect_texts  # noqa: PLC0415

    detect_texts(source, target, taxonomy_path=taxonomy, workers=workers or usable_cores())
