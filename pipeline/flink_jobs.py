"""Flink jobs by Flink's own REST interface: Beam's job server forgets a job that it is told to cancel, and leaves it running."""

import hashlib
import http.client
import json
import logging
from collections.abc import Iterator
from typing import Any

_LOG = logging.getLogger(__name__)

_SECONDS = 10.0
_OVER = frozenset({"FINISHED", "CANCELED", "CANCELLING", "FAILED"})


def job_prefix(output: str) -> str:
    """What the names of all streams into an output begin with."""
    return f"tocsin-stream-{hashlib.sha256(output.encode()).hexdigest()[:12]}-"


def cancel_flink_jobs(master: str, prefix: str) -> list[str]:
    """Cancel the jobs whose name begins so; gives their names.

    Args:
        master: HOST:PORT of the job manager's REST interface, as `--flink_master` names it.
        prefix: of the names.

    Raises:
        OSError: the job manager can't be asked, or refuses.
    """
    return [name for job, name in _running(master) if name.startswith(prefix) and _cancelled(master, job)]


def _running(master: str) -> Iterator[tuple[str, str]]:
    for job in _ask(master, "GET", "/jobs/overview").get("jobs", ()):
        if job["state"] not in _OVER:
            yield job["jid"], job["name"]


def _cancelled(master: str, job: str) -> bool:
    _ask(master, "PATCH", f"/jobs/{job}?mode=cancel")
    return True


def _ask(master: str, method: str, path: str) -> Any:
    connection = http.client.HTTPConnection(master.removeprefix("http://"), timeout=_SECONDS)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status >= 300:
            raise OSError(f"{master} answers {answer.status} to {method} {path}")
        return json.loads(body or b"{}")
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(f"{master} can't be asked: {error}") from error
    finally:
        connection.close()
