"""`tocsin inspect`: one page, what was extracted from it, which topics, and the evidence marked in the text."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from pipeline.cli.console import output_console
from pipeline.cli.show import days_of
from pipeline.inspect_page import inspect_page
from pipeline.options import RunOptions, at_home
from schemas.articles import Article
from schemas.extraction import Refusal


def inspect(
    page: Annotated[str, typer.Argument(metavar="URL_OR_FILE", help="A page's URL, or a saved page.")],
    taxonomy: Annotated[str | None, typer.Option("--taxonomy", help="Taxonomy file.")] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", help="A learned model, applied after the rules; none is built in."),
    ] = None,
    url: Annotated[str | None, typer.Option("--url", help="The URL that a saved page came from.")] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option("--allow-host", help="Let the guard pass this private address.")
    ] = None,
    user_agent: Annotated[str | None, typer.Option("--user-agent", help="The whole user agent.")] = None,
) -> None:
    """Show what one page gives: the text, its provenance, the topics, and the evidence marked."""
    options = RunOptions(
        feeds="",
        out=Path(),
        allow_host=tuple(allow_host or ()),
        taxonomy=at_home(taxonomy),
        model=at_home(model),
        user_agent=user_agent,
    )
    found = inspect_page(page, options, url=url, now=datetime.now(UTC))
    console = output_console()
    if isinstance(found, Refusal):
        console.print(f"no article: {found.reason}: {found.detail}", markup=False)
        raise typer.Exit(1)
    _print(console, found)


def _print(console: Console, article: Article) -> None:
    facts = {
        "title": article.title,
        "authors": ", ".join(article.authors) or None,
        "published": f"{article.published_at} ({article.published_source}, to the {article.published_precision})"
        if article.published_at
        else None,
        "language": article.lang,
        "site": article.site_name,
        "text": f"{article.word_count} words by {article.text_method} from the {article.text_source}",
    }
    for name, value in facts.items():
        console.print(Text.assemble((f"{name:<10}", "dim"), value or "-"))
    for topic in article.topics:
        console.print(
            Text.assemble((f"{topic.topic:<16}", "cyan"), f"{topic.score:.2f}  {' '.join(topic.concepts)}")
        )
    for figure in article.figures:
        console.print(
            Text.assemble((f"{figure.kind:<16}", "magenta"), f"{figure.low}..{figure.high}  {figure.text}")
        )
    for said in article.dates:
        console.print(Text.assemble((f"{days_of(said):<16}", "green"), said.text))
    for place in dict.fromkeys((place.kind, place.name, place.country) for place in article.places):
        console.print(Text.assemble((f"{place[0]:<16}", "blue"), f"{place[1]} ({place[2]})"))
    console.print()
    console.print(_marked(article, "title"))
    console.print(_marked(article, "text"))


def _marked(article: Article, field: str) -> Text:
    text = Text((article.title or "") if field == "title" else article.text)
    for topic in article.topics:
        for evidence in topic.evidence:
            if evidence.field == field:
                text.stylize("bold black on yellow", evidence.start, evidence.end)
    for style, found in (
        ("bold magenta", article.figures),
        ("green", article.dates),
        ("blue", article.places),
    ):
        for one in found:
            if one.field == field:
                text.stylize(style, one.start, one.end)
    return text
