"""The import contract: schemas <- transforms <- pipeline, and what each package must not touch."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

FORBIDDEN = {
    "schemas": {"transforms", "pipeline", "apache_beam", "os", "time", "socket", "aiohttp"},
    "transforms": {"pipeline", "argparse", "typer", "rich"},
    "pipeline": set(),
}


def _imported(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative imports hide where a thing comes from"
            yield node.lineno, (node.module or "").partition(".")[0]


@pytest.mark.parametrize("package", FORBIDDEN)
def test_imports_flow_one_way(package, project_root):
    """schemas import neither of the others, transforms never pipeline, and nobody the tests."""
    found = [
        f"{path.relative_to(project_root)}:{line} imports {name}"
        for path in sorted((project_root / package).rglob("*.py"))
        for line, name in _imported(path)
        if name in FORBIDDEN[package] | {"tests"}
    ]
    assert found == []


def test_transforms_read_no_argv_and_no_environment(project_root):
    """A stage's behaviour follows from its arguments alone."""
    found = [
        f"{path.relative_to(project_root)}:{node.lineno}"
        for path in sorted((project_root / "transforms").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in {"argv", "environ", "getenv"}
    ]
    assert found == []
