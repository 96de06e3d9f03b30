"""`tocsin retag`: find topics and figures anew in the articles of a lake."""

from typing import Annotated

import typer

from pipeline.cli.lake_argument import BeamOptions, LakePlace, lake_at
from pipeline.options import at_home
from pipeline.retag import retag as find_anew


def retag(
    out: LakePlace,
    beam: BeamOptions = None,
    taxonomy: Annotated[
        str | None, typer.Option("--taxonomy", help="Taxonomy file; the default is built in.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", help="A learned model, applied after the rules; none is built in."),
    ] = None,
) -> None:
    """Publish topics, figures and dates by another taxonomy for the articles that a lake holds."""
    done = find_anew(lake_at(out, beam), at_home(taxonomy), at_home(model))
    kept = f"; {done.without_text} whose text has expired keep theirs" if done.without_text else ""
    typer.echo(f"{done.articles} articles by {done.taxonomy_version}: {done.changed} changed{kept}")
