"""The switch that ends intake in this process: a signal handler only sets it, the stages look at it.

Workers of a cluster are other processes, which no signal reaches: the driver leaves them a file in the run's staging.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from transforms.files import file_exists, is_object, under, write_whole

_LOOK_EVERY = 0.1
_ASK_STORE_EVERY = 5.0
_STOP_NAME = "stop"


class _Switch:
    """A flag that a signal handler may set. An Event has a lock, for which a handler within a handler would wait for ever."""

    on = False


_stopped = _Switch()
_given_up = _Switch()


def stop_intake() -> None:
    """Begin no new request; what is under way goes on to its end."""
    _stopped.on = True


def resume_intake() -> None:
    """Take in again, for the next run of a warm process."""
    _stopped.on = False
    _given_up.on = False


def give_up_work() -> None:
    """Break off what is under way, so that what is done can be committed in time; it is carried over."""
    _given_up.on = True


def work_given_up() -> bool:
    """Whether what is under way is to be broken off."""
    return _given_up.on


def intake_stopped() -> bool:
    """Whether a signal has asked for the end."""
    return _stopped.on


def tell_workers(staging: str) -> None:
    """Stop intake in every process that works on the run whose staging folder is at this location."""
    write_whole(under(staging, _STOP_NAME), b"stop\n")


def stop_of(staging: str) -> Callable[[], bool]:
    """A function that tells whether intake is stopped in this process, or by the run's driver in another."""
    if not staging:
        return intake_stopped
    stop = under(staging, _STOP_NAME)
    if not is_object(staging):
        return lambda: intake_stopped() or file_exists(stop)
    asked = _AskedNowAndThen(lambda: file_exists(stop))
    return lambda: intake_stopped() or asked()


class _AskedNowAndThen:
    """The last answer to a question that a store takes its time for: asked anew every few seconds, aside."""

    def __init__(self, question: Callable[[], bool]) -> None:
        self._question = question
        self._thread = ThreadPoolExecutor(1, "tocsin-stop")
        self._asked: Future[bool] | None = None
        self._next = 0.0
        self._answer = False

    def __call__(self) -> bool:
        if self._asked is not None and self._asked.done():
            # A store that gives no answer has not said that intake is stopped.
            self._answer = self._asked.exception() is None and self._asked.result()
            self._asked = None
        if self._asked is None and not self._answer and time.monotonic() >= self._next:
            self._next = time.monotonic() + _ASK_STORE_EVERY
            self._asked = self._thread.submit(self._question)
        return self._answer


def wait_unless_stopped(seconds: float) -> bool:
    """Wait so many seconds, or until intake is stopped; gives whether it is.

    Looks now and then, rather than wait on the event: a signal handler that sets an event whose lock the
    interrupted thread holds would wait for itself.
    """
    until = time.monotonic() + seconds
    while not intake_stopped() and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, _LOOK_EVERY))
    return intake_stopped()
