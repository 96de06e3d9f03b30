"""The switch that ends intake in this process: a signal handler only sets it, the stages look at it.

Workers of a cluster are other processes, which no signal reaches: the driver leaves them a file in the run's staging.
"""

import threading
import time
from pathlib import Path

_LOOK_EVERY = 0.1
_STOP_NAME = "stop"
_stopped = threading.Event()
_given_up = threading.Event()


def stop_intake() -> None:
    """Begin no new request; what is under way goes on to its end."""
    _stopped.set()


def resume_intake() -> None:
    """Take in again, for the next run of a warm process."""
    _stopped.clear()
    _given_up.clear()


def give_up_work() -> None:
    """Break off what is under way, so that what is done can be committed in time; it is carried over."""
    _given_up.set()


def work_given_up() -> bool:
    """Whether what is under way is to be broken off."""
    return _given_up.is_set()


def intake_stopped() -> bool:
    """Whether a signal has asked for the end."""
    return _stopped.is_set()


def tell_workers(staging: Path) -> None:
    """Stop intake in every process that works on the run whose staging folder this is."""
    staging.mkdir(parents=True, exist_ok=True, mode=0o700)
    (staging / _STOP_NAME).touch()


def intake_stopped_for(staging: Path) -> bool:
    """Whether intake is stopped in this process, or by the run's driver in another."""
    return intake_stopped() or (staging / _STOP_NAME).exists()


def wait_unless_stopped(seconds: float) -> bool:
    """Wait so many seconds, or until intake is stopped; gives whether it is.

    Looks now and then, rather than wait on the event: a signal handler that sets an event whose lock the
    interrupted thread holds would wait for itself.
    """
    until = time.monotonic() + seconds
    while not intake_stopped() and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, _LOOK_EVERY))
    return intake_stopped()
