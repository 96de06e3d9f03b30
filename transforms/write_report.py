"""Write report: the sum of a run's reports, as a file that the driver reads once the pipeline has ended."""

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import apache_beam as beam

from schemas.report import Report, StagedFile
from transforms.run_context import RunContext

REPORT_NAME = "report.json"


@dataclasses.dataclass(eq=False)
class WriteReport(beam.PTransform[Any, Any]):
    """One report -> a file in the run's staging. Repeating it writes the same file again."""

    context: RunContext

    def expand(self, report: Any) -> Any:
        """A report -> nothing."""
        return report | "Write the report file" >> beam.Map(write_report, self.context.staging)


def write_report(report: Report, staging: str) -> None:
    """Write the report so that the file is there whole or not at all."""
    folder = Path(staging)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    copy = folder / f".{REPORT_NAME}.{os.getpid()}"
    copy.write_text(json.dumps(dataclasses.asdict(report)), encoding="utf-8")
    copy.rename(folder / REPORT_NAME)


def read_report(staging: Path) -> Report:
    """The report that the pipeline left.

    Raises:
        OSError: there is none: the pipeline did not come to its end.
    """
    values = json.loads((staging / REPORT_NAME).read_text(encoding="utf-8"))
    return Report(values["counts"], tuple(StagedFile(**file) for file in values["files"]))
