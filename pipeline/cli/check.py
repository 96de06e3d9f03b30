"""`tocsin check`: verify a lake as fsck verifies a disk."""

import typer

from pipeline.check import check as find_problems
from pipeline.cli.lake_argument import BeamOptions, LakePlace, lake_at
from pipeline.storage.storage import LockUnavailableError

DAMAGED = 1


def check(out: LakePlace, beam: BeamOptions = None) -> None:
    """Verify files, checksums, schemas, balances and state; list what is wrong and leave with 1, else with 0."""
    lake = lake_at(out, beam)
    lake.require()
    try:
        with lake.storage.lock("check"):
            findings = find_problems(lake)
    except LockUnavailableError:
        # A lake that can't be written to can't be changed by a run either.
        findings = find_problems(lake)
    for finding in findings:
        typer.echo(f"{finding.where}: {finding.problem}")
    if findings:
        typer.echo(f"{len(findings)} problems in {out}", err=True)
        raise typer.Exit(DAMAGED)
    typer.echo(f"{out} is sound: {len(lake.manifest_keys())} manifests")
