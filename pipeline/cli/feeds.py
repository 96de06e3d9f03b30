"""`tocsin feeds`: the health of every feed."""

from pathlib import Path
from typing import Annotated

import typer


def feeds(out: Annotated[Path, typer.Argument(help="The folder that `tocsin run` wrote to.")]) -> None:
    """Print the health of every feed: last success, failures and why, next poll, items a day, what is missed."""
    del out
