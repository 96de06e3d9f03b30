"""The console that commands print to: as wide as the terminal, and wide enough where there is none."""

import os
import re
from typing import Final

from rich.console import Console

_WIDTH_WITHOUT_TERMINAL: Final = 120


_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def inert(text: str) -> str:
    """A text of the open web as a terminal may show it: the marks that turn a line's direction are made visible."""
    return _TURNING.sub("\ufffd", text)


def output_console() -> Console:
    """A console on standard output. Files and pipes get 120 columns, or what COLUMNS says."""
    console = Console(highlight=False)
    if console.is_terminal or "COLUMNS" in os.environ:
        return console
    return Console(highlight=False, width=_WIDTH_WITHOUT_TERMINAL)
