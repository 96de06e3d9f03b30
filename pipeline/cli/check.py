"""`tocsin check`: verify a lake as fsck verifies a disk."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.check import check as find_problems
from pipeline.lake import Lake
from pipeline.lock import OutputLock

DAMAGED = 1


def check(out: Annotated[Path, typer.Argument(help="The folder that `tocsin run` wrote to.")]) -> None:
    """Verify files, checksums, schemas, balances and state; list what is wrong and leave with 1, else with 0."""
    lake = Lake(out.absolute())
    lake.require()
    try:
        with OutputLock(lake.lock_file, "check"):
            findings = find_problems(lake)
    except OSError:
        # A lake that can't be written to can't be changed by a run either.
        findings = find_problems(lake)
    for finding in findings:
        typer.echo(f"{finding.where}: {finding.problem}")
    if findings:
        typer.echo(f"{len(findings)} problems in {out}", err=True)
        raise typer.Exit(DAMAGED)
    typer.echo(f"{out} is sound: {len(lake.manifest_paths())} manifests")
