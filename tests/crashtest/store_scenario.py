"""The same crashes with the lake in an object store: killed, looked at by its manifests, run again, compared."""

import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.batch import RunFailedError
from pipeline.check import check
from pipeline.options import UsageError
from pipeline.read_lake import read_articles
from pipeline.storage.object_store import TOMBSTONE
from tests.crashtest.scenario import Crash
from tests.support.child_run import DONE, KillAt, batch, ended, run_here, run_to_end, start, start_server
from tests.support.news_site import NewsSite, news_site
from tests.support.object_store import StoreServer, store_server


def articles_by_manifests(store: StoreServer, place: str) -> list[tuple[str, str]]:
    """(article_id, content_hash) of every article, sorted, as whoever reads by the manifests sees them."""
    return sorted((article.article_id, article.content_hash) for article in read_articles(store.lake(place)))


def free(store: StoreServer, place: str) -> None:
    """What someone does who knows that the holder is dead, and won't wait for the end of its lease."""
    store.delete(place, ".lock")


@dataclass
class StoreCrashes:
    """As `scenario.Crashes`."""

    store: StoreServer
    site: NewsSite
    before: str
    earlier: list[tuple[str, str]]
    expected: list[tuple[str, str]]
    seconds: float

    def at_step(self, step: str) -> Crash:
        """Kill a run at a named step of the commit."""
        place = self.store.copy(self.before)
        code = run_to_end(self.site.options(place, beam=self.store.beam), KillAt(step))
        return self._aftermath(place, f"at {step!r}, in a store", code)

    def after(self, seconds: float) -> Crash:
        """Kill a run so many seconds after its begin, wherever it is."""
        place = self.store.copy(self.before)
        child = start(batch, self.site.options(place, beam=self.store.beam))
        child.join(seconds)
        if child.exitcode is None:
            os.kill(child.pid, signal.SIGKILL)
        return self._aftermath(place, f"after {seconds:.2f} s, in a store", ended(child))

    def _aftermath(self, place: str, when: str, code: int) -> Crash:
        faults = []
        if articles_by_manifests(self.store, place) not in (self.earlier, self.expected):
            faults.append("a reader by manifests saw a run in part")
        free(self.store, place)
        try:
            run_here(self.site.options(place, beam=self.store.beam))
        except (RunFailedError, UsageError) as error:
            faults.append(f"the next run ended with {error}")
        ended_with = articles_by_manifests(self.store, place)
        if lost := Counter(self.expected) - Counter(ended_with):
            faults.append(f"{sum(lost.values())} articles lost")
        if more := Counter(ended_with) - Counter(self.expected):
            faults.append(f"{sum(more.values())} articles doubled or strange")
        faults += [f"{finding.where}: {finding.problem}" for finding in check(self.store.lake(place))]
        staged = [key for key in self.store.keys(place) if key.startswith("staging/")]
        if left := [key for key in staged if self.store.read(place, key) != TOMBSTONE]:
            faults.append(f"staging still holds {left}")
        return Crash(when, code == -signal.SIGKILL, tuple(faults))


@contextmanager
def store_crashes(*, feeds: int, entries: int) -> Iterator[StoreCrashes]:
    """Crashes over a site as in `scenario.crashes`, and a store, both served by this process."""
    start_server()
    with (
        store_server() as store,
        tempfile.TemporaryDirectory(prefix="tocsin-crash-") as folder,
        news_site(Path(folder), feeds) as site,
    ):
        old = [f"old{number}" for number in range(max(1, entries // 10))]
        for feed in range(feeds):
            site.list(feed, old)
        before = store.new_place()
        run_here(site.options(before, beam=store.beam))
        for feed in range(feeds):
            site.list(feed, [*(f"new{number}" for number in range(entries - len(old))), *old])
            del site.site.pages[f"/{feed}/new0.html"]
        undisturbed = store.copy(before)
        began = time.monotonic()
        assert run_to_end(site.options(undisturbed, beam=store.beam)) == DONE
        seconds = time.monotonic() - began
        expected = articles_by_manifests(store, undisturbed)
        assert len(expected) == feeds * (entries - 1)
        yield StoreCrashes(store, site, before, articles_by_manifests(store, before), expected, seconds)
