"""Forget an article, a URL or a host: erase what the lake and its state hold of it, and never fetch it again.

Erased are the rows of articles and dead letters whole (text, title, evidence and figures with them), entries
carried over, and their keys among the known ones and in the feeds' state; no older state is kept. What stays is
a salted hash, by which select new tells the entry, or any of the host, should a feed list it again: it then
counts as known. A feed that goes on listing it brings the entry's key, a plain hash of its URL, back into what
is remembered of that feed, and nothing else. Other articles that quote it, and articles elsewhere with the same
text, are not touched.
"""

import secrets
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.commit import nowhere, staged_key
from pipeline.lake import Lake
from pipeline.read_lake import committed_runs
from pipeline.rewrite import Rewriting, folder_of, rewrite, rewriting_of
from pipeline.state import State, load_state, write_state_file
from pipeline.storage.storage import At
from schemas.articles import Article
from schemas.columns import arrow_schema, rows_of, table_of
from schemas.dead_letters import DeadLetter, Level
from schemas.entries import Entry
from schemas.feeds import FeedState, KnownKey
from schemas.forgotten import Forgotten
from schemas.manifest import LakeFile
from transforms.forgotten import ENTRY, HOST, salted
from transforms.run_context import utc_now
from transforms.urls import BadUrl, canonical_url, host_of, url_key


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be forgotten: one of these. `url` may be an article's listed, final or declared one."""

    url: str | None = None
    article_id: str | None = None
    host: str | None = None


@dataclass(slots=True)
class Forgetting:
    """What was erased: rows by table, and entries carried over."""

    erased: Counter[str] = field(default_factory=Counter)
    pending: int = 0


def forget(
    lake: Lake, target: Target, *, clock: Callable[[], datetime] = utc_now, at: At = nowhere
) -> Forgetting:
    """Erase and remember by hash alone.

    Raises:
        ValueError: the target names nothing that can be looked for.
        LockHeldError: a run holds the output.
        LakeError: there is no lake, or it is damaged; nothing is changed.
        CommitError: the disk refused; nothing is changed.
        PublishInterruptedError: it was stopped while it published; the next command finishes it.
    """
    sought = _Sought.of(target)
    done = Forgetting()
    with rewriting_of(lake, clock) as (lock, run_id, started_at):
        state = load_state(lake)
        files = [file for run in committed_runs(lake) for file in run.files]
        for file in files:
            if file.table == Article.TABLE:
                sought.learn(lake.read_table(file, columns=_ARTICLE_COLUMNS))
            elif file.table == DeadLetter.TABLE:
                sought.learn_letters(lake.read_table(file, columns=["url", "host"]))
        for entry in state.pending:
            if sought.holds_url(entry.canonical_url, entry.url):
                sought.keys.add(entry.key)
        folders = sorted({folder_of(file) for file in files if _count(lake, file, sought, done.erased)})
        kept = tuple(entry for entry in state.pending if entry.key not in sought.keys)
        done.pending = len(state.pending) - len(kept)
        rewrite(
            lake,
            lock,
            Rewriting(
                command="forget",
                folders=tuple(folders),
                runs=frozenset(),
                change={
                    Article.TABLE: lambda rows: rows.filter(pc.invert(sought.articles(rows))),
                    DeadLetter.TABLE: lambda rows: rows.filter(pc.invert(sought.letters(rows))),
                },
                state=_state(lake, run_id, replace(state, pending=kept), sought, started_at),
                previous_state=(),
                pending=len(kept),
                erased=done.erased,
            ),
            run_id=run_id,
            started_at=started_at,
            clock=clock,
            states_kept=1,
            at=at,
        )
    return done


_ARTICLE_COLUMNS = ["article_id", "canonical_url", "url", "declared_canonical_url", "host"]


@dataclass(slots=True)
class _Sought:
    """What rows are of the target: by key, by URL in any of its spellings, or by host."""

    keys: set[bytes]
    urls: set[str]
    host: str | None

    @classmethod
    def of(cls, target: Target) -> "_Sought":
        try:
            if target.article_id is not None:
                key = bytes.fromhex(target.article_id)
                if len(key) != 16:
                    raise ValueError(f"{target.article_id} is no article_id: it has 32 hex digits")
                return cls({key}, set(), None)
            if target.url is not None:
                canonical = canonical_url(target.url)
                return cls({url_key(canonical)}, {target.url, canonical}, None)
            if target.host is not None:
                return cls(set(), set(), host_of(canonical_url(f"https://{target.host}/")))
        except BadUrl as error:
            raise ValueError(f"{target.url or target.host}: {error}") from error
        raise ValueError("name what to forget: --url, --article-id or --host")

    def learn(self, rows: pa.Table) -> None:
        """Take in the keys of articles that are of the target."""
        ids = rows["article_id"].filter(self.articles(rows)).to_pylist()
        self.keys.update(bytes.fromhex(article_id) for article_id in ids)

    def learn_letters(self, rows: pa.Table) -> None:
        """Take in the keys of entries that ended as dead letters and are of the target."""
        for url in rows["url"].filter(self.letters(rows)).to_pylist():
            with suppress(BadUrl):
                self.keys.add(url_key(canonical_url(url or "")))

    def articles(self, rows: pa.Table) -> pa.ChunkedArray:
        """Which rows of articles are of the target."""
        found = _among(rows["article_id"], {key.hex() for key in self.keys})
        for name in ("canonical_url", "url", "declared_canonical_url"):
            found = pc.or_(found, _among(rows[name], self.urls))
        return pc.or_(found, _among(rows["host"], {self.host} if self.host else set()))

    def letters(self, rows: pa.Table) -> pa.ChunkedArray:
        """Which rows of dead letters are of the target."""
        return pa.chunked_array(
            [
                [
                    self.holds_url(url, host=host)
                    for url, host in zip(*_lists(rows, "url", "host"), strict=True)
                ]
            ],
            type=pa.bool_(),
        )

    def holds_url(self, *urls: str | None, host: str | None = None) -> bool:
        """Whether one of these URLs, or the host, is of the target."""
        return any(url is not None and self._holds(url) for url in urls) or (
            host is not None and host == self.host
        )

    def _holds(self, url: str) -> bool:
        try:
            canonical = canonical_url(url)
        except BadUrl:
            return url in self.urls
        return (
            canonical in self.urls
            or url_key(canonical) in self.keys
            or (self.host is not None and host_of(canonical) == self.host)
        )


def _count(lake: Lake, file: LakeFile, sought: _Sought, erased: Counter[str]) -> bool:
    """Count the rows of a file that go; whether there is any."""
    if file.table == Article.TABLE:
        found = sought.articles(lake.read_table(file, columns=_ARTICLE_COLUMNS))
        count = pc.sum(found).as_py() or 0
        erased[Article.TABLE] += count
        return count > 0
    if file.table == DeadLetter.TABLE:
        rows = lake.read_table(file, columns=["url", "host", "level"])
        levels = rows["level"].filter(sought.letters(rows)).to_pylist()
        erased[DeadLetter.TABLE] += levels.count(Level.ENTRY)
        erased["feed_dead_letters"] += levels.count(Level.FEED)
        return bool(levels)
    return False


def _state(lake: Lake, run_id: str, state: State, sought: _Sought, now: datetime) -> tuple[LakeFile, ...]:
    """The whole state anew, without the target, and with its hashes."""
    folder = staged_key(run_id, f"state/{run_id}")
    keys = pa.array(sorted(sought.keys), type=pa.binary(16))
    feeds = [
        replace(feed, entry_keys=tuple(key for key in feed.entry_keys if key not in sought.keys))
        for feed in state.feeds.values()
    ]
    known, forgotten = arrow_schema(KnownKey).empty_table(), list[Forgotten]()
    for file in state.known_files:
        if file.table == Forgotten.TABLE:
            forgotten += rows_of(Forgotten, lake.read_table(file))
        else:
            delta = lake.read_table(file, schema=arrow_schema(KnownKey))
            known = pa.concat_tables([known, delta.filter(pc.invert(pc.is_in(delta["key"], value_set=keys)))])
    salt = forgotten[0].salt if forgotten else secrets.token_bytes(16)
    forgotten += [Forgotten(ENTRY, salted(salt, key), salt, now) for key in sorted(sought.keys)]
    if sought.host is not None:
        forgotten.append(Forgotten(HOST, salted(salt, sought.host.encode()), salt, now))
    return (
        write_state_file(lake, folder, run_id, FeedState, table_of(FeedState, feeds)),
        write_state_file(lake, folder, run_id, Entry, table_of(Entry, state.pending)),
        write_state_file(lake, folder, run_id, KnownKey, known.sort_by("key")),
        write_state_file(lake, folder, run_id, Forgotten, table_of(Forgotten, forgotten)),
    )


def _among(column: pa.ChunkedArray, values: set[str]) -> pa.ChunkedArray:
    return pc.is_in(column, value_set=pa.array(sorted(values), type=pa.string()))


def _lists(rows: pa.Table, *names: str) -> list[list[str | None]]:
    return [rows[name].to_pylist() for name in names]
