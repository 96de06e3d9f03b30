"""All crashes: a SIGKILL at every step of the commit and at random instants of runs over 320 entries.

    python -m tests.crashtest [--random 100] [--store-random 20] [--seed 1]

First with the lake on a local disk, then in an object store. Prints its figures, and ends with 1 where anything was
lost, doubled, or seen in part.
"""

import argparse
import logging
import random
import sys
import time

import typer

from tests.crashtest.scenario import STEPS, Crash, Crashes, crashes
from tests.crashtest.store_scenario import StoreCrashes, store_crashes

FEEDS, ENTRIES = 8, 40


def main() -> int:
    """Crash, compare, count."""
    parser = argparse.ArgumentParser(prog="python -m tests.crashtest", description=__doc__.split("\n")[0])
    parser.add_argument("--random", type=int, default=100, help="random instants on a disk (default: 100)")
    parser.add_argument(
        "--store-random", type=int, default=20, help="random instants in an object store (default: 20)"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the instants")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    chance = random.Random(arguments.seed)
    bad = 0
    with crashes(feeds=FEEDS, entries=ENTRIES) as scene:
        bad += _all("on a local disk", scene, chance, arguments.random)
    with store_crashes(feeds=FEEDS, entries=ENTRIES) as scene:
        bad += _all("in an object store", scene, chance, arguments.store_random)
    return 1 if bad else 0


def _all(where: str, scene: Crashes | StoreCrashes, chance: random.Random, instants: int) -> int:
    """Every step, and so many random instants; gives how many crashes left a fault."""
    began = time.monotonic()
    typer.echo(f"{where}: {FEEDS * ENTRIES} entries; an undisturbed run takes {scene.seconds:.1f} s")
    done = [_told(scene.at_step(step)) for step in STEPS]
    done += [_told(scene.after(chance.uniform(0, scene.seconds))) for _ in range(instants)]
    bad = [crash for crash in done if crash.faults]
    random_kills = sum(crash.killed for crash in done[len(STEPS) :])
    typer.echo(
        f"{where}: {len(STEPS)} steps and {instants} random instants, of which {random_kills} hit a run alive, in "
        f"{time.monotonic() - began:.0f} s: {len(bad)} with a row lost, doubled or seen in part"
    )
    return len(bad)


def _told(crash: Crash) -> Crash:
    if crash.faults:
        typer.echo(f"FAULT killed {crash.when}: {'; '.join(crash.faults)}")
    return crash


if __name__ == "__main__":
    sys.exit(main())
