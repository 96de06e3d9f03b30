"""Progress bars on a terminal, from this process's counters; nothing anywhere else."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from transforms.progress import progress

_REFRESH = 0.2


@contextmanager
def progress_display(console: Console, *, feeds: int | None = None) -> Iterator[None]:
    """Show bars while the block runs, where the console is a terminal."""
    if not console.is_terminal:
        yield
        return
    bars = Progress(
        TextColumn("{task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    feed_bar = bars.add_task("feeds", total=feeds)
    page_bar = bars.add_task("pages", total=None)
    record_bar = bars.add_task("records", total=None)
    ended = threading.Event()

    def follow() -> None:
        while not ended.wait(_REFRESH):
            counts = progress()
            bars.update(feed_bar, completed=counts.get("feeds_done", 0))
            bars.update(page_bar, completed=counts.get("pages_done", 0), total=counts.get("pages_to_fetch"))
            bars.update(record_bar, completed=counts.get("entries_done", 0))

    with bars:
        follower = threading.Thread(target=follow, daemon=True, name="progress")
        follower.start()
        try:
            yield
        finally:
            ended.set()
            follower.join()
