"""Read feed list: the feeds of a run from any filesystem that Beam knows, and what is wrong with the list."""

import dataclasses
from datetime import datetime
from pathlib import Path

from apache_beam.io.filesystems import FileSystems

from pipeline.options import UsageError
from schemas.dead_letters import DeadLetter, Level, Reason, Stage
from schemas.feeds import FeedSource
from transforms.feeds.listing import FeedList, ListProblem, parse_feed_list
from transforms.http.redaction import redact
from transforms.urls import article_id, canonical_url


def read_feed_list(path: str, *, strict: bool) -> FeedList:
    """The feeds that a list names, each with the name that tables may show.

    Raises:
        UsageError: the list can't be read, names no feed, or, with `strict`, has a bad line.
    """
    try:
        with FileSystems.open(str(Path(path).expanduser()) if path.startswith("~") else path) as file:
            data = file.read()
    except (OSError, ValueError) as error:
        raise UsageError(f"the feed list {redact(path)} can't be read: {error}") from error
    found = parse_feed_list(data, path)
    if strict and found.problems:
        raise UsageError(f"--strict: {_said(path, found.problems[0])}")
    if not found.sources:
        first = f": {_said(path, found.problems[0])}" if found.problems else ""
        raise UsageError(f"no feed can be asked{first}")
    return dataclasses.replace(found, sources=named(found.sources))


def named(sources: tuple[FeedSource, ...]) -> tuple[FeedSource, ...]:
    """The sources with `shown` set: the URL as written, or without its secrets.

    A name without secrets carries eight digits of the URL's hash, so that feeds which differ only in a secret
    keep their names and their state apart, whatever else the list names and in whichever order.
    """
    return tuple(dataclasses.replace(source, shown=_shown(source.url)) for source in sources)


def _shown(url: str) -> str:
    redacted = redact(url)
    return redacted if redacted == url else f"{redacted} #{article_id(canonical_url(url))[:8]}"


def letters_of_list(found: FeedList, path: str, run_id: str, now: datetime) -> tuple[DeadLetter, ...]:
    """One dead letter for each bad line, with its number."""
    return tuple(
        DeadLetter(
            stage=Stage.FEED_LIST,
            level=Level.FEED,
            reason=Reason.BAD_URL,
            url=redact(problem.text)[:2_000] or None,
            feed_url=redact(problem.text)[:2_000] or None,
            entry_id=None,
            host=None,
            detail=_said(path, problem),
            http_status=None,
            retryable=False,
            attempts=1,
            occurred_at=now,
            run_id=run_id,
        )
        for problem in found.problems
    )


def _said(path: str, problem: ListProblem) -> str:
    place = f"line {problem.line}" if problem.line else "a line"
    return f"{place} of {redact(path)}: {redact(problem.detail)}"
