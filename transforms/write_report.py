"""Write report: the sum of a run's reports, as a file that the driver reads once the pipeline has ended."""

import dataclasses
import json
from typing import Any

import apache_beam as beam

from schemas.report import Report, StagedFile
from transforms.files import open_file, under, write_whole
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
    write_whole(under(staging, REPORT_NAME), json.dumps(dataclasses.asdict(report)).encode())


def read_report(staging: str) -> Report:
    """The report that the pipeline left.

    Raises:
        OSError: there is none: the pipeline did not come to its end.
    """
    with open_file(under(staging, REPORT_NAME)) as file:
        values = json.load(file)
    return Report(values["counts"], tuple(StagedFile(**file) for file in values["files"]))
