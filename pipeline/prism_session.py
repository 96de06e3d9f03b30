"""Prism in a session of its own, so that a signal to tocsin's process group leaves it to finish what it has begun.

Beam starts Prism as a child like any other. Ctrl-C in a terminal, and managers that signal whole groups, would end it
together with the driver, which wants to commit what is done.
"""

import sys
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.job_server import JobServer, StopOnExitJobServer
from apache_beam.runners.portability.prism_runner import PrismJobServer, PrismRunner

from pipeline.untimed_jobs import UntimedJobService

_IN_A_SESSION_OF_ITS_OWN = "import os, sys; os.setsid(); os.execv(sys.argv[1], sys.argv[1:])"
"""Keeps the process id, by which Beam ends the process. (setsid(1) is not there on every system.)"""


class PrismInOwnSession(PrismRunner):
    """Beam's runner, with Prism's process kept apart from this one's group."""

    def default_job_server(self, options: PipelineOptions) -> JobServer:
        """One Prism for the pipelines of this process, as with Beam's own runner."""
        server: JobServer = self.shared_handle.acquire(lambda: StopOnExitJobServer(_JobServer(options)))  # type: ignore[no-untyped-call]
        return server

    def create_job_service_handle(self, job_service: Any, options: PipelineOptions) -> UntimedJobService:
        """The handle by which Beam prepares a job, runs and follows it, with the options that Prism alone knows."""
        return UntimedJobService(job_service, options, retain_unknown_options=True)  # type: ignore[no-untyped-call]


class _JobServer(PrismJobServer):
    def subprocess_cmd_and_endpoint(self) -> tuple[list[str], str]:
        command, endpoint = super().subprocess_cmd_and_endpoint()
        return [sys.executable, "-I", "-c", _IN_A_SESSION_OF_ITS_OWN, *command], endpoint
