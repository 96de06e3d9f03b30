"""Files by their location: paths of a local disk, and objects in S3.

What a store's client raises comes out as an OSError with number and text, so that callers know one kind of error.
A file that is being written is whole and durable once it is closed: on a disk it is synced with its folder, in a
store the object does not exist before.
"""

import errno
import hashlib
import io
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self, cast

import pyarrow as pa
import pyarrow.parquet as pq

from transforms.s3 import s3_io

_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")

_ERROR_NUMBERS = {403: errno.EACCES, 404: errno.ENOENT}
"""HTTP statuses of a store that have a number of their own among the system's errors (RFC 9110, POSIX)."""


def is_object(location: str) -> bool:
    """Whether a location is a URL (scheme://...) rather than a path."""
    return _URL.match(location) is not None


def under(folder: str, *names: str) -> str:
    """The location of something below a folder."""
    return "/".join((folder.rstrip("/"), *names))


def open_file(location: str) -> BinaryIO:
    """Open a file for reading; it can be sought in.

    Raises:
        OSError: it is not there or can't be read.
    """
    if not is_object(location):
        return Path(location).open("rb")
    with store_errors_as_os_errors(location):
        opened = s3_io().open(location, "rb")
    return cast("BinaryIO", _ObjectReader(opened, location))


def sha256_of(location: str) -> str:
    """Of a file as it stands, in hex. Raises as `open_file`."""
    with open_file(location) as file:
        return hashlib.file_digest(cast("io.BufferedReader", file), "sha256").hexdigest()


def file_exists(location: str) -> bool:
    """Whether there is a file.

    Raises:
        OSError: the store does not say.
    """
    if not is_object(location):
        return Path(location).exists()
    with store_errors_as_os_errors(location):
        return bool(s3_io().exists(location))


def write_whole(location: str, data: bytes) -> None:
    """Write a file so that it is there whole or not at all, and durably; it replaces one of its name."""
    if is_object(location):
        with NewFile(location) as file:
            file.write(data)
        return
    path = Path(location)
    copy = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with NewFile(str(copy)) as file:
        file.write(data)
    copy.rename(path)
    sync(path.parent)


@contextmanager
def parquet_file(location: str) -> Iterator[pq.ParquetFile]:
    """A Parquet file to read piece by piece.

    Raises:
        OSError: it is not there or can't be read.
        pa.ArrowException: it is no Parquet file.
    """
    with open_file(location) as file:
        yield pq.ParquetFile(file)


def read_table(
    location: str, *, columns: Sequence[str] | None = None, schema: pa.Schema | None = None
) -> pa.Table:
    """A Parquet file as a whole. Raises as `parquet_file`."""
    with open_file(location) as file:
        return pq.read_table(file, columns=columns, schema=schema)


class NewFile:
    """A file that is being written: `bytes` and `sha256` tell what has been. It makes its folder.

    Arrow writes to it, hence the names of its methods.
    """

    def __init__(self, location: str) -> None:
        self._location = location
        self._digest = hashlib.sha256()
        self.bytes = 0
        self._sink = _sink(location)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Close it; where the block has failed the file is left as it is, for whoever sweeps."""
        if error is None:
            self.close()

    @property
    def sha256(self) -> str:
        """Of what has been written, in hex."""
        return self._digest.hexdigest()

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._sink.closed

    def write(self, data: bytes) -> int:
        """Append."""
        with store_errors_as_os_errors(self._location):
            self._sink.write(data)
        self._digest.update(data)
        self.bytes += len(data)
        return len(data)

    def tell(self) -> int:
        """The place of the next byte."""
        return self.bytes

    def flush(self) -> None:
        """Nothing is promised before the end."""

    def close(self) -> None:
        """Make it whole and durable."""
        if self._sink.closed:
            return
        if is_object(self._location):
            with store_errors_as_os_errors(self._location):
                self._sink.close()
            return
        try:
            self._sink.flush()
            os.fsync(self._sink.fileno())
        finally:
            self._sink.close()
        sync(Path(self._location).parent)


def sync(folder: Path) -> None:
    """Make a folder's entries durable (fsync of the directory, as POSIX asks for)."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def store_errors_as_os_errors(location: str) -> Iterator[None]:
    """Let whatever a store's client raises come out as an OSError that says what and where."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise _os_error(location, error) from error


def _os_error(location: str, error: Any) -> OSError:
    response = getattr(error, "response", None) or {}
    status = getattr(error, "code", None) or response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    said = " ".join(str(error).split()) or type(error).__name__
    return OSError(_ERROR_NUMBERS.get(status, errno.EIO), said, location)


class _Sink(Protocol):
    """What is asked of a file that is written to."""

    closed: bool

    def write(self, data: bytes, /) -> Any: ...
    def flush(self) -> None: ...
    def fileno(self) -> int: ...
    def close(self) -> None: ...


def _sink(location: str) -> _Sink:
    if not is_object(location):
        path = Path(location)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return cast("_Sink", path.open("wb"))
    with store_errors_as_os_errors(location):
        return cast("_Sink", s3_io().open(location, "wb"))


class _ObjectReader(io.RawIOBase):
    """An object being read; the store's errors come out as OSError."""

    def __init__(self, opened: BinaryIO, location: str) -> None:
        super().__init__()
        self._opened = opened
        self._location = location

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._opened.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._opened.seek(offset, whence)

    def read(self, size: int | None = -1) -> bytes:
        with store_errors_as_os_errors(self._location):
            return self._opened.read(-1 if size is None else size)

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._opened.close()
        super().close()
