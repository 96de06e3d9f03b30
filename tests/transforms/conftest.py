"""What the stages' tests share: an entry, a run's context, and a fixed clock."""

from datetime import UTC, datetime, timedelta

import pytest

from schemas.entries import Entry
from transforms.http.settings import HttpSettings
from transforms.run_context import RunContext
from transforms.urls import canonical_url, url_key

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def make_entry():
    """Make an entry of a URL; further fields by name."""

    def make(url="http://harbour.test/a", **fields):
        values = {
            "key": url_key(canonical_url(url)),
            "feed_url": "http://harbour.test/feed",
            "feed_title": "Harbour",
            "entry_id": None,
            "url": url,
            "canonical_url": canonical_url(url),
            "title": "Quay works",
            "authors": (),
            "published_at": None,
            "published_raw": None,
            "summary": None,
            "content": None,
            "lang": None,
            "truncated": False,
            "feed_index": 0,
            "position": 0,
        }
        return Entry(**{**values, **fields})

    return make


@pytest.fixture
def context(tmp_path):
    """The context of a run whose output is the test's own folder."""
    return RunContext(
        run_id="20261124T120000000000Z-00000000",
        started_at=NOW,
        deadline_at=NOW + timedelta(minutes=30),
        http=HttpSettings(user_agent="tocsin/test"),
        output=str(tmp_path),
        staging=str(tmp_path / "staging" / "run"),
        workers=1,
    )
