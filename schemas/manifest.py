"""The manifest of a run: its presence under runs/ is the commit."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from schemas.report import Balance

MANIFEST_VERSION = 1


@dataclass(frozen=True, slots=True)
class LakeFile:
    """A published file: `path` relative to the output."""

    table: str
    path: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one run published, from what, and its balance. Times are ISO 8601 in UTC."""

    run_id: str
    started_at: str
    committed_at: str
    tocsin_version: str
    schema_versions: dict[str, int]
    taxonomy_version: str | None
    runner: str
    options: dict[str, Any]
    files: tuple[LakeFile, ...]
    replaces: tuple[str, ...]
    feeds: dict[str, int]
    balance: Balance
    state: tuple[LakeFile, ...]
    manifest_version: int = MANIFEST_VERSION

    def to_json(self) -> str:
        """The manifest as it is stored."""
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Manifest":
        """The manifest that `to_json` wrote.

        Raises:
            ValueError: the text is no manifest, or one of newer code.
        """
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError("a manifest is a JSON object")  # noqa: TRY004 -- one error for all that is no manifest
        version = values.get("manifest_version", 0)
        if version > MANIFEST_VERSION:
            raise ValueError(f"manifest version {version} was written by newer code; update tocsin")
        try:
            values["files"] = tuple(LakeFile(**file) for file in values["files"])
            values["state"] = tuple(LakeFile(**file) for file in values["state"])
            values["replaces"] = tuple(values["replaces"])
            values["balance"] = Balance(**values["balance"])
            return cls(**values)
        except (KeyError, TypeError) as error:
            raise ValueError(f"the manifest lacks or has fields it should not: {error}") from error
