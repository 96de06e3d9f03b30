"""`tocsin compact`: merge the small files of closed dates, and let old texts expire."""

from datetime import timedelta
from typing import Annotated

import typer

from pipeline.cli.lake_argument import BeamOptions, LakePlace, lake_at
from pipeline.compact import compact as merge


def compact(
    out: LakePlace,
    beam: BeamOptions = None,
    expire_text_after: Annotated[
        int | None,
        typer.Option(
            "--expire-text-after",
            min=1,
            metavar="DAYS",
            help="Empty the texts of articles fetched longer ago; titles, topics and evidence stay.",
        ),
    ] = None,
) -> None:
    """Merge the files and manifests of dates that are over (UTC) into few; readers never miss or double a row."""
    days = timedelta(days=expire_text_after) if expire_text_after is not None else None
    done = merge(lake_at(out, beam), expire_after=days)
    if not done.runs:
        typer.echo("nothing to compact: no date that is over has more than one file or run")
        return
    expired = f"; {done.expired} texts expired" if days is not None else ""
    typer.echo(f"{done.files_before} files of {done.runs} runs are now {done.files_after}{expired}")
