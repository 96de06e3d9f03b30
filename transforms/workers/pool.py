"""One supervised pool of worker processes for each harness process.

A task that loops is killed at its deadline, one that crashes costs itself alone, and workers end with their
parent. pebble on forkserver gives the first two; the watchdog thread gives the third (measured: a busy child of
a killed parent lives on otherwise).
"""

import atexit
import concurrent.futures
import logging
import multiprocessing
import multiprocessing.connection
import multiprocessing.forkserver
import os
import resource
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, ParamSpec, TypeVar

from pebble import ProcessExpired, ProcessPool

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

MEMORY_LIMIT = 4 * 1024**3
"""Bytes of address space that one worker may take; what needs more fails with MemoryError."""

TASKS_PER_WORKER = 10_000
"""Tasks after which a worker is replaced, so that caches and leaks of the libraries stay bounded.

A new one loads places and dates of each language again, which takes as long as some hundred pages.
"""

PRELOADED = ["transforms.workers.warm"]
"""Modules the forkserver imports once, so that a new worker starts in milliseconds."""


class WorkerTimeoutError(Exception):
    """The task ran past its deadline and its worker was killed."""


class WorkerCrashedError(Exception):
    """The task's worker died: a signal, an exit, or memory."""


class WorkerPool:
    """A pool of `workers` processes; each task has a deadline of its own, in seconds."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._lock = threading.Lock()
        self._pool = self._start()

    def submit(
        self,
        deadline: float,
        function: Callable[Parameters, Result],
        /,
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> "Future[Result]":
        """Schedule `function`, which must live in an importable module, and return its future."""
        with self._lock:
            if not self._pool.active:
                # An idle worker that is killed from outside breaks the pool; the next task must not pay for it.
                self._pool.stop()
                self._pool = self._start()
            return self._pool.schedule(function, args=args, kwargs=kwargs, timeout=deadline)

    def close(self) -> None:
        """Stop the workers at once; tasks under way are lost."""
        with self._lock:
            self._pool.stop()
            self._pool.join()

    def _start(self) -> ProcessPool:
        context = multiprocessing.get_context("forkserver")
        prepare_workers()
        return ProcessPool(
            max_workers=self.workers, max_tasks=TASKS_PER_WORKER, initializer=_prepare_worker, context=context
        )


def prepare_workers() -> None:
    """Start the forkserver, which loads what workers need while its parent goes on with other work."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(PRELOADED)
    multiprocessing.forkserver.ensure_running()


def result_of(future: "Future[Result]") -> Result:
    """The task's result.

    Raises:
        WorkerTimeoutError: the deadline passed.
        WorkerCrashedError: the worker died.
        Exception: whatever the task raised.
    """
    try:
        return future.result()
    except concurrent.futures.TimeoutError as error:
        raise WorkerTimeoutError("the task ran past its deadline") from error
    except ProcessExpired as error:
        raise WorkerCrashedError(f"the worker ended with exit code {error.exitcode}") from error
    except concurrent.futures.process.BrokenProcessPool as error:
        raise WorkerCrashedError("every worker of the pool ended") from error


_shared: dict[int, WorkerPool] = {}
_shared_lock = threading.Lock()


def shared_pool(workers: int) -> WorkerPool:
    """The one pool of this process with so many workers; made at the first call."""
    with _shared_lock:
        if workers not in _shared:
            _shared[workers] = WorkerPool(workers)
        return _shared[workers]


@atexit.register
def close_shared_pools() -> None:
    """Stop the pools of this process."""
    with _shared_lock:
        for pool in _shared.values():
            pool.close()
        _shared.clear()


def _prepare_worker() -> None:
    """Make a worker die with its parent, leave signals to the parent, be quiet, and bound its memory.

    What the libraries log and warn of about one page helps nobody; what fails comes back as the task's result.
    """
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True, name="parent-watch").start()


def _end_with(sentinel: Any) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)
