"""`tocsin demo`: ingest a small news site that tocsin serves to itself; needs no internet."""

import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipeline.cli.console import output_console
from pipeline.cli.logs import set_up_logs
from pipeline.cli.run import execute
from pipeline.demo.server import DemoSite
from pipeline.lake import Lake
from pipeline.options import RunOptions
from pipeline.read_lake import read_articles


def demo(
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder that the records go to.")] = Path("demo-lake"),
    workers: Annotated[
        int, typer.Option("--workers", min=0, help="Worker processes; 0: the cores it may use.")
    ] = 0,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")] = False,
) -> None:
    """Ingest a small news site that tocsin serves to itself, and say how to look at the result.

    The site has seven languages, four feed formats, and things that go wrong. A second run adds nothing.
    """
    set_up_logs(verbose=verbose, as_json=False)
    out = out.expanduser()
    console = output_console()
    with DemoSite() as site, tempfile.TemporaryDirectory(prefix="tocsin-demo-") as folder:
        feed_list = Path(folder) / "demo.opml"
        feed_list.write_text(site.feed_list, encoding="utf-8")
        options = RunOptions(
            feeds=str(feed_list),
            out=out,
            workers=workers,
            host_delay=0.0,
            allow_host=tuple(name for name, _, _ in site.static_hosts),
            static_hosts=site.static_hosts,
        )
        result = execute(options, console)
    _say_what_was_found(console, out, added=result.manifest.balance.articles)


def program(name: str) -> str:
    """How to call a program of this environment from here: by its name alone where that finds it."""
    own = Path(sys.executable).with_name(name)
    found = shutil.which(name)
    if found is not None and Path(found) == own:
        return name
    return os.path.relpath(own) if own.exists() else name


def _say_what_was_found(console: Console, out: Path, *, added: int) -> None:
    articles = list(read_articles(Lake(out)))
    topics = sorted({topic.topic for article in articles for topic in article.topics})
    console.print()
    console.print(f"{added} articles added; {len(articles)} in {out}, on {', '.join(topics)}.")
    riots = [(topic, article) for article in articles for topic in article.topics if topic.topic == "riot"]
    if riots:
        topic, article = max(riots, key=lambda found: found[0].score)
        words = ", ".join(repr(evidence.text) for evidence in topic.evidence[:3])
        console.print(f"For one, {article.title!r} is on riot by its words {words}.")
    console.print("Look further:")
    glob = f"{out}/articles/**/*.parquet"
    reading = f"read_parquet('{glob}', hive_partitioning=true, union_by_name=true)"
    query = f"from {reading} select lang, title, list_transform(topics, t -> t.topic) as topics"
    lines = (
        f"{program('tocsin')} show {shlex.quote(str(out))} --topic riot",
        f"{program('python')} -c \"import duckdb; duckdb.sql('''{query}''').show()\"",
    )
    for line in lines:
        console.print(f"  {line}", markup=False, soft_wrap=True)
