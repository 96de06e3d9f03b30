"""`tocsin taxonomy check | show | train`: the topics as data, and as learned from labelled texts."""

from typing import Annotated

import typer

from pipeline.train_model import train_model
from transforms.topics.examples import check_examples, render_taxonomy
from transforms.topics.taxonomy import load_taxonomy

app = typer.Typer(
    help="The taxonomy: check a file of your own, show what is in use, learn a topic.", no_args_is_help=True
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


@app.command("train")
def train(
    labelled: Annotated[
        str,
        typer.Argument(help="JSON lines {id, title, text, labels, label_space}, one labelled text each."),
    ],
    model: Annotated[str, typer.Argument(help="The .parquet file to write; its SHA-256 goes beside it.")],
    taxonomy: Annotated[
        str | None, typer.Option("--taxonomy", help="Taxonomy file; the default is built in.")
    ] = None,
    topic: Annotated[
        list[str] | None, typer.Option("--topic", help="Learn this label; all if left out. Repeatable.")
    ] = None,
) -> None:
    """Learn topics from labelled texts, for `--model` of run, detect and retag.

    It tells how the rules alone, and the rules with the model, do on texts held out in turn.
    """
    trained = train_model(labelled, model, taxonomy_path=taxonomy, topics=topic or ())
    for one in trained.topics:
        typer.echo(f"{one.topic}: {one.positives} texts with, {one.negatives} without; held out:")
        for who, did in (("rules alone", one.rules), ("with the model", one.together)):
            typer.echo(f"  {who}: precision {did.precision:.3f}, recall {did.recall:.3f}, F1 {did.f1:.3f}")
    for name, (positives, negatives) in trained.too_few.items():
        typer.echo(f"{name}: not learned, {positives} texts with and {negatives} without are too few")
    typer.echo(f"{model}: sha256 {trained.sha256}")
