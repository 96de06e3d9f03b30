"""The engines that the matrix runs on: in process, Prism, and a Flink cluster of this machine."""

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
    """The folder of a cluster that runs for the session; its processes are ended by their ids."""
    _named("flink")
    folder = tmp_path_factory.mktemp("flink")
    script = [sys.executable, project_root / "deploy" / "flink" / "cluster.py"]
    subprocess.run([*script, "start", folder], check=True)
    yield folder
    subprocess.run([*script, "stop", folder], check=True)


@pytest.fixture(scope="session")
def flink(project_root, flink_cluster):
    script = [sys.executable, project_root / "deploy" / "flink" / "cluster.py", "options", flink_cluster]
    flags = subprocess.run(script, check=True, capture_output=True, text=True).stdout.split()
    return "FlinkRunner", tuple(flag for flag in flags if not flag.startswith("--runner="))
