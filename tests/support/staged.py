"""Files that a test has staged itself, told as a stage would."""

from pathlib import Path

from schemas.report import StagedFile
from transforms.files import sha256_of


def staged_file(table: str, path: Path, rows: int, output: Path) -> StagedFile:
    """What a closed file is; its path is told relative to `output`."""
    return StagedFile(
        table, path.relative_to(output).as_posix(), rows, path.stat().st_size, sha256_of(str(path))
    )
