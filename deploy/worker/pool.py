#!/usr/bin/env python3
"""The pool that a cluster asks for tocsin's workers, as Beam's EXTERNAL environment.

    deploy/worker/pool.py --port=P [--logs=FOLDER]

Beam has a pool of its own; this one differs where that one failed on Flink (apache-beam 2.77). All task managers of
a machine are served by one address, and each numbers its workers from 1, so that there stopping one manager's worker
ended another's: here a worker belongs to the connection that asked for it. Workers are started with this
interpreter rather than with whatever `python` is on the path, what they print is never left in a pipe that nobody
reads, and each is a process group of its own, which ends with the pool. A worker whose runner was killed is ended
too: it would go on with its hosts while the job, started again elsewhere, asks the same ones.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from apache_beam.portability.api import beam_fn_api_pb2, beam_fn_api_pb2_grpc

BOOT = Path(__file__).resolve().with_name("boot.py")
PATIENCE = 5.0
"""Seconds that a worker has to end by itself once its runner has closed its control stream."""


class WorkerPool(beam_fn_api_pb2_grpc.BeamFnExternalWorkerPoolServicer):
    """Starts a worker for each request, and ends it when its caller says so or the pool ends."""

    def __init__(self, logs: Path | None) -> None:
        self._logs = logs
        self._lock = threading.Lock()
        self._workers: dict[tuple[str, str], subprocess.Popen[bytes]] = {}

    def StartWorker(self, request: Any, context: Any) -> beam_fn_api_pb2.StartWorkerResponse:  # noqa: N802 -- Beam's name
        """Start a worker for the caller's job."""
        command = [
            sys.executable, "-P", str(BOOT), f"--id={request.worker_id}",
            f"--logging_endpoint={request.logging_endpoint.url}",
            f"--artifact_endpoint={request.artifact_endpoint.url}",
            f"--provision_endpoint={request.provision_endpoint.url}",
            f"--control_endpoint={request.control_endpoint.url}",
        ]  # fmt: skip
        environment = {**os.environ, **({"TOCSIN_WORKER_LOGS": str(self._logs)} if self._logs else {})}
        with self._lock:
            try:
                worker = subprocess.Popen(  # noqa: S603 -- our own script, no shell
                    command, stdin=subprocess.DEVNULL, env=environment, start_new_session=True
                )
            except OSError as error:
                return beam_fn_api_pb2.StartWorkerResponse(error=str(error))
            self._workers[context.peer(), request.worker_id] = worker
        end_with_runner(worker, request.control_endpoint.url)
        say(f"worker {request.worker_id} of {context.peer()} is process {worker.pid}")
        return beam_fn_api_pb2.StartWorkerResponse()

    def StopWorker(self, request: Any, context: Any) -> beam_fn_api_pb2.StopWorkerResponse:  # noqa: N802 -- likewise
        """End the worker that the same caller started; one of another caller is left alone."""
        with self._lock:
            worker = self._workers.pop((context.peer(), request.worker_id), None)
        if worker is not None:
            threading.Thread(target=end, args=(worker, PATIENCE), daemon=True).start()
            say(f"worker {request.worker_id} of {context.peer()} is told to end")
        return beam_fn_api_pb2.StopWorkerResponse()

    def close(self) -> None:
        """End every worker."""
        with self._lock:
            workers, self._workers = list(self._workers.values()), {}
        for worker in workers:
            end(worker, 0)


def end_with_runner(worker: "subprocess.Popen[bytes]", control_endpoint: str) -> None:
    """End the worker once the runner that it works for no longer answers."""
    channel = grpc.insecure_channel(control_endpoint)
    reached = threading.Event()

    def follow(state: grpc.ChannelConnectivity) -> None:
        if state is grpc.ChannelConnectivity.READY:
            reached.set()
        elif state is grpc.ChannelConnectivity.TRANSIENT_FAILURE and reached.is_set():
            threading.Thread(target=leave, daemon=True).start()

    def leave() -> None:
        channel.close()
        end(worker, PATIENCE)

    channel.subscribe(follow, try_to_connect=True)


def end(worker: "subprocess.Popen[bytes]", patience: float) -> None:
    """Give a worker the time to end by itself; then end it and the processes that it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.wait(patience)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(worker.pid, number)
        patience = PATIENCE
    worker.wait()


def say(line: str) -> None:
    """A line of the pool's own log."""
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--logs", type=Path)
    arguments = parser.parse_args()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    pool = WorkerPool(arguments.logs)
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    beam_fn_api_pb2_grpc.add_BeamFnExternalWorkerPoolServicer_to_server(pool, server)
    server.add_insecure_port(f"{arguments.host}:{arguments.port}")
    server.start()
    say(f"serving at {arguments.host}:{arguments.port}")
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    server.stop(0).wait()
    pool.close()


if __name__ == "__main__":
    main()
