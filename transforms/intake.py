"""The switch that ends intake in this process: a signal handler only sets it, the stages look at it."""

import threading

_stopped = threading.Event()


def stop_intake() -> None:
    """Begin no new request; what is under way goes on to its end."""
    _stopped.set()


def resume_intake() -> None:
    """Take in again, for the next run of a warm process."""
    _stopped.clear()


def intake_stopped() -> bool:
    """Whether a signal has asked for the end."""
    return _stopped.is_set()
