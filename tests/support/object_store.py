"""An object store on loopback: moto's server, in a thread of the test's process, that runs in other processes reach."""

import itertools
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
from apache_beam.options.pipeline_options import PipelineOptions
from moto.server import ThreadedMotoServer

from pipeline.lake import Lake

_numbers = itertools.count()


@dataclass(frozen=True)
class StoreServer:
    """The server, and a client of its own that looks behind tocsin's back."""

    endpoint: str
    client: Any = field(repr=False)

    @property
    def beam(self) -> tuple[str, ...]:
        """What is written after `--` to reach it."""
        return (
            f"--s3_endpoint_url={self.endpoint}",
            "--s3_access_key_id=key",
            "--s3_secret_access_key=not-so-secret",
            "--s3_region_name=us-east-1",
        )

    def new_place(self) -> str:
        """The URL of a lake in a bucket of its own."""
        bucket = f"bucket-{next(_numbers)}"
        self.client.create_bucket(Bucket=bucket)
        return f"s3://{bucket}/news/lake"

    def lake(self, place: str) -> Lake:
        return Lake(place, PipelineOptions(flags=list(self.beam)))

    def keys(self, place: str) -> list[str]:
        """Keys of all objects of a lake, below it."""
        bucket, _, prefix = place.removeprefix("s3://").partition("/")
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/")
        keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
        return [key.removeprefix(f"{prefix}/") for key in keys]

    def read(self, place: str, key: str) -> bytes:
        bucket, _, prefix = place.removeprefix("s3://").partition("/")
        return self.client.get_object(Bucket=bucket, Key=f"{prefix}/{key}")["Body"].read()

    def write(self, place: str, key: str, data: bytes) -> None:
        bucket, _, prefix = place.removeprefix("s3://").partition("/")
        self.client.put_object(Bucket=bucket, Key=f"{prefix}/{key}", Body=data)

    def delete(self, place: str, key: str) -> None:
        bucket, _, prefix = place.removeprefix("s3://").partition("/")
        self.client.delete_object(Bucket=bucket, Key=f"{prefix}/{key}")

    def copy(self, place: str) -> str:
        """A copy of a lake as it stands; gives its place."""
        other = self.new_place()
        for key in self.keys(place):
            self.write(other, key, self.read(place, key))
        return other


@contextmanager
def store_server() -> Iterator[StoreServer]:
    """The server for the length of the block."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            aws_access_key_id="key",
            aws_secret_access_key="not-so-secret",
            region_name="us-east-1",
        )
        yield StoreServer(endpoint, client)
    finally:
        server.stop()
