"""All crashes: a SIGKILL at every step of the commit and at random instants of runs over 320 entries.

    python -m tests.crashtest [--random 100] [--seed 1]

Prints its figures, and ends with 1 where anything was lost, doubled, or seen in part.
"""

import argparse
import logging
import random
import sys
import time

import typer

from tests.crashtest.scenario import STEPS, Crash, crashes

FEEDS, ENTRIES = 8, 40


def main() -> int:
    """Crash, compare, count."""
    parser = argparse.ArgumentParser(prog="python -m tests.crashtest", description=__doc__.split("\n")[0])
    parser.add_argument("--random", type=int, default=100, help="random instants (default: 100)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the instants")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    chance = random.Random(arguments.seed)
    began = time.monotonic()
    with crashes(feeds=FEEDS, entries=ENTRIES) as scene:
        typer.echo(f"{FEEDS * ENTRIES} entries; an undisturbed run takes {scene.seconds:.1f} s")
        done = [_told(scene.at_step(step)) for step in STEPS]
        done += [_told(scene.after(chance.uniform(0, scene.seconds))) for _ in range(arguments.random)]
    bad = [crash for crash in done if crash.faults]
    random_kills = sum(crash.killed for crash in done[len(STEPS) :])
    typer.echo(
        f"{len(STEPS)} steps and {arguments.random} random instants (seed {arguments.seed}), of which "
        f"{random_kills} hit a run alive, in {time.monotonic() - began:.0f} s: {len(bad)} with a row lost, doubled "
        "or seen in part"
    )
    return 1 if bad else 0


def _told(crash: Crash) -> Crash:
    if crash.faults:
        typer.echo(f"FAULT killed {crash.when}: {'; '.join(crash.faults)}")
    return crash


if __name__ == "__main__":
    sys.exit(main())
