"""SIGTERM and Ctrl-C: the first ends intake and lets what is done be committed, a second ends at once.

A handler only sets a flag: the in-process engine runs stages in the main thread, and an exception thrown into
one would come out as a failed run.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from transforms.intake import intake_stopped, resume_intake, stop_intake

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def signals_stop_intake(grace: float) -> Iterator[None]:
    """While the block runs, signals stop intake; `grace` seconds after the first the process ends regardless."""

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 -- the signature is Python's
        if intake_stopped():
            os._exit(128 + number)
        stop_intake()
        if grace > 0:
            signal.signal(signal.SIGALRM, lambda *_: os._exit(1))
            signal.setitimer(signal.ITIMER_REAL, grace)

    resume_intake()
    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
