"""Kill a run, look at the lake as a reader does, run again to the end, and compare with an undisturbed run."""

import json
import os
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.batch import RunFailedError
from pipeline.options import UsageError
from tests.support.child_run import DONE, KillAt, batch, ended, run_here, run_to_end, start, start_server
from tests.support.news_site import NewsSite, news_site
from tests.support.reading import TABLES, articles, rows_by_run

STEPS = (
    "verified",
    "gathered",
    "intended",
    "published articles",
    "published dead_letters",
    "published feed_fetches",
    "published state",
    "committed",
    "cleared",
)


@dataclass(frozen=True)
class Crash:
    """A kill and what came of it: `killed` is False where the run had ended before."""

    when: str
    killed: bool
    faults: tuple[str, ...]


@dataclass
class Crashes:
    """A lake with one whole run in it, a site that has changed since, and what an undisturbed run makes of it."""

    site: NewsSite
    folder: Path
    expected: list[tuple[str, str]]
    seconds: float

    def at_step(self, step: str) -> Crash:
        """Kill a run at a named step of the commit."""
        out = self._copy()
        code = run_to_end(self.site.options(out), KillAt(step))
        return self._aftermath(out, f"at {step!r}", code)

    def after(self, seconds: float) -> Crash:
        """Kill a run so many seconds after its begin, wherever it is."""
        out = self._copy()
        child = start(batch, self.site.options(out))
        child.join(seconds)
        if child.exitcode is None:
            os.kill(child.pid, signal.SIGKILL)
        return self._aftermath(out, f"after {seconds:.2f} s", ended(child))

    def _copy(self) -> Path:
        out = self.folder / "crashed"
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(self.folder / "before", out)
        return out

    def _aftermath(self, out: Path, when: str, code: int) -> Crash:
        faults = []
        at_crash = {table: rows_by_run(out, table) for table in TABLES}
        try:
            run_here(self.site.options(out))
        except (RunFailedError, UsageError) as error:
            faults.append(f"the next run ended with {error}")
        whole = {table: rows_by_run(out, table) for table in TABLES}
        for table, seen in at_crash.items():
            faults += [
                f"a glob over {table} saw {rows} rows of run {run_id}, which has {whole[table][run_id]}"
                for run_id, rows in seen.items()
                if rows != whole[table][run_id]
            ]
        ended_with = articles(out)
        if lost := Counter(self.expected) - Counter(ended_with):
            faults.append(f"{sum(lost.values())} articles lost")
        if more := Counter(ended_with) - Counter(self.expected):
            faults.append(f"{sum(more.values())} articles doubled or strange")
        if left := list((out / "staging").iterdir()):
            faults.append(f"staging still holds {[path.name for path in left]}")
        for path in out.glob("runs/*/*.json"):
            balance = json.loads(path.read_text())["balance"]
            ends = ("known", "duplicates", "articles", "dead_letters", "carried_out")
            if balance["listed"] + balance["carried_in"] != sum(balance[name] for name in ends):
                faults.append(f"{path.name} does not balance")
        return Crash(when, code == -signal.SIGKILL, tuple(faults))


@contextmanager
def crashes(*, feeds: int, entries: int) -> Iterator[Crashes]:
    """Crashes over a site of so many feeds, each of which has listed a few entries and now lists so many.

    One page of each feed is missing, so that every published table has rows in every run.
    """
    start_server()
    with (
        tempfile.TemporaryDirectory(prefix="tocsin-crash-") as name,
        news_site(Path(name), feeds) as site,
    ):
        folder = Path(name)
        old = [f"old{number}" for number in range(max(1, entries // 10))]
        for feed in range(feeds):
            site.list(feed, old)
        run_here(site.options(folder / "before"))
        new = [f"new{number}" for number in range(entries - len(old))]
        for feed in range(feeds):
            site.list(feed, [*new, *old])
            del site.site.pages[f"/{feed}/new0.html"]
        shutil.copytree(folder / "before", folder / "undisturbed")
        began = time.monotonic()
        assert run_to_end(site.options(folder / "undisturbed")) == DONE
        seconds = time.monotonic() - began
        expected = articles(folder / "undisturbed")
        assert len(expected) == feeds * (entries - 1)
        yield Crashes(site, folder, expected, seconds)
