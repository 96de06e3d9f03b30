"""`tocsin taxonomy check | show`: the topics as data."""

import typer

app = typer.Typer(
    help="The taxonomy: check a file of your own, or show what is in use.", no_args_is_help=True
)
