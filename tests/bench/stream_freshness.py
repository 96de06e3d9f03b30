"""From publication to committed record, of `tocsin stream` over a site that publishes as it goes.

The stream is stopped with SIGTERM in the middle and started again. Leaves with 1 where an item was lost or doubled.
Options of Beam, such as `--runner=PrismRunner --prism_location=FILE`, go after two dashes.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.support.publishing import Publishing, freshness, records_of, streaming, wait_until
from tests.support.runs import manifests
from tests.support.site import Site


def main() -> None:
    """Publish and stream side by side, then say how long each item took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--every", type=float, default=2)
    parser.add_argument("--items", type=float, default=3, help="items published a second")
    parser.add_argument("beam", nargs="*")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Site() as site:
        folder = Path(name)
        publishing = Publishing(site, arguments.items)
        (folder / "feeds.txt").write_text(publishing.feed_list())
        publishing.start()
        for last in (False, True):
            with streaming(folder, arguments.every, tuple(arguments.beam)) as stream:
                time.sleep(arguments.seconds / 2)
                if last:
                    publishing.end()
                    published = len(publishing.published)
                    wait_until(lambda: records_of(folder / "lake") >= published, "all items are records")  # noqa: B023 -- waited for in this round
            if stream.returncode != 0:
                sys.exit(f"the stream ended with {stream.returncode}")
        found = freshness(folder / "lake", publishing.published)
        print(
            f"{len(publishing.published)} items in {arguments.seconds:g} s, polled every {arguments.every:g} s, "
            f"{len(manifests(folder / 'lake'))} commits, stopped and started once: {found}"
        )
        if found.lost or found.doubled:
            sys.exit(1)


if __name__ == "__main__":
    main()
