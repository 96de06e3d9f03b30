"""Writes to S3 that are refused where the object has changed: `If-None-Match: *` and `If-Match: ETag`.

Beam's file system for S3 can't express them, so they go through the same client with the same options. S3 decides
them one after another (its user guide, "conditional writes"), and so do the stores that speak its protocol and
honour these headers; `refuses_second_creation` finds out whether one does.
"""

import errno
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.storage.storage import LakeError
from transforms.files import store_errors_as_os_errors
from transforms.s3 import s3_client

_REFUSED = (404, 412)
"""What S3 answers where the object is gone, or not as the condition asks."""

_CONFLICT = 409
"""What S3 answers to a conditional write while another write of the object is under way: ask again."""

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Found:
    """An object as it was read: `age` since its last writing, both times by the store's own clock."""

    data: bytes
    etag: str
    age: timedelta


class ConditionalWrites:
    """One bucket's objects, by their keys.

    Raises:
        LakeError: boto3 is not installed, or has no way to the store.
    """

    def __init__(self, bucket: str, options: PipelineOptions) -> None:
        self._bucket = bucket
        try:
            with store_errors_as_os_errors(f"s3://{bucket}"):
                self._client: Any = s3_client(options)
        except OSError as error:
            raise LakeError(f"s3://{bucket} can't be reached: {error.strerror}") from error

    def require_bucket(self) -> None:
        """Ask whether the bucket is there for us. Raises OSError where it is not."""
        with store_errors_as_os_errors(f"s3://{self._bucket}"):
            self._client.head_bucket(Bucket=self._bucket)

    def read(self, key: str) -> Found | None:
        """The object, None where there is none."""
        try:
            with store_errors_as_os_errors(self._shown(key)):
                answer = self._client.get_object(Bucket=self._bucket, Key=key)
                data = answer["Body"].read()
        except FileNotFoundError:
            return None
        now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        return Found(data, answer["ETag"], now - answer["LastModified"])

    def create(self, key: str, data: bytes) -> str | None:
        """Write an object that is not there yet; its ETag, None where it was.

        An answer that was lost on its way makes the client ask again: an object of the same content is ours.
        """
        etag = self._put(key, data, IfNoneMatch="*")
        if etag is None and (found := self.read(key)) is not None and found.data == data:
            return found.etag
        return etag

    def replace(self, key: str, data: bytes, etag: str) -> str | None:
        """Write an object that still has this ETag; the new one, None where it has changed or is gone."""
        return self._put(key, data, IfMatch=etag)

    def refuses_second_creation(self, key: str, data: bytes) -> bool:
        """Whether the store refuses to create an object that is there, as `create` relies on."""
        return self._put(key, data, IfNoneMatch="*") is None

    def _put(self, key: str, data: bytes, **condition: str) -> str | None:
        for _ in range(_ATTEMPTS):
            try:
                with store_errors_as_os_errors(self._shown(key)):
                    return self._asked(
                        lambda: self._client.put_object(Bucket=self._bucket, Key=key, Body=data, **condition)[
                            "ETag"
                        ]
                    )
            except _ConflictError:
                continue
        raise OSError(errno.EBUSY, "others write to it without end", self._shown(key))

    @staticmethod
    def _asked(put: Callable[[], str]) -> str | None:
        try:
            return put()
        except Exception as error:
            status = getattr(error, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode")
            if status in _REFUSED:
                return None
            if status == _CONFLICT:
                raise _ConflictError from error
            raise

    def _shown(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"


class _ConflictError(OSError):
    """The store wants to be asked again."""
