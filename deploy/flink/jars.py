#!/usr/bin/env python3
"""Fetch the jars of the Flink cluster with Maven, and hold each to its checksum.

    deploy/flink/jars.py FOLDER              fetch what is missing into FOLDER, and check all of it
    deploy/flink/jars.py FOLDER --record     write the checksums anew, after a change of pom.xml

Where Java or Maven is missing, or the jars can't be had, it says so in one sentence and leaves with 2.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
POM = HERE / "pom.xml"
CHECKSUMS = HERE / "jars.sha256"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies"


class JarsMissingError(Exception):
    """The jars can't be had; the message is one sentence."""


def main() -> None:
    """Fetch and check, or record."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--record", action="store_true")
    arguments = parser.parse_args()
    try:
        if arguments.record:
            fetch(arguments.folder)
            lines = [f"{digest}  {name}\n" for name, digest in sorted(digests(arguments.folder).items())]
            CHECKSUMS.write_text("".join(lines), encoding="ascii")
        else:
            require_jars(arguments.folder)
    except JarsMissingError as error:
        print(f"flink: {error}", file=sys.stderr)
        sys.exit(2)


def require_jars(folder: Path) -> None:
    """Fetch the jars into `folder` unless they are there, and check them.

    Raises:
        JarsMissingError: Java, Maven or a jar is missing, or a jar is not what was recorded.
    """
    require("java", "Java 17 or 11")
    recorded = recorded_digests()
    if folder.is_dir() and digests(folder) == recorded:
        return
    fetch(folder)
    found = digests(folder)
    wrong = sorted(name for name in found.keys() | recorded.keys() if found.get(name) != recorded.get(name))
    if wrong:
        raise JarsMissingError(f"these jars are not those that {CHECKSUMS.name} records: {', '.join(wrong)}")


def fetch(folder: Path) -> None:
    """Let Maven copy the jars, and nothing else, into `folder`."""
    require("mvn", "Maven")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = [
        "mvn", "--batch-mode", "--quiet", "--file", str(POM), COPY,
        f"-DoutputDirectory={folder.resolve()}", "-DincludeScope=runtime",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- a fixed command
    if done.returncode != 0:
        said = next((line for line in done.stdout.splitlines() if "ERROR" in line), "no reason given")
        raise JarsMissingError(f"Maven can't resolve {POM.name}: {said}")


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each jar by its name."""
    found = {}
    for path in folder.glob("*.jar"):
        with path.open("rb") as file:
            found[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def recorded_digests() -> dict[str, str]:
    """SHA-256 of each jar by its name, as recorded."""
    lines = CHECKSUMS.read_text(encoding="ascii").splitlines()
    return {name: digest for digest, name in (line.split(maxsplit=1) for line in lines)}


def require(program: str, name: str) -> None:
    """Raise JarsMissingError where a program is not on the path."""
    if shutil.which(program) is None:
        raise JarsMissingError(f"{name} is missing: install it, so that `{program}` is on the path")


if __name__ == "__main__":
    main()
