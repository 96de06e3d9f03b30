"""What the repository promises of itself: its layout, its locks, and what no file may hold."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

TEXT = {".py", ".md", ".yaml", ".yml", ".toml", ".lock", ".json", ".html", ".css", ".in", ".sh", ""}
REGISTRY_HOSTS = re.compile(r"py" r"pi\.org|python" r"hosted|registry\.npm" r"js|repo1?\.mav" r"en")


def _files(root):
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout: the files of the repository can't be told from others")
    return [root / name for name in listed.stdout.splitlines() if (root / name).is_file()]


def test_locks_carry_hashes_and_name_no_index(project_root):
    """Whoever installs gets the files that were tested, from whichever index they use."""
    for name in ("requirements.lock", "requirements-dev.lock", "requirements-bench.lock"):
        text = (project_root / name).read_text()
        pins = re.findall(r"^[a-z0-9].*==", text, re.MULTILINE)
        assert len(pins) > 50
        for block in re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]:
            assert "--hash=sha256:" in block, block.splitlines()[0]
        assert "://" not in text
        assert "--index" not in text


def test_the_dev_lock_holds_the_runtime_lock(project_root):
    """A machine that tests runs with the versions that users get."""

    def pins(name):
        return set(re.findall(r"^[A-Za-z0-9._-]+==[^ \\]+", (project_root / name).read_text(), re.MULTILINE))

    assert pins("requirements.lock") <= pins("requirements-dev.lock") <= pins("requirements-bench.lock")


def test_no_file_names_a_registry_host(project_root):
    """A package registry is the user's choice."""
    found = [
        str(path.relative_to(project_root))
        for path in _files(project_root)
        if path.suffix in TEXT and REGISTRY_HOSTS.search(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


def test_modules_stay_rooms_of_one_purpose(project_root):
    """No module of the three packages grows past what a reader holds in mind."""
    long = {
        str(path.relative_to(project_root)): lines
        for package in ("schemas", "transforms", "pipeline")
        for path in (project_root / package).rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}


def test_every_import_is_a_declared_dependency(project_root):
    """What the packages import is what pyproject.toml asks for, not what happens to come with something else."""
    with (project_root / "pyproject.toml").open("rb") as file:
        wanted = tomllib.load(file)["project"]["dependencies"]
    declared = {
        re.split(r"[^A-Za-z0-9._-]", text)[0].lower().replace("_", "-").replace(".", "-") for text in wanted
    }
    distributions = packages_distributions()
    missing = set()
    for package in ("schemas", "transforms", "pipeline"):
        for path in (project_root / package).rglob("*.py"):
            for name in _third_party(path):
                owners = {
                    owner.lower().replace("_", "-").replace(".", "-") for owner in distributions.get(name, ())
                }
                if not owners & declared:
                    missing.add((name, str(path.relative_to(project_root))))
    assert missing == set()


def _third_party(path):
    own = {"schemas", "transforms", "pipeline", "compression", *sys.stdlib_module_names}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from {alias.name.partition(".")[0] for alias in node.names} - own
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from {node.module.partition(".")[0]} - own
