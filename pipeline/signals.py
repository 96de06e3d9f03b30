"""SIGTERM and Ctrl-C: the first ends intake and lets what is done be committed, a second ends at once.

A handler only sets a flag: the in-process engine runs stages in the main thread, and an exception thrown into
one would come out as a failed run.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from transforms.intake import give_up_work, intake_stopped, resume_intake, stop_intake, work_given_up

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


SHARE_FOR_WORK = 0.5
"""Share of the grace after which work under way is broken off; the rest is for extraction and the commit."""


@contextmanager
def signals_stop_intake(grace: float) -> Iterator[None]:
    """While the block runs, the first SIGTERM or SIGINT stops intake, the second ends the process at once.

    Half the grace after the first, requests and extractions under way are broken off and carried over. At its
    end, in seconds from the first signal, the process ends regardless with exit code 1; the next run recovers.
    A grace of 0 sets no bound.
    """

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 -- the signature is Python's
        if intake_stopped():
            os._exit(128 + number)
        stop_intake()
        if grace > 0:
            signal.setitimer(signal.ITIMER_REAL, grace * SHARE_FOR_WORK)

    def hurry(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 -- likewise
        if work_given_up():
            os._exit(1)
        give_up_work()
        signal.setitimer(signal.ITIMER_REAL, grace * (1 - SHARE_FOR_WORK))

    resume_intake()
    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    before[signal.SIGALRM] = signal.signal(signal.SIGALRM, hurry)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
