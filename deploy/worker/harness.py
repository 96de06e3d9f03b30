"""Beam's harness, which begins to load what tocsin's own worker processes need before it loads Beam itself.

Both take seconds, and each its own core: one after the other they would be the longer part of a short job.
"""

import sys


def main() -> None:
    """Serve the runner that the environment names."""
    from transforms.workers.lasting_imports import lasting_imports  # noqa: PLC0415 -- worker processes load this module too
    from transforms.workers.pool import prepare_workers  # noqa: PLC0415 -- as above

    prepare_workers()
    with lasting_imports():
        from apache_beam.runners.worker import sdk_worker_main  # noqa: PLC0415 -- as above
    sdk_worker_main.main(sys.argv)


if __name__ == "__main__":
    main()
