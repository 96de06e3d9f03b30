"""Entries and hosts that were forgotten: told by salted hashes, so that the lake does not name them."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from schemas.columns import rows_of
from schemas.entries import Entry
from schemas.forgotten import Forgotten
from transforms.files import read_table
from transforms.urls import host_of

ENTRY = "entry"
HOST = "host"


def salted(salt: bytes, value: bytes) -> bytes:
    """The first 128 bits of SHA-256 of salt and value."""
    return hashlib.sha256(salt + value).digest()[:16]


def is_forgotten_file(path: str) -> bool:
    """Whether a file of the state holds what was forgotten."""
    return Path(path).name == f"{Forgotten.TABLE}.parquet"


class ForgottenSet:
    """What is not to be fetched again."""

    def __init__(self, rows: Iterable[Forgotten]) -> None:
        self._digests = {(row.salt, row.kind, row.digest) for row in rows}
        self._salts = {salt for salt, _, _ in self._digests}

    def holds(self, entry: Entry) -> bool:
        """Whether the entry, or the host that it is on, was forgotten."""
        return any(
            (salt, ENTRY, salted(salt, entry.key)) in self._digests
            or (
                entry.canonical_url is not None
                and (salt, HOST, salted(salt, host_of(entry.canonical_url).encode())) in self._digests
            )
            for salt in self._salts
        )


def read_forgotten(paths: Iterable[str]) -> ForgottenSet:
    """The set that these files hold."""
    return ForgottenSet(row for path in paths for row in rows_of(Forgotten, read_table(path)))
