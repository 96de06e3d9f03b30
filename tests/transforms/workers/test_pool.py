"""The pool: a task that loops or crashes costs itself alone, and no worker outlives its parent."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from transforms.workers import pool as pools
from transforms.workers.pool import WorkerCrashedError, WorkerPool, WorkerTimeoutError, result_of
from transforms.workers.window import TaskWindow

PARENT = """
import os, sys, time
from transforms.workers.pool import WorkerPool
if __name__ == "__main__":
    pool = WorkerPool(1)
    print(pool.submit(60, os.getpid).result(), flush=True)
    pool.submit(600, time.sleep, 600)
    print("busy", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def pool():
    pool = WorkerPool(1)
    yield pool
    pool.close()


def test_a_result_comes_back(pool):
    """A task's result is its function's."""
    assert result_of(pool.submit(30, abs, -7)) == 7


def test_an_exception_comes_back(pool):
    """What a task raises is raised where its result is asked for."""
    with pytest.raises(ValueError, match="invalid literal"):
        result_of(pool.submit(30, int, "seven"))


def test_fault_43_a_task_that_loops_is_killed_at_its_deadline(pool):
    """The deadline holds against what never returns, and the next task finds a worker."""
    with pytest.raises(WorkerTimeoutError):
        result_of(pool.submit(0.3, time.sleep, 3600))
    assert result_of(pool.submit(30, abs, -7)) == 7


@pytest.mark.parametrize("crash", [(os._exit, 3), (os.kill, 0, signal.SIGKILL)])
def test_fault_43_a_task_that_crashes_costs_itself_alone(pool, crash):
    """A worker that exits or is killed is replaced; the tasks behind it are done."""
    function, *arguments = crash
    if function is os.kill:
        arguments[0] = result_of(pool.submit(30, os.getpid))
    crashed = pool.submit(30, function, *arguments)
    behind = [pool.submit(30, abs, -n) for n in range(5)]
    with pytest.raises(WorkerCrashedError):
        result_of(crashed)
    assert [result_of(future) for future in behind] == list(range(5))


def test_a_worker_killed_while_idle_costs_nothing(pool):
    """What is killed from outside between two tasks is replaced before the next."""
    worker = result_of(pool.submit(30, os.getpid))
    with suppress(ProcessLookupError):  # a worker that has just ended by itself is as good as killed
        os.kill(worker, signal.SIGKILL)
    while _alive(worker):
        os.sched_yield()
    results = []
    for _ in range(20):
        try:
            results.append(result_of(pool.submit(30, abs, -7)))
        except WorkerCrashedError:
            continue
    assert results
    assert set(results) == {7}


def test_memory_is_bounded(pool):
    """A task that asks for more than a worker may take fails; the worker's host is not brought down."""
    with pytest.raises((MemoryError, WorkerCrashedError)):
        result_of(pool.submit(30, bytes, pools.MEMORY_LIMIT * 2))


def test_workers_end_with_a_killed_parent():
    """A busy worker and the forkserver are gone when their parent is killed, so that nothing piles up."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        worker = int(parent.stdout.readline())
        assert parent.stdout.readline() == "busy\n"
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        deadline = time.monotonic() + 20
        while _alive(worker) and time.monotonic() < deadline:
            os.sched_yield()
        assert not _alive(worker)


def test_a_window_is_never_wider_than_its_limit(pool):
    """So many tasks are under way at most, and every item comes back once."""
    window = TaskWindow(3)
    back = []
    for number in range(10):
        back += [item for item, _ in window.add(number, pool.submit(30, abs, -number))]
        assert number + 1 - len(back) < 3
    back += [item for item, _ in window.drain()]
    assert sorted(back) == list(range(10))


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in {"Z", "X"}
    except FileNotFoundError:
        return False
