"""Extract text: pages to articles, in the pool of processes; the feed's own text where a page has none.

The worker that extracts a page looks for its topics too.
"""

import dataclasses
import errno
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from datetime import datetime
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from schemas.articles import Article
from schemas.dead_letters import Reason, Stage
from schemas.entries import Entry
from schemas.extraction import Extraction, Refusal
from schemas.outcomes import Carried, Ended, FetchedPage, PageMissing
from transforms.article import article_of
from transforms.entry_failures import dead_letter, put_off
from transforms.extraction.feed_text import extract_from_feed
from transforms.intake import work_given_up
from transforms.metrics import took
from transforms.run_context import RunContext, utc_now
from transforms.stage_log import log_dead_letter
from transforms.workers.pool import WorkerCrashedError, WorkerTimeoutError, result_of, shared_pool
from transforms.workers.tasks import PageRead, read_page
from transforms.workers.window import TaskWindow

PAGE_DEADLINE = 30.0
"""Seconds of a worker that one page may take; the slowest honest page of those measured took under two."""

PAGES_PER_WORKER = 4
"""Pages under way for each worker, so that no worker waits for the next and few pages are held."""

MACHINE_IN_TROUBLE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOENT}
)
"""What no page can be blamed for: the run fails, and the next one does all of it. No extractor writes files, but the
language model is unpacked into a temporary one (ENOENT: no folder for such files has room)."""

NO_STAND_IN: frozenset[str] = frozenset(
    {
        Reason.BAD_URL,
        Reason.PRIVATE_ADDRESS,
        Reason.BAD_REDIRECT,
        Reason.REDIRECT_LOOP,
        Reason.TLS,
        Reason.ROBOTS,
        Reason.INTERNAL,
    }
)
"""Reasons that say something is wrong with the link itself, or forbid it: the feed's text must not hide them."""


@dataclasses.dataclass(eq=False)
class ExtractText(beam.PTransform[Any, Any]):
    """FetchedPage, PageMissing, Ended, Carried -> Ended, Carried. Only pages are worked on."""

    context: RunContext
    clock: Callable[[], datetime] = utc_now

    def expand(self, fetched: Any) -> Any:
        """What was fetched -> outcomes."""
        return fetched | "Extract pages" >> beam.ParDo(self.stage())

    def stage(self) -> beam.DoFn:
        """What does it, also for a graph that gives it batches of its own."""
        return _ExtractPages(self.context, self.clock)


@dataclasses.dataclass(eq=False)
class TakeFeedText(beam.PTransform[Any, Any]):
    """Entry, Ended, Carried -> Ended, Carried, without fetching: the text is the feed's own."""

    context: RunContext
    clock: Callable[[], datetime] = utc_now

    def expand(self, chosen: Any) -> Any:
        """Chosen entries -> outcomes."""
        return chosen | "Take the feed's text" >> beam.Map(self.outcome_of)

    def outcome_of(self, chosen: Entry | Ended | Carried) -> Ended | Carried:
        """One entry's outcome; what has one already passes."""
        return _with_feed_text(chosen, self.context, self.clock)


def stand_in(missing: PageMissing, now: datetime, run_id: str) -> Ended:
    """The feed's own text in place of a page that could not be had, or the dead letter where it has none."""
    if missing.letter.reason not in NO_STAND_IN:
        from_feed = extract_from_feed(missing.entry, now=now)
        if isinstance(from_feed, Extraction):
            article = article_of(
                missing.entry, from_feed, url=None, robots=missing.robots, fetched_at=now, run_id=run_id
            )
            log_dead_letter(missing.letter, instead="; the feed's own text is taken instead")
            return Ended(missing.entry, article)
    return Ended(missing.entry, missing.letter)


class _ExtractPages(beam.DoFn):
    def __init__(self, context: RunContext, clock: Callable[[], datetime]) -> None:
        self._context = context
        self._clock = clock
        self._window: TaskWindow[FetchedPage, PageRead] | None = None

    def start_bundle(self) -> None:
        self._window = TaskWindow(self._context.workers * PAGES_PER_WORKER, work_given_up)

    def process(self, fetched: FetchedPage | PageMissing | Ended | Carried) -> Iterator[Ended | Carried]:
        assert self._window is not None  # noqa: S101 -- Beam starts a bundle before it processes one
        if isinstance(fetched, FetchedPage):
            pool = shared_pool(self._context.workers)
            future = pool.submit(
                PAGE_DEADLINE,
                read_page,
                fetched,
                self._context.run_id,
                self._context.taxonomy_path,
                self._context.taxonomy_version,
            )
            # The body has gone to the worker: what waits here is the entry alone.
            waiting = dataclasses.replace(fetched, body=b"")
            for page, done in self._window.add(waiting, future):
                yield self._outcome(page, done)
        elif isinstance(fetched, PageMissing):
            yield stand_in(fetched, self._clock(), self._context.run_id)
        else:
            yield fetched

    def finish_bundle(self) -> Iterator[WindowedValue]:
        assert self._window is not None  # noqa: S101 -- as above
        for page, done in self._window.drain():
            yield GlobalWindows.windowed_value_at_end_of_window(self._outcome(page, done))

    def _outcome(self, page: FetchedPage, done: "Future[PageRead]") -> Ended | Carried:
        stage = Stage.EXTRACT_TEXT
        try:
            read = result_of(done)
        except CancelledError:
            return put_off(page.entry, "the run was ending before the page had been extracted", self._clock())
        except WorkerTimeoutError:
            refusal = Refusal(Reason.EXTRACTOR_TIMEOUT, f"extraction took over {PAGE_DEADLINE:.0f} seconds")
        except WorkerCrashedError as error:
            refusal = Refusal(Reason.EXTRACTOR_CRASHED, str(error))
        except MemoryError:
            refusal = Refusal(
                Reason.EXTRACTOR_CRASHED, "extraction needed more memory than a worker may take"
            )
        except Exception as error:
            if isinstance(error, OSError) and error.errno in MACHINE_IN_TROUBLE:
                raise
            refusal = Refusal(Reason.EXTRACTOR_CRASHED, f"{type(error).__name__}: {error}"[:500])
        else:
            took(Stage.EXTRACT_TEXT, read.extract_seconds)
            if read.stage is Stage.DETECT_TOPICS:
                took(Stage.DETECT_TOPICS, read.detect_seconds)
            if isinstance(read.outcome, Article):
                return Ended(page.entry, read.outcome)
            refusal, stage = read.outcome, read.stage
        letter = dead_letter(
            dataclasses.replace(page.entry, attempts=page.entry.attempts + 1),
            self._context,
            self._clock(),
            stage=stage,
            reason=refusal.reason,
            detail=refusal.detail,
            http_status=page.status,
        )
        return stand_in(PageMissing(page.entry, letter, page.robots), self._clock(), self._context.run_id)


def _with_feed_text(
    chosen: Entry | Ended | Carried, context: RunContext, clock: Callable[[], datetime]
) -> Ended | Carried:
    if not isinstance(chosen, Entry):
        return chosen
    now = clock()
    from_feed = extract_from_feed(chosen, now=now)
    if isinstance(from_feed, Extraction):
        article = article_of(
            chosen, from_feed, url=None, robots="exempt", fetched_at=now, run_id=context.run_id
        )
        return Ended(chosen, article)
    letter = dead_letter(
        dataclasses.replace(chosen, attempts=chosen.attempts + 1),
        context,
        now,
        stage=Stage.EXTRACT_TEXT,
        reason=from_feed.reason,
        detail=from_feed.detail,
    )
    return Ended(chosen, letter)
