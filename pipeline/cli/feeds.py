"""`tocsin feeds`: the health of every feed."""

from datetime import UTC, datetime

from rich.table import Column, Table

from pipeline.cli.console import output_console
from pipeline.cli.lake_argument import BeamOptions, LakePlace, lake_at
from pipeline.feed_health import FeedHealth, health_of_feeds
from pipeline.read_lake import read_feed_fetches, read_state


def feeds(out: LakePlace, beam: BeamOptions = None) -> None:
    """Print the health of every feed: last success, failures and why, next poll, items a day, what is missed."""
    lake = lake_at(out, beam)
    states = read_state(lake).feeds.values()
    table = Table(
        Column("feed", overflow="fold", ratio=2),
        Column("health", overflow="fold", ratio=1),
        "last success",
        "failures",
        "next poll",
        "a day",
        "missed",
    )
    for health in health_of_feeds(states, read_feed_fetches(lake), now=datetime.now(UTC)):
        table.add_row(*_cells(health))
    output_console().print(table)


def _cells(health: FeedHealth) -> tuple[str, ...]:
    condition = str(health.condition).replace("_", " ")
    return (
        health.feed_url,
        f"{condition}: {health.detail}" if health.detail else condition,
        _moment(health.last_success_at),
        f"{health.failures} ({health.reason})" if health.failures else "0",
        _moment(health.next_poll_at),
        "-" if health.items_a_day is None else f"{health.items_a_day:.1f}",
        f"perhaps, {health.missed}x" if health.missed else "-",
    )


def _moment(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if moment else "never"
