"""`tocsin forget`: erase an article, a URL or a host, and never fetch it again."""

from typing import Annotated

import typer

from pipeline.cli.lake_argument import BeamOptions, LakePlace, lake_at
from pipeline.forget import Target
from pipeline.forget import forget as erase
from pipeline.options import UsageError


def forget(
    out: LakePlace,
    beam: BeamOptions = None,
    url: Annotated[
        str | None, typer.Option("--url", help="An article's URL: listed, final or canonical.")
    ] = None,
    article_id: Annotated[str | None, typer.Option("--article-id", help="An article's id.")] = None,
    host: Annotated[
        str | None, typer.Option("--host", help="A host name: all that is on it (not on its subdomains).")
    ] = None,
) -> None:
    """Erase what the lake and its state hold of it; a salted hash stays, so that it is not fetched again."""
    if sum(given is not None for given in (url, article_id, host)) != 1:
        raise UsageError("forget needs one of --url, --article-id and --host")
    try:
        done = erase(lake_at(out, beam), Target(url=url, article_id=article_id, host=host))
    except ValueError as error:
        raise UsageError(f"forget: {error}") from error
    letters = done.erased["dead_letters"] + done.erased["feed_dead_letters"]
    typer.echo(
        f"erased {done.erased['articles']} articles, {letters} dead letters and {done.pending} entries carried over"
    )
