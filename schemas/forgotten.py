"""What `tocsin forget` has erased and must not fetch again, known only by salted hashes."""

from dataclasses import dataclass
from typing import ClassVar

from schemas.columns import Category, Instant, Key, column


@dataclass(frozen=True, slots=True)
class Forgotten:
    """An entry or a host that is not fetched again. The salt is the lake's own, the same in every row."""

    TABLE: ClassVar[str] = "forgotten"
    VERSION: ClassVar[int] = 1

    kind: Category = column("entry or host")
    digest: Key = column("first 128 bits of SHA-256 of the salt and the entry's key, or the host's name")
    salt: Key = column("the lake's salt")
    forgotten_at: Instant = column("when it was erased")
