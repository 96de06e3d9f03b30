"""Read YAML so that every mistake can be told with its file and line."""

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scalarstring import FoldedScalarString, LiteralScalarString

from transforms.topics.taxonomy import TaxonomyError


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a YAML file and where it stands. Lines count from 1."""

    value: Any
    file: str
    line: int
    name: str

    def error(self, problem: str, hint: str) -> TaxonomyError:
        """The error that this value makes."""
        return TaxonomyError(self.file, self.line, problem, hint)

    def has(self, key: str) -> bool:
        """Whether the mapping gives the key a value."""
        return isinstance(self.value, dict) and self.value.get(key) is not None

    def at(self, key: str) -> "Node":
        """The value under a key of this mapping."""
        return Node(
            self.value[key], self.file, self.value.lc.key(key)[0] + 1, f"{self.name}.{key}".lstrip(".")
        )

    def entries(self, allowed: Iterable[str] | None = None) -> Iterator[tuple[str, "Node"]]:
        """Keys and values of this mapping; with `allowed`, another key is an error."""
        if not isinstance(self.value, CommentedMap):
            raise self.error(
                f"{self.name or 'the file'} must be a mapping", "Write `key: value` lines under it"
            )
        names = None if allowed is None else list(allowed)
        for key in self.value:
            node = self.at(str(key)) if isinstance(key, str) else self
            if not isinstance(key, str):
                raise node.error(f"the key {key!r} is not a text", f'Put it in quotes: "{key}"')
            if names is not None and key not in names:
                raise node.error(f"unknown key {key!r}", did_you_mean(key, names))
            yield key, node

    def items(self) -> list["Node"]:
        """The items of this list; one value alone counts as a list of one."""
        if isinstance(self.value, CommentedSeq):
            return [
                Node(value, self.file, self.value.lc.item(i)[0] + 1, f"{self.name}[{i}]")
                for i, value in enumerate(self.value)
            ]
        if isinstance(self.value, CommentedMap) or self.value is None:
            raise self.error(
                f"{self.name} must be a list", "Write it as [a, b] or as lines that begin with `- `"
            )
        return [self]

    def text(self) -> str:
        """This value as a text that is not empty."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.error(f"{self.name} must be a text, not {self.value!r}", 'Put it in quotes: "..."')
        return str(self.value)

    def number(self, least: float, most: float, *, whole: bool = False) -> float:
        """This value as a number in a range, ends included."""
        kind = int if whole else (int, float)
        if (
            isinstance(self.value, bool)
            or not isinstance(self.value, kind)
            or not least <= self.value <= most
        ):
            raise self.error(
                f"{self.name} must be a {'whole ' if whole else ''}number from {least:g} to {most:g}, not {self.value!r}",
                "Weights, factors and thresholds are shares of one: 0.7",
            )
        return float(self.value)

    def flag(self) -> bool:
        """This value as true or false."""
        if not isinstance(self.value, bool):
            raise self.error(f"{self.name} must be true or false, not {self.value!r}", "Write true or false")
        return self.value

    def lines(self) -> list[tuple[str, int]]:
        """Words of this value split at commas and line ends (`#` begins a comment), each with its line."""
        if not isinstance(self.value, str):
            return [(item.text().strip(), item.line) for item in self.items()]
        block = isinstance(self.value, LiteralScalarString | FoldedScalarString)
        first = self.line + 1 if block else self.line
        return [
            (part.strip(), first + number)
            for number, line in enumerate(self.value.split("\n"))
            for part in line.partition("#")[0].split(",")
            if part.strip()
        ]


def read_yaml(path: Path, shown: str) -> Node:
    """The content of a YAML file; `shown` is how messages name it.

    Raises:
        TaxonomyError: if it cannot be read, or is not YAML.
    """
    try:
        source = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TaxonomyError(
            shown, None, f"cannot read the file ({error.strerror})", "Check the path"
        ) from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise TaxonomyError(shown, line, "the file is not UTF-8", "Save it as UTF-8") from None
    try:
        value = YAML(typ="rt").load(source)
    except DuplicateKeyError as error:
        mark = error.problem_mark
        key = str(error.problem).split('"')[1] if '"' in str(error.problem) else "?"
        raise TaxonomyError(
            shown, mark.line + 1 if mark else None, f"the key {key!r} is given twice", "Join the two"
        ) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise TaxonomyError(
            shown,
            mark.line + 1 if mark else None,
            f"not YAML: {error.problem}",
            "Check indentation, colons and quotes; a text that holds `: ` or begins with * needs quotes",
        ) from None
    except (YAMLError, ValueError) as error:
        raise TaxonomyError(shown, None, f"not YAML: {error}", "Remove control characters") from None
    return Node(value, shown, 1, "")


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """A hint towards the names that may have been meant."""
    known = sorted(names)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f"Did you mean {near[0]!r}?"
    return "Known: " + ", ".join(known[:40]) if known else "None is defined"
