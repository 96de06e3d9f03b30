"""The console that commands print to: as wide as the terminal, and wide enough where there is none."""

import os
from typing import Final

from rich.console import Console

_WIDTH_WITHOUT_TERMINAL: Final = 120


def output_console() -> Console:
    """A console on standard output. Files and pipes get 120 columns, or what COLUMNS says."""
    console = Console(highlight=False)
    if console.is_terminal or "COLUMNS" in os.environ:
        return console
    return Console(highlight=False, width=_WIDTH_WITHOUT_TERMINAL)
