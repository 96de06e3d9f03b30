"""Articles a second of `tocsin run` beside the plain script, on the same site in the same run."""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.served_site import HOSTS, served
from tests.support.runs import manifests, tocsin


def main() -> None:
    """Alternate the two, and print the ratio of each pair and the median."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=2032)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=0)
    arguments = parser.parse_args()
    ratios = []
    with tempfile.TemporaryDirectory() as name, served(arguments.pages) as feeds:
        folder = Path(name)
        feed_list = folder / "feeds.txt"
        feed_list.write_text("\n".join(feeds))
        print(f"{arguments.pages} real pages on {HOSTS} hosts, no delay")
        for pair in range(arguments.pairs):
            script = _plain(feed_list, folder / f"plain{pair}.parquet")
            run = _tocsin(feed_list, folder / f"lake{pair}", arguments.workers)
            ratios.append(run / script)
            print(
                f"  tocsin {run:6.1f} articles/s   plain script {script:6.1f} articles/s   ratio {ratios[-1]:.2f}"
            )
    print(f"tocsin run against the plain script: {statistics.median(ratios):.2f} times as fast (median)")


def _plain(feed_list: Path, target: Path) -> float:
    command = [sys.executable, "-m", "tests.bench.plain_script", str(feed_list), str(target)]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout) / (time.perf_counter() - began)


def _tocsin(feed_list: Path, lake: Path, workers: int) -> float:
    began = time.perf_counter()
    done = tocsin(
        "run", "--feeds", feed_list, "--out", lake, "--host-delay", 0, "--allow-host", "127.0.0.0/8",
        "--workers", workers,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    if done.returncode != 0:
        sys.exit(done.stderr)
    return manifests(lake)[0]["balance"]["articles"] / seconds


if __name__ == "__main__":
    main()
