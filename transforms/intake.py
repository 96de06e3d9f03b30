"""The switch that ends intake in this process: a signal handler only sets it, the stages look at it."""

import threading

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
