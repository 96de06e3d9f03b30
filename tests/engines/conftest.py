"""The engines that the matrix runs on: in process, Prism, and a Flink cluster of this machine."""

import contextlib
import os
import subprocess
import sys

import pytest

ENGINES = {"prism": "TOCSIN_PRISM", "flink": "TOCSIN_FLINK_JARS"}
"""What names each engine's program; `make prism-test` and `make flink-test` fetch or build it and set this."""


def _named(engine):
    """What the environment names for an engine, or a skip that says how to run it."""
    place = os.environ.get(ENGINES[engine])
    if place is None:
        pytest.skip(f"{ENGINES[engine]} is not set: `make {engine}-test` sets it")
    return place


@pytest.fixture(scope="session")
def prism():
    return ("PrismRunner", (f"--prism_location={_named('prism')}",))


@pytest.fixture(scope="session")
def flink_cluster(project_root, tmp_path_factory):
    """The folder of a cluster that runs for the session."""
    _named("flink")
    with _cluster(project_root, tmp_path_factory.mktemp("flink")) as folder:
        yield folder


@pytest.fixture
def own_flink_cluster(project_root, tmp_path):
    """The folder of a cluster that one test may do to what it likes."""
    _named("flink")
    with _cluster(project_root, tmp_path / "flink") as folder:
        yield folder


@pytest.fixture(scope="session")
def flink(project_root, flink_cluster):
    return "FlinkRunner", flink_flags(project_root, flink_cluster)


def flink_flags(project_root, folder):
    """Beam's options for a job on the cluster that was started from a folder, without the runner's name."""
    script = [sys.executable, project_root / "deploy" / "flink" / "cluster.py", "options", folder]
    flags = subprocess.run(script, check=True, capture_output=True, text=True).stdout.split()
    return tuple(flag for flag in flags if not flag.startswith("--runner="))


@pytest.fixture
def flags_of(project_root):
    return lambda folder: flink_flags(project_root, folder)


@contextlib.contextmanager
def _cluster(project_root, folder):
    """A cluster whose processes are ended by their ids."""
    script = [sys.executable, project_root / "deploy" / "flink" / "cluster.py"]
    subprocess.run([*script, "start", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*script, "stop", folder], check=True)
