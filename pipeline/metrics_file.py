"""The counts of a run as Prometheus text, for a node exporter's folder of text files."""

import os
from pathlib import Path

from pipeline.batch import RunResult
from pipeline.options import UsageError


def require_writable(path: Path) -> None:
    """See that the file can be written, before a run begins.

    Raises:
        UsageError: it can't.
    """
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise UsageError(
            f"--metrics-file {path} can't be written: name a file in a folder that is there and yours"
        )


def write_metrics(path: Path, result: RunResult) -> None:
    """Write the file so that a scraper sees it whole.

    Raises:
        OSError: it can't be written.
    """
    copy = path.with_name(f".{path.name}.tmp")
    copy.write_text(prometheus_text(result), encoding="utf-8")
    copy.rename(path)


def prometheus_text(result: RunResult) -> str:
    """The report's counts in the text format of Prometheus (exposition format 0.0.4)."""
    lines = []
    groups = {
        "tocsin_entries": ("outcome", result.report.group("balance")),
        "tocsin_feeds": ("outcome", result.report.group("feeds")),
        "tocsin_dead_letters": ("reason", result.report.group("dead")),
        "tocsin_carried": ("reason", result.report.group("carried")),
        "tocsin_topics": ("topic", result.report.group("topic")),
        "tocsin_stage_seconds": ("stage", result.stage_seconds),
    }
    for name, (label, counts) in groups.items():
        if counts:
            lines.append(f"# TYPE {name} gauge")
        lines += [f'{name}{{{label}="{_escaped(value)}"}} {number:g}' for value, number in counts.items()]
    lines += ["# TYPE tocsin_run_seconds gauge", f"tocsin_run_seconds {result.seconds:g}"]
    return "\n".join(lines) + "\n"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
