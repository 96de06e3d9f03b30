"""`tocsin taxonomy check | show`: the topics as data."""

from typing import Annotated

import typer

from transforms.topics.examples import check_examples, render_taxonomy
from transforms.topics.taxonomy import load_taxonomy

app = typer.Typer(
    help="The taxonomy: check a file of your own, or show what is in use.", no_args_is_help=True
)


@app.command("check")
def check(file: Annotated[str, typer.Argument(help="A taxonomy file of your own.")]) -> None:
    """Read a taxonomy, run its examples, and tell terms that speak for several topics.

    Ends with 2 where the file can't be read as a taxonomy, with 1 where an example fails.
    """
    taxonomy = load_taxonomy(file)
    findings = check_examples(taxonomy)
    for finding in findings:
        typer.echo(("fault: " if finding.fault else "note: ") + str(finding))
    faults = sum(finding.fault for finding in findings)
    typer.echo(
        f"{taxonomy.version}: {len(taxonomy.topics)} topics, {len(taxonomy.examples)} examples, {faults} faults"
    )
    if faults:
        raise typer.Exit(1)


@app.command("show")
def show(
    file: Annotated[str | None, typer.Argument(help="A taxonomy file; the built-in one if left out.")] = None,
) -> None:
    """Show topics, labels, concepts, rules and the number of terms a language."""
    typer.echo(render_taxonomy(load_taxonomy(file)), nl=False)
