"""The table at the end of a run: feeds, entries, articles, dead letters by reason, topics, seconds a stage."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from pipeline.batch import RunResult


def print_summary(console: Console, result: RunResult) -> None:
    """Print what a committed run did, and its balance."""
    manifest, report = result.manifest, result.report
    balance = manifest.balance
    skipped = {f"skipped ({reason})": n for reason, n in report.group("skipped").items()}
    table = Table(title=f"run {manifest.run_id}", title_justify="left", show_header=False)
    table.add_column("what")
    table.add_column("how many", justify="right")
    table.add_column("of which")
    feeds = manifest.feeds
    table.add_row(
        "feeds",
        _n(feeds["listed"]),
        _parts({k: v for k, v in feeds.items() if k not in ("listed", "skipped")} | skipped),
    )
    table.add_row("entries", _n(balance.listed + balance.carried_in), _entries(balance.carried_in))
    table.add_row("  known", _n(balance.known), "")
    table.add_row("  duplicates", _n(balance.duplicates), "")
    from_feed = report.counts.get("text_from_feed", 0)
    table.add_row(
        "  articles", _n(balance.articles), f"{_n(from_feed)} from the feed's text" if from_feed else ""
    )
    table.add_row("  dead letters", _n(balance.dead_letters), _parts(report.group("dead")))
    table.add_row("  carried over", _n(balance.carried_out), _parts(report.group("carried")))
    if report.group("dead_feeds"):
        table.add_row(
            "feed failures", _n(sum(report.group("dead_feeds").values())), _parts(report.group("dead_feeds"))
        )
    table.add_row("topics", _n(sum(report.group("topic").values())), _parts(report.group("topic")))
    table.add_row("seconds", f"{result.seconds:.1f}", _seconds(result.measured.stage_seconds))
    console.print(table)
    console.print(
        f"balance: {balance.listed} listed + {balance.carried_in} carried in = {balance.known} known + "
        f"{balance.duplicates} duplicates + {balance.articles} articles + {balance.dead_letters} dead letters + "
        f"{balance.carried_out} carried over",
        highlight=False,
    )
    for repeat in result.feed_list.repeats:
        console.print(f"note: line {repeat.line} of the feed list repeats a feed", highlight=False)


def _n(number: float) -> str:
    return f"{int(number):,}"


def _parts(counts: Mapping[str, float]) -> str:
    ranked = sorted(((n, name) for name, n in counts.items() if n), key=lambda pair: (-pair[0], pair[1]))
    return ", ".join(f"{int(n):,} {name}" for n, name in ranked)


def _entries(carried_in: int) -> str:
    return f"{carried_in:,} carried in" if carried_in else ""


def _seconds(stages: dict[str, float]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {seconds:.1f}" for name, seconds in stages.items())
