"""What the matcher and the figures must know of a language, read from `data/languages/<code>.yaml`."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

DATA = Path(__file__).parent / "data"
USUAL_SUFFIX = 4


@dataclass(frozen=True, slots=True)
class Language:
    """One language: how its words are written, and its tables for figures (see `figure_tables`)."""

    code: str
    usual_suffix: int = USUAL_SUFFIX
    clitics: tuple[str, ...] = ()
    abbreviations: frozenset[str] = frozenset()
    ordinals: bool = False
    figures: dict[str, Any] = field(default_factory=dict)


@cache
def languages() -> dict[str, Language]:
    """Every language that the package has a file for, by code. A file more is a language more."""
    found = {}
    for path in sorted((DATA / "languages").glob("*.yaml")):
        given = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        found[path.stem] = Language(
            code=path.stem,
            usual_suffix=given.get("usual_suffix", USUAL_SUFFIX),
            clitics=tuple(given.get("clitics", "").split()),
            abbreviations=frozenset(given.get("abbreviations", "").lower().split()),
            ordinals=given.get("ordinals", False),
            figures=given.get("figures", {}),
        )
    return found


def language(code: str | None) -> Language:
    """The language of a code; one with usual habits where there is no file, or no code."""
    return languages().get(code or "", Language(code or ""))
