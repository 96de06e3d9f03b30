"""Disks of their own for a test that may mount them: one that gets full, and one that gets read-only."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class SmallDisk:
    """A tmpfs at `folder`."""

    folder: Path

    def change(self, option: str) -> None:
        """Mount it anew with an option, such as size=64m."""
        subprocess.run(["mount", "-o", f"remount,{option}", self.folder], check=True)

    def leave(self, room: int) -> None:
        """Let it have so many bytes of room left."""
        self.change(f"size={shutil.disk_usage(self.folder).used + room}")


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """The disk for the length of the block; skips where this user may not mount one."""
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", "size=64m,mode=700", "tocsin-test", folder)
    try:
        yield SmallDisk(folder)
    finally:
        _unmount(folder)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nothing below a folder be written to any more, for the length of the block.

    The folder is mounted over itself, since files that are open for writing keep a mount from becoming read-only.
    """
    _mount("--bind", folder, folder)
    try:
        _mount("-o", "remount,bind,ro", folder)
        yield
    finally:
        _unmount(folder)


def _mount(*arguments: object) -> None:
    """Mount, or skip the test where this user may not."""
    mount = ["mount", *map(str, arguments)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount; test_fault_47_disk_full bounds the size of files instead")


def _unmount(folder: Path) -> None:
    # What a failed run had open is closed only with its process.
    subprocess.run(["umount", "--lazy", folder], check=True)
