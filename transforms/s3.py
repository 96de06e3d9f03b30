"""Beam's way to S3, with one client a process.

Beam's file system makes a client for each operation, which costs more than the operation (65 ms of processor time
each, and it holds what the garbage collector then has to go through). Its I/O class takes a client, so that is given
one that is kept.
"""

from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from apache_beam.io.aws.clients.s3 import boto3_client
from apache_beam.io.aws.s3io import S3IO
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

SCHEME = "s3://"


class NoClientError(Exception):
    """boto3 is not installed."""


def s3_io() -> S3IO:
    """Beam's S3 I/O with the options of this process."""
    return S3IO(client=_Client(s3_client(process_options())))


def process_options() -> PipelineOptions:
    """What `FileSystems.set_options` was told in this process, by the driver or by Beam's harness."""
    # Beam keeps them nowhere else.
    options: PipelineOptions | None = vars(FileSystems.get_filesystem(SCHEME))["_options"]
    if options is None:
        options = PipelineOptions(flags=[])
        FileSystems.set_options(options)
    return options


@lru_cache(maxsize=4)
def s3_client(options: PipelineOptions) -> Any:
    """The boto3 client that these options mean; it may be used by several threads.

    Raises:
        NoClientError: boto3 is not installed.
        Exception: boto3 has no way to the store, as where no region is known.
    """
    if find_spec("boto3") is None:
        raise NoClientError("s3:// needs boto3: install it with pip install 'tocsin[s3]'")
    return boto3_client.Client(options).client


class _Client(boto3_client.Client):
    """Beam's client around one that is there already; it remembers where it reads, so each file has its own."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self._download_request = None
        self._download_stream = None
        self._download_pos = 0
