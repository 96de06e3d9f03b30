"""Where the console script begins: what must be set before anything else is imported or started."""

import logging
import os
import sys
from io import TextIOWrapper

WITH_WORKERS = frozenset({"run", "stream", "demo"})
"""Commands that need worker processes: what those load is begun first, beside what this process loads."""


def main() -> None:
    """Run tocsin.

    Logs are quiet first, since Beam speaks while it is being imported. Worker processes must not find a folder
    named transforms or schemas in the working directory before the installed packages. A terminal that can't
    show a letter gets its number instead of ending the command.
    """
    logging.basicConfig(level=logging.ERROR)
    os.environ["PYTHONSAFEPATH"] = "1"
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if sys.argv[1:2] and sys.argv[1] in WITH_WORKERS:
        from transforms.workers.pool import prepare_workers  # noqa: PLC0415 -- after all that is set

        prepare_workers()
    from transforms.workers.lasting_imports import lasting_imports  # noqa: PLC0415 -- as above

    with lasting_imports():
        from pipeline.cli.main import main as run_command  # noqa: PLC0415 -- as above
    run_command()


if __name__ == "__main__":
    main()
