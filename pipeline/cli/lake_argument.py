"""The lake that a command works on, and the options that say how an object store is reached."""

from typing import Annotated

import typer

from pipeline.lake import Lake
from pipeline.options import beam_options

LakePlace = Annotated[
    str, typer.Argument(help="Where `tocsin run` wrote to: a folder, or s3://BUCKET/PREFIX.")
]
BeamOptions = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[-- BEAM OPTIONS]", help="How an object store is reached: --s3_endpoint_url=URL, ..."
    ),
]


def lake_at(place: str, beam: list[str] | None) -> Lake:
    """The lake.

    Raises:
        UsageError: an option that Beam does not know.
        LakeError: a store that tocsin can't work with.
    """
    return Lake(place, beam_options(beam or []))
