"""What stages log of single feeds and entries: a sentence, and its run, stage, feed and url as fields beside it.

`pipeline.cli.logs` writes the fields as keys of a JSON line. What points to a fault of tocsin or to a worker that
had to be replaced is a warning; what the open web does every day is told only where more is asked for (`-v`), as
the records tell all of it.
"""

import logging
from datetime import datetime

from schemas.dead_letters import DeadLetter, Reason, Stage
from schemas.entries import Entry
from schemas.outcomes import Carried, FetchedPage
from transforms.http.redaction import redact

FIELDS = ("run", "stage", "feed", "url")
"""Attributes of a log record that say what it is about."""

OURS = frozenset({Reason.INTERNAL, Reason.EXTRACTOR_CRASHED, Reason.EXTRACTOR_TIMEOUT})
"""Reasons that whoever runs tocsin should look at."""

_LOG = logging.getLogger(__name__)


def fields(
    *, run: str | None = None, stage: str | None = None, feed: str | None = None, url: str | None = None
) -> dict[str, str]:
    """What a line is about, as `extra` of a logging call; what is not known is left out."""
    given = {"run": run, "stage": stage, "feed": feed, "url": url}
    return {name: redact(value) for name, value in given.items() if value is not None}


def log_dead_letter(letter: DeadLetter, *, instead: str = "") -> None:
    """Tell of a failure; `instead` says what took the place of what could not be had."""
    level = logging.WARNING if letter.reason in OURS else logging.DEBUG
    if _LOG.isEnabledFor(level):
        about = fields(run=letter.run_id, stage=letter.stage, feed=letter.feed_url, url=letter.url)
        _LOG.log(
            level,
            "%s: %s: %s: %s%s",
            letter.stage,
            letter.url or letter.feed_url,
            letter.reason,
            letter.detail,
            instead,
            extra=about,
        )


def log_fetch(run_id: str, outcome: object) -> None:
    """Tell of a page that was fetched or put off; one that is missing, and a feed, are told of once they have their end."""
    if not _LOG.isEnabledFor(logging.DEBUG):
        return
    match outcome:
        case FetchedPage(entry=entry):
            said = f"status {outcome.status}, {len(outcome.body)} bytes"
        case Carried(entry=entry):
            said = f"put off{_until(entry.retry_at)}: {entry.reason}: {entry.detail}"
        case _:
            return
    about = fields(run=run_id, stage=Stage.FETCH_ARTICLES, feed=entry.feed_url, url=_url(entry))
    _LOG.debug("%s: %s: %s", Stage.FETCH_ARTICLES, about.get("url"), said, extra=about)


def _until(when: datetime | None) -> str:
    return f" until {when:%Y-%m-%d %H:%M}Z" if when else ""


def _url(entry: Entry) -> str | None:
    return entry.canonical_url or entry.url
