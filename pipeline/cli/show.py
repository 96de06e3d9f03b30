"""`tocsin show`: what was found, with the words that prove it; no SQL needed."""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from pipeline.cli.console import inert, output_console
from pipeline.cli.lake_argument import BeamOptions, LakePlace, lake_at
from pipeline.lake import Lake
from pipeline.options import UsageError
from pipeline.read_lake import read_articles
from schemas.articles import Article, Evidence, MentionedDate, Topic

COLUMNS = ("date", "lang", "title", "url", "topics", "scores", "evidence", "figures", "dates", "places")


def show(
    out: LakePlace,
    beam: BeamOptions = None,
    topic: Annotated[str | None, typer.Option("--topic", help="Only articles with this topic.")] = None,
    lang: Annotated[str | None, typer.Option("--lang", help="Only this language: en, ru, kk, ...")] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", help="Only what was published (or fetched) since this date: 2026-11-24."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many on the terminal.")] = 50,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write all rows to this file instead.")
    ] = None,
) -> None:
    """Show articles with their topics, scores and evidence, the newest first."""
    try:
        since_date = date.fromisoformat(since) if since else None
    except ValueError as error:
        raise UsageError(f"--since {since}: write a date as 2026-11-24") from error
    lake = lake_at(out, beam)
    articles = selected(read_articles(lake), topic=topic, lang=lang, since=since_date)
    if csv_file is not None:
        typer.echo(f"{write_csv(csv_file, articles, topic)} articles written to {csv_file}")
        return
    console = output_console()
    newest = sorted(articles, key=moment_of, reverse=True)
    if not newest:
        console.print(f"no article matches; the topics that it holds are: {_topics_of(lake)}")
        return
    for article in newest[:limit]:
        console.print(_card(article, topic))
    if len(newest) > limit:
        console.print(f"{len(newest) - limit} more: raise --limit, or write all with --csv FILE")


def selected(
    articles: Iterable[Article], *, topic: str | None, lang: str | None, since: date | None
) -> Iterator[Article]:
    """The articles that match."""
    for article in articles:
        if topic is not None and topic not in {found.topic for found in article.topics}:
            continue
        if lang is not None and article.lang != lang:
            continue
        if since is not None and moment_of(article).date() < since:
            continue
        yield article


def _topics_of(lake: Lake) -> str:
    names = {topic.topic for article in read_articles(lake) for topic in article.topics}
    return ", ".join(sorted(names)) or "none"


def moment_of(article: Article) -> datetime:
    """When the article was published, or else fetched."""
    return (article.published_at or article.fetched_at).astimezone(UTC)


def write_csv(path: Path, articles: Iterable[Article], topic: str | None) -> int:
    """One line an article, as UTF-8 with the header of COLUMNS; gives the number of lines."""
    written = 0
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for article in articles:
                writer.writerow([_inert(cell) for cell in _cells(article, topic)])
                written += 1
    except OSError as error:
        raise UsageError(f"--csv {path} can't be written: {error.strerror}") from error
    return written


def _cells(article: Article, topic: str | None) -> tuple[str, ...]:
    topics = _topics(article, topic)
    return (
        moment_of(article).isoformat(timespec="seconds"),
        article.lang or "",
        article.title or "",
        article.url,
        "; ".join(found.topic for found in topics),
        "; ".join(f"{found.score:.2f}" for found in topics),
        " | ".join(evidence.text for found in topics for evidence in found.evidence),
        "; ".join(f"{figure.kind}: {figure.text}" for figure in article.figures),
        "; ".join(days_of(said) for said in article.dates),
        "; ".join(dict.fromkeys(f"{place.name} ({place.country})" for place in article.places)),
    )


def days_of(said: MentionedDate) -> str:
    """A date as ISO 8601 writes it: a day, a month, or a range of days with a slash."""
    if said.precision == "month":
        return f"{said.low:%Y-%m}"
    return f"{said.low}" if said.low == said.high else f"{said.low}/{said.high}"


def _inert(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell[:1] in "=+-@\t\r" and cell else cell


def _topics(article: Article, topic: str | None) -> list[Topic]:
    return [found for found in article.topics if topic is None or found.topic == topic]


def _card(article: Article, topic: str | None) -> Table:
    card = Table.grid(padding=(0, 1))
    heading = f"{moment_of(article):%Y-%m-%d %H:%M}  [{article.lang or '?'}]"
    card.add_row(Text(heading, style="dim"), Text(inert(article.title or "(no title)"), style="bold"))
    card.add_row("", Text(article.url, style="dim"))
    for found in _topics(article, topic):
        words = Text(" … ").join(Text(inert(evidence.text)) for evidence in _first(found.evidence))
        card.add_row(Text(f"{found.topic} {found.score:.2f}", style="cyan"), words)
    for kind, stated in dict.fromkeys((figure.kind, figure.text) for figure in article.figures):
        card.add_row(Text(kind, style="magenta"), Text(inert(stated)))
    card.add_row("", "")
    return card


def _first(evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    return evidence[:3]
