"""Select since: the first of each key, remembered in keyed state until its window has been committed."""

from datetime import UTC, datetime, timedelta

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from apache_beam.testing.test_stream import TestStream as Played
from apache_beam.testing.util import assert_that, equal_to

from schemas.outcomes import Carried, Ended
from transforms.packing import pack
from transforms.select_since import KEPT, REPORTS, Candidate, SelectSince, already_chosen

AT_ZERO = datetime.fromtimestamp(0, UTC)


@pytest.fixture
def play(context):
    """Play events to the stage; gives (window, what was chosen) and the windows that counted a duplicate."""

    def run(events, committed_through):
        options = PipelineOptions(flags=[])
        options.view_as(StandardOptions).streaming = True
        with beam.Pipeline(runner=BundleBasedDirectRunner(), options=options) as pipeline:
            played = Played()
            for event in events:
                played = (
                    played.advance_processing_time(event)
                    if isinstance(event, float)
                    else played.add_elements([event])
                )
            found = (
                pipeline
                | "Play" >> played.advance_watermark_to_infinity()
                | "By key" >> beam.Map(lambda keyed: keyed).with_output_types(tuple[bytes, Candidate])
                | "Select"
                >> beam.ParDo(SelectSince(context, lambda: committed_through, lambda: AT_ZERO)).with_outputs(
                    REPORTS, main="chosen"
                )
            )
            windows = found.chosen | "Windows" >> beam.Map(lambda chosen: chosen[0])
            duplicates = (
                found[REPORTS]
                | "Duplicates" >> beam.Filter(lambda told: "balance.duplicates" in told[1].counts)
                | "Their windows" >> beam.Map(lambda told: told[0])
            )
            yield windows, duplicates

    return run


def candidate(entry, window, *, through=-1, carried=False):
    return entry.key, Candidate(window, through, pack(entry), carried)


def test_a_key_is_chosen_once_and_again_when_its_state_has_expired(play, make_entry):
    """The timer clears the state of a choice whose window is committed: from then on the snapshot answers for it."""
    entry, other = make_entry(), make_entry("http://harbour.test/b")
    events = [
        candidate(entry, 0),
        candidate(other, 0),
        candidate(entry, 1),
        KEPT + 1,
        candidate(entry, 2),
    ]
    for windows, duplicates in play(events, committed_through=5):
        assert_that(windows, equal_to([0, 0, 2]), label="chosen")
        assert_that(duplicates, equal_to([1]), label="duplicates")


class _Cell:
    """A state of one key, or its timer, as Beam hands it to a DoFn."""

    def __init__(self, value=None):
        self.value = value

    def read(self):
        return self.value

    def write(self, value):
        self.value = value

    def clear(self):
        self.value = None

    set = write


def test_a_choice_that_is_not_committed_is_not_forgotten(context, now):
    """An entry that waits long for its host stays chosen: the timer is set again rather than the state cleared."""
    stage = SelectSince(context, lambda: 6, lambda: now)
    chosen, timer = _Cell(7), _Cell()
    stage.forget(chosen, timer)
    assert chosen.value == 7
    assert timer.value == now.timestamp() + KEPT


@pytest.mark.parametrize(
    ("carried", "through", "window", "expected"),
    [
        (False, 3, None, False),
        (False, 3, 2, True),
        (False, 3, 4, True),
        (True, 3, None, False),
        (True, 3, 3, False),
        (True, 3, 4, True),
    ],
)
def test_an_entry_carried_over_is_chosen_again_after_its_commit(
    make_entry, carried, through, window, expected
):
    """One that is under way since the snapshot was read is not taken up twice; one that came to rest in it is."""
    _, asked = candidate(make_entry(), 5, through=through, carried=carried)
    assert already_chosen(asked, window) is expected


def test_what_becomes_of_a_choice(context, make_entry, now):
    """An entry without a link ends, one that rests is carried on, any other is to be fetched."""
    stage = SelectSince(context, lambda: -1, lambda: now)

    def fate(entry):
        ((window, (one,)),) = stage.process(candidate(entry, 4), _Cell(), _Cell())
        assert window == 4
        return one

    assert isinstance(fate(make_entry(problem="bad_url")), Ended)
    assert isinstance(fate(make_entry(retry_at=now + timedelta(hours=1))), Carried)
    assert fate(make_entry()).first_listed_at == now
