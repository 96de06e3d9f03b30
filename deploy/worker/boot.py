#!/usr/bin/env python3
"""What a worker pool starts for each worker: asks the runner for the job's options, and becomes Beam's harness.

It keeps to the container contract of Beam's portable runners, where --id and --provision_endpoint are all that must
be given, and needs no container: the environment that it is started in has tocsin and its requirements installed,
so that nothing which a job stages is fetched. Unlike a bare SdkHarness it hands the job's options to the
harness (file systems need them), and it writes what the worker prints to a file: the pool never reads the pipe
that it opens, and a worker that prints much would stand still on it.

TOCSIN_WORKER_LOGS names the folder of the log files; without it, what the worker prints is dropped.
"""

import argparse
import os
import signal
import sys
from pathlib import Path

import grpc
from apache_beam.portability.api import beam_provision_api_pb2, beam_provision_api_pb2_grpc, endpoints_pb2
from google.protobuf import json_format, text_format

HARNESS = Path(__file__).resolve().with_name("harness.py")
PROVISION_SECONDS = 60
"""How long to wait for the runner to say what the job is."""


def main() -> None:
    """Become the harness."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("id", "provision_endpoint"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("logging_endpoint", "control_endpoint"):
        parser.add_argument(f"--{name}", help="where the runner does not say it when it is asked")
    # Engines give more, such as a folder for artifacts, and each its own.
    arguments, _ = parser.parse_known_args()
    # The pool waits for its own signals with them blocked, which a process hands on to its children.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})
    environment = {
        **os.environ,
        **environment_of(arguments, provision_info(arguments.provision_endpoint, arguments.id)),
    }
    print_to(arguments.id)
    # -P keeps the working directory off the path, so that no folder of it shadows an installed package.
    command = [sys.executable, "-P", str(HARNESS)]
    os.execve(sys.executable, command, environment)  # noqa: S606 -- no shell is wanted


def provision_info(endpoint: str, worker_id: str) -> beam_provision_api_pb2.ProvisionInfo:
    """What the runner says of the job."""
    with grpc.insecure_channel(endpoint) as channel:
        stub = beam_provision_api_pb2_grpc.ProvisionServiceStub(channel)
        request = beam_provision_api_pb2.GetProvisionInfoRequest()
        metadata = [("worker_id", worker_id)]
        return stub.GetProvisionInfo(request, metadata=metadata, timeout=PROVISION_SECONDS).info


def environment_of(
    arguments: argparse.Namespace, info: beam_provision_api_pb2.ProvisionInfo
) -> dict[str, str]:
    """The variables that Beam's harness reads; what the runner names goes before what the pool named."""
    control = info.control_endpoint.url or arguments.control_endpoint
    logging = info.logging_endpoint.url or arguments.logging_endpoint
    if not control or not logging:
        sys.exit("boot: neither the runner nor an option names the control and the logging endpoint")
    variables = {
        "WORKER_ID": arguments.id,
        "PIPELINE_OPTIONS": json_format.MessageToJson(info.pipeline_options),
        "CONTROL_API_SERVICE_DESCRIPTOR": descriptor(control),
        "LOGGING_API_SERVICE_DESCRIPTOR": descriptor(logging),
        "RUNNER_CAPABILITIES": " ".join(info.runner_capabilities),
        "PYTHONSAFEPATH": "1",
    }
    if info.status_endpoint.url:
        variables["STATUS_API_SERVICE_DESCRIPTOR"] = descriptor(info.status_endpoint.url)
    return variables


def descriptor(url: str) -> str:
    """A service's address, as the harness reads it."""
    return text_format.MessageToString(endpoints_pb2.ApiServiceDescriptor(url=url))


def print_to(worker_id: str) -> None:
    """Send what the worker prints to its log file."""
    folder = os.environ.get("TOCSIN_WORKER_LOGS")
    target = Path(folder) / f"worker-{worker_id}.log" if folder else Path(os.devnull)
    log = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())


if __name__ == "__main__":
    main()
