"""Parallelism 2 against 1 on a Flink cluster of this machine, one worker process for each, on the same pages.

TOCSIN_FLINK_JARS names the folder of the cluster's jars, as `make flink-test` does. What is compared is the job's own
time: submitting it costs the same in both, and so does the start of Python and its models on the task managers, of
about ten seconds: the fewer the pages, the less a second slot can gain. Beside it stands what a second process gains
a bare pool on the same pages.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from tests.bench.bare_pool import gain_of_second_process
from tests.bench.served_site import served

HOSTS = 200
"""As many as share themselves out evenly: a host belongs to one slot, and of sixteen one slot often gets ten."""

SCRIPT = Path(__file__).parents[2] / "deploy" / "flink" / "cluster.py"


def main() -> None:
    """Alternate the two, and print each pair and the median ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--pairs", type=int, default=2)
    arguments = parser.parse_args()
    if "TOCSIN_FLINK_JARS" not in os.environ:
        print("left out: TOCSIN_FLINK_JARS is not set")
        return
    ratios = []
    with tempfile.TemporaryDirectory() as name, served(arguments.pages, HOSTS) as feeds:
        folder = Path(name)
        (folder / "feeds.txt").write_text("\n".join(feeds))
        flags = command("start", folder / "cluster").split()
        try:
            # A cluster's first job loads and compiles what the later ones find.
            (folder / "few.txt").write_text(feeds[0])
            seconds_of_job(folder, "few.txt", folder / "lake-few", [*flags, "--parallelism=2"])
            for pair in range(arguments.pairs):
                one, two = (
                    seconds_of_job(
                        folder,
                        "feeds.txt",
                        folder / f"lake{pair}-{slots}",
                        [*flags, f"--parallelism={slots}"],
                    )
                    for slots in (1, 2)
                )
                ratios.append(one / two)
                pool = gain_of_second_process(arguments.pages)
                print(
                    f"  parallelism 1 {one:5.1f} s   2 {two:5.1f} s   ratio {ratios[-1]:.2f}   "
                    f"a bare pool's second process {pool:.2f}",
                    flush=True,
                )
        finally:
            command("stop", folder / "cluster")
    print(
        f"{arguments.pages} pages on {HOSTS} hosts, --workers 1: parallelism 2 is {statistics.median(ratios):.2f} "
        "times as fast as 1 (median)"
    )


def command(name: str, folder: Path) -> str:
    """What the cluster's script prints."""
    return subprocess.run(
        [sys.executable, SCRIPT, name, folder], check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def seconds_of_job(folder: Path, feed_list: str, lake: Path, flags: list[str]) -> float:
    """Run once, and ask the job manager how long the job took."""
    from tests.support.runs import manifests, tocsin  # noqa: PLC0415 -- the pool's processes load this module, and not Beam

    done = tocsin(
        "run", "--feeds", folder / feed_list, "--out", lake, "--host-delay", 0, "--allow-host", "127.0.0.0/8",
        "--workers", 1, "--", *flags,
    )  # fmt: skip
    if done.returncode != 0:
        sys.exit(done.stderr)
    assert manifests(lake)[0]["balance"]["articles"] > 0
    cluster = json.loads((folder / "cluster" / "cluster.json").read_text())
    with urllib.request.urlopen(f"http://localhost:{cluster['rest']}/jobs/overview") as answer:
        jobs = json.load(answer)["jobs"]
    return max(jobs, key=lambda job: job["start-time"])["duration"] / 1000


if __name__ == "__main__":
    main()
