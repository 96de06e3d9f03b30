"""Jobs of any length on a portable runner.

Beam bounds the streams by which it follows a job by `--job_server_timeout`, where the job server knows the job before
it runs, as Prism does: after 300 s the wait for the job's end fails with DEADLINE_EXCEEDED, although Beam's own help
says that the option does not apply to a job's run time. What is asked of the server before keeps the bound.
"""

from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.portable_runner import JobServiceHandle, PortableRunner


class UntimedJobService(JobServiceHandle):
    """Follows a job for as long as it runs."""

    def run(self, preparation_id: str) -> tuple[str, Any, Any]:
        """Run a prepared job: its id, and the streams of its messages and states."""
        self.timeout = None
        return super().run(preparation_id)


class UntimedPortableRunner(PortableRunner):
    """Beam's runner for any job server."""

    def create_job_service_handle(self, job_service: Any, options: PipelineOptions) -> JobServiceHandle:
        """The handle by which Beam prepares a job, runs and follows it."""
        return UntimedJobService(job_service, options)  # type: ignore[no-untyped-call]
