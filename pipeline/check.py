"""Check a lake as fsck checks a disk: every promise that can be verified from its files, nothing changed.

Manifests: readable, each run's entries and feeds balance. Files: there, readable, with the rows, bytes, sha256
and schema that their manifest or this version says; none outside a manifest. Rows: no article_id twice, of the
manifest's own runs, as many as the balance says. State: whole, of known versions, knows every article of the
days it remembers, carries over what the newest commit says and nothing that has ended. Rows that `forget` has
erased, texts that have expired, and manifests that stand for others are told in the manifests, and are no damage.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.lake import PUBLISHED_TABLES, Lake, LakeError, damage_of, read_manifest
from pipeline.rewrite import erased, runs_told
from pipeline.schema_evolution import RECORDS, schema_of, type_changes
from pipeline.state import DAYS_KNOWN
from schemas.articles import Article
from schemas.dead_letters import DeadLetter, Level
from schemas.entries import Entry
from schemas.feed_fetches import FeedFetch, FeedOutcome
from schemas.feeds import FeedState, KnownKey
from schemas.manifest import LakeFile, Manifest
from schemas.report import Balance


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be: `where` is a path below the output, or a run."""

    where: str
    problem: str


def check(lake: Lake) -> list[Finding]:
    """Everything that is wrong with a lake, in the order it was found. The caller holds the lock.

    Raises:
        LakeError: there is no lake.
    """
    lake.require()
    manifests, findings = _manifests(lake)
    findings += [finding for manifest in manifests for finding in _balances(manifest)]
    sound: list[tuple[Manifest, LakeFile]] = []
    for manifest in manifests:
        for file in manifest.files:
            problems = list(_file_problems(lake, file))
            findings += problems
            if not problems:
                sound.append((manifest, file))
    findings += _strays(lake, manifests)
    findings += _rows(lake, manifests, sound)
    if manifests:
        findings += _state(lake, manifests, [file for _, file in sound])
    return findings


def _manifests(lake: Lake) -> tuple[list[Manifest], list[Finding]]:
    """The manifests that stand, oldest first, and those that can't be read."""
    read, findings = [], []
    for key in lake.manifest_keys():
        try:
            read.append(read_manifest(lake, key))
        except LakeError as error:
            findings.append(Finding(key, str(error)))
    replaced = {run_id for manifest in read for run_id in manifest.replaces}
    findings += [
        Finding(f"staging/{run_id}", "was stopped while it published; the next run finishes it")
        for run_id in lake.storage.intents()
    ]
    return [manifest for manifest in read if manifest.run_id not in replaced], findings


def _balances(manifest: Manifest) -> Iterator[Finding]:
    for told in runs_told(manifest):
        balance = Balance(**told["balance"])
        if not balance.holds:
            yield Finding(f"run {told['run_id']}", f"its entries do not balance: {balance}")
        feeds: Mapping[str, Any] = told["feeds"]
        if feeds and feeds["listed"] != sum(feeds[outcome] for outcome in FeedOutcome):
            yield Finding(f"run {told['run_id']}", f"its feeds do not balance: {dict(feeds)}")


def _file_problems(lake: Lake, file: LakeFile) -> Iterator[Finding]:
    size = lake.storage.size(file.path)
    if size is None:
        yield Finding(file.path, "is missing")
        return
    if size != file.bytes:
        yield Finding(file.path, f"has {size} bytes, its manifest says {file.bytes}")
    elif damage_of(lake, file):
        yield Finding(file.path, "its sha256 is not its manifest's")
    try:
        with lake.parquet(file) as parquet:
            found = parquet.schema_arrow
            rows = sum(batch.num_rows for batch in parquet.iter_batches())
    except (OSError, pa.ArrowException) as error:
        yield Finding(file.path, f"can't be read: {error}")
        return
    if rows != file.rows:
        yield Finding(file.path, f"has {rows} rows, its manifest says {file.rows}")
    if file.table in RECORDS:
        schema = schema_of(file.table)
        yield from (Finding(file.path, change) for change in type_changes(found, schema))
        if not set(found.names) & set(schema.names):
            yield Finding(file.path, f"has none of the columns of {file.table}")


def _strays(lake: Lake, manifests: list[Manifest]) -> Iterator[Finding]:
    named = {file.path for manifest in manifests for file in manifest.files}
    for _, state in lake.states() if all(_readable(lake)) else ():
        named |= {file.path for file in state}
    if lake.storage.intents():
        return  # what a commit under way has published already is no stray, and is told of above
    manifest_keys = set(lake.manifest_keys())
    for top in (*PUBLISHED_TABLES, "state", "runs"):
        for key in lake.storage.files(top):
            if key not in named and key not in manifest_keys:
                yield Finding(key, "no manifest names it")


def _readable(lake: Lake) -> Iterator[bool]:
    for key in lake.manifest_keys():
        try:
            read_manifest(lake, key)
        except LakeError:
            yield False
        else:
            yield True


def _rows(lake: Lake, manifests: list[Manifest], sound: list[tuple[Manifest, LakeFile]]) -> Iterator[Finding]:
    seen: Counter[str] = Counter()
    counts: dict[str, Counter[str]] = {manifest.run_id: Counter() for manifest in manifests}
    for manifest, file in sound:
        names = ["run_id", *{Article.TABLE: ["article_id"], DeadLetter.TABLE: ["level"]}.get(file.table, [])]
        rows = lake.read_table(file, columns=names)
        strange = set(rows["run_id"].unique().to_pylist()) - {manifest.run_id, *manifest.replaces}
        if strange:
            yield Finding(file.path, f"holds rows of runs that are not its manifest's: {sorted(strange)}")
        if file.table == Article.TABLE:
            seen.update(rows["article_id"].to_pylist())
        if file.table == DeadLetter.TABLE:
            counts[manifest.run_id][file.table] += rows["level"].to_pylist().count(Level.ENTRY)
        else:
            counts[manifest.run_id][file.table] += rows.num_rows
    for article_id, times in seen.items():
        if times > 1:
            yield Finding(f"article {article_id}", f"stands {times} times")
    unsound = {
        manifest.run_id for manifest in manifests for file in manifest.files if (manifest, file) not in sound
    }
    for manifest in manifests:
        if manifest.run_id not in unsound:
            yield from _counts(manifest, counts[manifest.run_id])


def _counts(manifest: Manifest, counts: Counter[str]) -> Iterator[Finding]:
    gone = erased(manifest)
    for table, told in (
        (Article.TABLE, manifest.balance.articles - gone.get(Article.TABLE, 0)),
        (DeadLetter.TABLE, manifest.balance.dead_letters - gone.get(DeadLetter.TABLE, 0)),
        (FeedFetch.TABLE, manifest.feeds.get("listed", 0)),
    ):
        if counts[table] != told:
            yield Finding(
                f"run {manifest.run_id}", f"has {counts[table]} rows of {table}, its balance says {told}"
            )


def _state(lake: Lake, manifests: list[Manifest], files: list[LakeFile]) -> Iterator[Finding]:
    newest = manifests[-1]
    problems = [problem for file in newest.state for problem in _file_problems(lake, file)]
    if all(_readable(lake)):
        problems += _older_state_problems(lake, newest)
    yield from problems
    for table, version in newest.schema_versions.items():
        if table in RECORDS and version > RECORDS[table].VERSION:
            yield Finding(
                f"run {newest.run_id}", f"wrote {table} version {version}, newer than this tocsin knows"
            )
    if not problems:
        yield from _agreement(lake, newest, files)


def _older_state_problems(lake: Lake, newest: Manifest) -> Iterator[Finding]:
    """What is wrong with the state to go back to: the newest older one that has not been removed."""
    for _, state in lake.states():
        own = [file for file in state if file not in newest.state]
        if any(lake.storage.size(file.path) is not None for file in own):
            for file in own:
                yield from _file_problems(lake, file)
            return


def _agreement(lake: Lake, newest: Manifest, files: list[LakeFile]) -> Iterator[Finding]:
    def column(table: str, name: str) -> pa.ChunkedArray:
        parts = [lake.read_table(file, columns=[name])[name] for file in newest.state if file.table == table]
        return pa.chunked_array(
            [chunk for part in parts for chunk in part.chunks], schema_of(table).field(name).type
        )

    where = f"state of run {newest.run_id}"
    pending = column(Entry.TABLE, "key")
    told = newest.options.get("pending", newest.balance.carried_out)
    if len(pending) != told:
        yield Finding(where, f"carries over {len(pending)} entries, its manifest says {told}")
    known = column(KnownKey.TABLE, "key")
    both = pc.sum(pc.is_in(pending, value_set=known.combine_chunks())).as_py() or 0
    if both:
        yield Finding(where, f"carries over {both} entries that have had their outcome")
    since = datetime.fromisoformat(newest.committed_at) - timedelta(days=DAYS_KNOWN)
    polled: set[str] = set()
    for file in files:
        if file.table == Article.TABLE:
            rows = lake.read_table(file, columns=["article_id", "fetched_at"])
            recent = rows.filter(pc.greater(rows["fetched_at"], pa.scalar(since)))["article_id"]
            keys = pa.array([bytes.fromhex(text) for text in recent.to_pylist()], pa.binary(16))
            unknown = len(keys) - (pc.sum(pc.is_in(keys, value_set=known.combine_chunks())).as_py() or 0)
            if unknown:
                yield Finding(where, f"does not know {unknown} articles of {file.path}")
        elif file.table == FeedFetch.TABLE:
            rows = lake.read_table(file, columns=["feed_url", "outcome"])
            polled |= {row["feed_url"] for row in rows.to_pylist() if row["outcome"] != FeedOutcome.SKIPPED}
    if missing := polled - set(column(FeedState.TABLE, "feed_url").to_pylist()):
        yield Finding(where, f"does not know {len(missing)} feeds that were polled, for one {min(missing)}")
