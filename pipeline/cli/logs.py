"""Logs on standard error: plain lines, or one JSON object a line."""

import json
import logging
import sys
from datetime import UTC, datetime

from transforms.http.redaction import redact
from transforms.stage_log import FIELDS

_OWN = ("pipeline", "transforms")


class JsonLines(logging.Formatter):
    """Each record as a JSON object: time, level, logger, message; run, stage, feed, url and error where there are any."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        line |= {name: redact(str(getattr(record, name))) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["error"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


class PlainLines(logging.Formatter):
    """Level and message; secrets of URLs are taken out of whatever a library logs."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of text."""
        return redact(super().format(record))


def say_last(message: str) -> None:
    """The sentence that a command ends with, on standard error: a log line where logs are JSON."""
    if any(isinstance(handler.formatter, JsonLines) for handler in logging.getLogger().handlers):
        logging.getLogger("pipeline").error(message)
    else:
        sys.stderr.write(f"tocsin: {redact(message)}\n")


def set_up_logs(*, verbose: bool, as_json: bool) -> None:
    """Send logs to standard error; libraries speak up only from warnings on."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if as_json else PlainLines("tocsin: %(levelname)s: %(message)s"))
    # Prism's lines, and those of its workers, are given their level only after the loggers have passed them on.
    handler.addFilter(
        lambda record: verbose or record.levelno >= logging.WARNING or record.name.startswith(_OWN)
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for own in _OWN:
        logging.getLogger(own).setLevel(logging.DEBUG if verbose else logging.INFO)
    # What a stage raised is told once, in a sentence; Beam would print its whole way up.
    logging.getLogger("apache_beam").setLevel(logging.INFO if verbose else logging.CRITICAL)
