"""What a second worker gains `tocsin run`, beside what a second process gains a bare pool on the same pages.

A run's start, of about two seconds, is the same with one worker as with two: the fewer the pages, the less a second
one can gain. The bare pool does what a run's workers do: it extracts and finds topics.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from tests.bench.bare_pool import gain_of_second_process
from tests.bench.served_site import served


def main() -> None:
    """Alternate one and two of each, and print what the second gains."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=4064)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    gains = []
    with tempfile.TemporaryDirectory() as name, served(arguments.pages) as feeds:
        feed_list = Path(name) / "feeds.txt"
        feed_list.write_text("\n".join(feeds))
        for number in range(arguments.rounds):
            pool = gain_of_second_process(arguments.pages)
            run = _run(feed_list, Path(name) / f"one{number}", 1) / _run(
                feed_list, Path(name) / f"two{number}", 2
            )
            gains.append(run / pool)
            print(
                f"  the second process gains a bare pool {pool:.2f}, the second worker gains tocsin run {run:.2f}"
            )
    print(f"tocsin's gain is {statistics.median(gains):.2f} of the bare pool's (median; 0.95 is asked)")


def _run(feed_list: Path, lake: Path, workers: int) -> float:
    from tests.support.runs import tocsin  # noqa: PLC0415 -- the pool's processes load this module, and not Beam

    began = time.perf_counter()
    done = tocsin(
        "run", "--feeds", feed_list, "--out", lake, "--host-delay", 0, "--allow-host", "127.0.0.0/8",
        "--workers", workers,
    )  # fmt: skip
    done.check_returncode()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
