"""An engine's own metrics: what Prism counts of a run is what its records say."""

from pipeline.batch import run_batch
from tests.support.news_site import news_site


def test_prism_tells_what_its_workers_counted(prism, tmp_path):
    """Counters and distributions of every stage come back with the job, so that a summary has its seconds a stage."""
    runner, flags = prism
    with news_site(tmp_path, feeds=2) as site:
        for feed in range(2):
            site.list(feed, ["harbour", "bridge"])
        done = run_batch(site.options(tmp_path / "lake", runner=runner, beam=flags))
    counted = done.measured.counters
    assert {
        name.replace(".", "_"): n for name, n in done.report.counts.items() if n
    }.items() <= counted.items()
    assert counted["fetch_articles_status_2xx"] == counted["balance_articles"] == 4
    assert done.measured.stage_seconds.keys() == {
        "fetch_feeds",
        "parse_entries",
        "fetch_articles",
        "extract_text",
        "detect_topics",
    }
