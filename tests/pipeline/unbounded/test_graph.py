"""The unbounded graph: what its engine is asked for, and when a window is complete."""

from datetime import timedelta

import apache_beam as beam
import pytest
from apache_beam.portability import common_urns
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from pipeline.unbounded.graph import StreamPlan, build_stream
from pipeline.unbounded.ticks import Pace
from pipeline.unbounded.windows import is_complete
from schemas.report import Report

WHOLE = {
    "window.begun": 1,
    "window.feeds": 2,
    "feeds.listed": 2,
    "window.entries": 3,
    "balance.listed": 3,
    "window.carried_in": 1,
    "balance.carried_in": 1,
    "balance.known": 1,
    "balance.articles": 3,
}


def test_nothing_can_be_late(staged):
    """Every collection is in the global window, which has no end that an element could come after."""
    pipeline = beam.Pipeline(runner=FnApiRunner())
    plan = StreamPlan(timedelta(seconds=2), timedelta(seconds=20), fetch_pages=True, host_buckets=16)
    build_stream(pipeline, plan, staged.context)
    components = pipeline.to_runner_api().components
    used = {collection.windowing_strategy_id for collection in components.pcollections.values()}
    assert used
    for name in used:
        strategy = components.windowing_strategies[name]
        assert strategy.window_fn.urn == common_urns.global_windows.urn


def test_a_window_is_complete_when_its_accounts_close():
    """Whatever is under way, at whichever stage, keeps the window open."""
    assert is_complete(Report(WHOLE))
    for name, number in WHOLE.items():
        missing = Report({**WHOLE, name: number - 1})
        assert not is_complete(missing), name


@pytest.mark.parametrize(
    ("every", "tick", "ticks"), [(0.5, 0.5, 1), (2, 1.0, 2), (2.5, 2.5 / 3, 3), (900, 1.0, 900)]
)
def test_a_stop_is_seen_within_a_second(every, tick, ticks):
    """However long a window is, ticks come at least every second."""
    pace = Pace.of(timedelta(seconds=every))
    assert pace.tick == pytest.approx(tick)
    assert pace.ticks_a_window == ticks
