"""Schemas over time: columns and struct fields are added, and read as null from older files; types never change."""

import itertools
from collections.abc import Iterable, Iterator

import pyarrow as pa

from pipeline.lake import Lake, LakeError
from schemas.articles import Article
from schemas.columns import arrow_schema
from schemas.dead_letters import DeadLetter
from schemas.entries import Entry
from schemas.feed_fetches import FeedFetch
from schemas.feeds import FeedState, KnownKey
from schemas.forgotten import Forgotten
from schemas.manifest import LakeFile

RECORDS = {
    record.TABLE: record for record in (Article, DeadLetter, FeedFetch, FeedState, KnownKey, Entry, Forgotten)
}

_MANIFESTS_LOOKED_AT = 20

VERSIONS = {table: record.VERSION for table, record in RECORDS.items()}


def schema_of(table: str) -> pa.Schema:
    """The schema that this version of tocsin gives a table of the lake or of its state."""
    return arrow_schema(RECORDS[table])


def type_changes(found: Iterable[pa.Field], wanted: Iterable[pa.Field], path: str = "") -> Iterator[str]:
    """Each column, or field within one, that has another type than it should; both types are named."""
    present = {field.name: field for field in found}
    for field in wanted:
        name = f"{path}{field.name}"
        if field.name in present:
            yield from _changes(present[field.name].type, field.type, name)


def conformed(table: pa.Table, name: str, where: str) -> pa.Table:
    """A table in the schema of this version: columns and struct fields that it lacks are null.

    Args:
        table: what was read.
        name: which table of the lake it is of.
        where: the file, for the error.

    Raises:
        LakeError: a type has changed; both are named.
    """
    schema = schema_of(name)
    changes = list(type_changes(table.schema, schema))
    if changes:
        raise LakeError(
            f"{where}: {'; '.join(changes)}. A column's type never changes: a new column is added"
        )
    columns = [
        table[field.name].cast(field.type)
        if field.name in table.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def require_same_types(lake: Lake) -> None:
    """Refuse a lake whose newest files have other types than this version writes.

    Looks at the newest file of each table that the newest manifests name; `tocsin check` looks at all.

    Raises:
        LakeError: a type has changed; file, column and both types are named.
    """
    seen: set[str] = set()
    for manifest in itertools.islice(lake.manifests(), _MANIFESTS_LOOKED_AT):
        for file in (*manifest.files, *manifest.state):
            if file.table in RECORDS and file.table not in seen:
                seen.add(file.table)
                _require(lake, file)


def _require(lake: Lake, file: LakeFile) -> None:
    try:
        with lake.parquet(file) as parquet:
            found = parquet.schema_arrow
    except (OSError, pa.ArrowException):
        return  # damage is told by those who read the file, and by `tocsin check`
    conformed(found.empty_table(), file.table, file.path)


def _changes(found: pa.DataType, wanted: pa.DataType, name: str) -> Iterator[str]:
    if pa.types.is_list(found) and pa.types.is_list(wanted):
        yield from _changes(found.value_type, wanted.value_type, f"{name}[]")
    elif pa.types.is_struct(found) and pa.types.is_struct(wanted):
        yield from type_changes(list(found), list(wanted), f"{name}.")
    elif found != wanted:
        yield f"column {name} is {found} there and {wanted} in this tocsin"
