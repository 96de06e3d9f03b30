"""Exchange two folders in one step of the file system, so that a reader sees the one or the other, never neither.

renameat2 with RENAME_EXCHANGE on Linux (its manual page names the file systems that have it: ext4, XFS, Btrfs,
tmpfs and others), renamex_np with RENAME_SWAP on macOS (APFS).
"""

import ctypes
import os
import sys
import tempfile
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_RENAME_SWAP = 2


def exchange(one: Path, other: Path) -> None:
    """Let two existing folders of one file system change places.

    Raises:
        OSError: the system refused; both stand where they stood.
    """
    library = ctypes.CDLL(None, use_errno=True)
    first, second = os.fsencode(one), os.fsencode(other)
    if sys.platform == "darwin":
        refused = library.renamex_np(first, second, _RENAME_SWAP)
    else:
        refused = library.renameat2(_AT_FDCWD, first, _AT_FDCWD, second, _RENAME_EXCHANGE)
    if refused:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(one), None, str(other))


def can_exchange(folder: Path) -> bool:
    """Whether folders below this one can be exchanged; tries it with two of its own."""
    with tempfile.TemporaryDirectory(dir=folder, prefix="exchange-") as place:
        one, other = Path(place, "one"), Path(place, "other")
        one.mkdir()
        other.mkdir()
        (one / "mark").touch()
        try:
            exchange(one, other)
        except (OSError, AttributeError):
            return False
        return (other / "mark").exists()
