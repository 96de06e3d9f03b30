"""A stream's driver without a job: what its stages would stage, and a committer that takes it."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.lake import Lake
from pipeline.state import NOTHING
from pipeline.unbounded.committer import Committer, StreamInfo, stream_folder
from pipeline.unbounded.graph import bundle_of
from pipeline.unbounded.snapshot import snapshot_of_state, tell_snapshot
from pipeline.unbounded.windows import Window, hand_over
from schemas.dead_letters import Stage
from schemas.entries import Entry
from schemas.extraction import Extraction
from schemas.outcomes import Carried, Ended
from schemas.report import Report, sum_reports
from transforms.article import article_of
from transforms.entry_failures import dead_letter
from transforms.http.settings import HttpSettings
from transforms.run_context import RunContext
from transforms.urls import canonical_url, url_key
from transforms.write_records import WriteRecords

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
RUN = "20261124T120000000000Z-00000000"
TEXT = Extraction("A text.", "page", "trafilatura", "A title", (), None, "none", "none", "en", None, None)


class Staged:
    """Windows of a stream, and what became of them."""

    def __init__(self, lake, lock):
        self.lake = lake
        self.staging = lake.storage.locate(stream_folder(RUN))
        self.context = RunContext(
            run_id=RUN,
            started_at=NOW,
            deadline_at=NOW + timedelta(minutes=30),
            http=HttpSettings(user_agent="tocsin/test"),
            output=lake.location,
            staging=self.staging,
            workers=1,
        )
        stream = StreamInfo(self.context, timedelta(seconds=2), "FlinkRunner", {}, "none")
        tell_snapshot(self.staging, snapshot_of_state(self.staging, lake, NOTHING))
        self.committer = Committer(lake, lock, stream, NOTHING, lambda: NOW)

    def written(self, *outcomes):
        """The report of a batch of outcomes, its files staged."""
        stage = WriteRecords(self.context, lambda: NOW).stage()
        return sum_reports(report for _, report in bundle_of(stage, outcomes))

    def hand_over(self, number, *reports, listed):
        """A window in which so many entries were listed, each of them in one of the reports."""
        counts = {"window.begun": 1, "window.entries": listed, "balance.listed": listed}
        hand_over(self.staging, Window(number, (Report(counts), *reports)))

    def commit(self):
        """The manifests of the commits that are made now."""
        return [manifest for manifest, _ in self.committer.commit_what_is_there()]


def entry_of(name):
    url = f"http://harbour.test/{name}"
    return Entry(
        url_key(canonical_url(url)), "http://harbour.test/feed", None, None, url, canonical_url(url), "T", (),
        None, None, None, None, None, truncated=False, feed_index=0, position=0,
    )  # fmt: skip


def article(name):
    made = article_of(
        entry_of(name), TEXT, url=entry_of(name).url, robots="no_rules", fetched_at=NOW, run_id=RUN
    )
    return Ended(entry_of(name), made)


def dead(name, context):
    letter = dead_letter(
        entry_of(name), context, NOW, stage=Stage.FETCH_ARTICLES, reason="http_4xx", detail="x"
    )
    return Ended(entry_of(name), letter)


def carried(name):
    return Carried(entry_of(name))


@pytest.fixture
def staged(tmp_path):
    lake = Lake(tmp_path / "lake")
    lake.storage.create()
    with lake.storage.lock(RUN) as lock:
        yield Staged(lake, lock)
