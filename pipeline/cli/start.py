"""Where the console script begins: quiet logs first, since Beam speaks while it is being imported."""

import logging


def main() -> None:
    """Run tocsin."""
    logging.basicConfig(level=logging.ERROR)
    from pipeline.cli.main import main as run_command  # noqa: PLC0415 -- after the logs are set

    run_command()
