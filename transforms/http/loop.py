"""An event loop in a thread of its own, for synchronous code that must wait on many connections."""

import asyncio
import concurrent.futures
import os
import threading
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

if os.name == "posix":
    import resource

Result = TypeVar("Result")

_OPEN_FILES: Final = 8192
_CLOSE_WITHIN: Final = 10.0


class BackgroundLoop:
    """One event loop in one daemon thread; make one a process.

    On POSIX it raises the process's soft limit of open files towards `open_files`, as the system's default
    (256 on macOS) is less than the connections of a few hundred hosts.
    """

    def __init__(self, name: str = "tocsin-http", open_files: int = _OPEN_FILES) -> None:
        _raise_open_files(open_files)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop itself."""
        return self._loop

    def submit(self, coroutine: Coroutine[Any, Any, Result]) -> concurrent.futures.Future[Result]:
        """Run a coroutine on the loop. Cancelling the future cancels the coroutine."""
        if self._loop.is_closed():
            coroutine.close()
            raise RuntimeError("the background loop is closed")
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine on the loop and wait for its result."""
        return self.submit(coroutine).result()

    def close(self) -> None:
        """Cancel what runs and end the thread."""
        if self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CLOSE_WITHIN)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()


def _raise_open_files(wanted: int) -> None:
    if os.name != "posix":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    ceiling = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < ceiling:
        resource.setrlimit(resource.RLIMIT_NOFILE, (ceiling, hard))
