"""A run that is killed loses nothing and doubles nothing (fault 48). `python -m tests.crashtest` does all of it."""

import random

import pytest

from tests.crashtest.scenario import STEPS, crashes


@pytest.fixture(scope="module")
def scene():
    with crashes(feeds=3, entries=5) as made:
        yield made


@pytest.mark.parametrize("step", STEPS)
def test_fault_48_killed_at_a_step(scene, step):
    """Killed at any named step of the commit, the next run ends where an undisturbed one does."""
    crash = scene.at_step(step)
    assert crash.killed
    assert crash.faults == ()


@pytest.mark.parametrize("seed", range(3))
def test_fault_48_killed_at_any_instant(scene, seed):
    """Killed while it fetches, parses, extracts or writes, the next run ends where an undisturbed one does."""
    crash = scene.after(random.Random(seed).uniform(0.05, 1) * scene.seconds)
    assert crash.faults == ()
