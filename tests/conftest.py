"""Fixtures that every part of the suite may use."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def project_root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def eval_data() -> Path:
    """The folder of evaluation data; skips where it is absent, and fails instead where CI must not skip."""
    folder = Path(os.environ.get("TOCSIN_EVAL_DATA", ROOT.parent / "shared" / "eval"))
    if folder.is_dir():
        return folder
    message = "no evaluation data: set TOCSIN_EVAL_DATA to its folder"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
