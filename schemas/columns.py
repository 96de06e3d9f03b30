"""Column types, and the Arrow schema that follows from a record's dataclass.

A record is written once, as a frozen dataclass whose fields are made by `column`. Its annotations decide the
Arrow types, its descriptions end in the schema's metadata, and `table_of` turns rows into an Arrow table.
"""

import dataclasses
import types
import typing
from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, TypeVar

import pyarrow as pa

Int16 = Annotated[int, pa.int16()]
Int32 = Annotated[int, pa.int32()]
Int64 = Annotated[int, pa.int64()]
Float32 = Annotated[float, pa.float32()]
Category = Annotated[str, pa.dictionary(pa.int32(), pa.string())]
"""A string of few distinct values, dictionary-encoded."""
Instant = Annotated[datetime, pa.timestamp("us", tz="UTC")]
"""A moment with its zone; stored in UTC to the microsecond."""
Key = Annotated[bytes, pa.binary(16)]
"""The first 128 bits of a SHA-256."""

Row = TypeVar("Row")

_SCHEMAS: dict[type[Any], pa.Schema] = {}
_NAMES: dict[type[Any], tuple[str, ...] | None] = {}
_SIMPLE = frozenset({str, int, float, bool, bytes, datetime, type(None)})
_PLAIN: dict[type, pa.DataType] = {str: pa.string(), bool: pa.bool_(), bytes: pa.binary(), date: pa.date32()}


def column(description: str, *, default: Any = dataclasses.MISSING) -> Any:
    """A dataclass field that carries what the column means."""
    return dataclasses.field(default=default, metadata={"description": description})


def arrow_schema(record: type[Any]) -> pa.Schema:
    """The Arrow schema of a record class, with its version and descriptions as metadata.

    The class names its table and version in `TABLE` and `VERSION`. Every column may be null, so that a column
    added later reads as null from older files.
    """
    if record not in _SCHEMAS:
        _SCHEMAS[record] = _derived(record)
    return _SCHEMAS[record]


def _derived(record: type[Any]) -> pa.Schema:
    hints = typing.get_type_hints(record, include_extras=True)
    fields = [
        pa.field(f.name, _arrow_type(hints[f.name]), metadata={"description": f.metadata["description"]})
        for f in dataclasses.fields(record)
    ]
    return pa.schema(
        fields,
        metadata={"tocsin.table": vars(record)["TABLE"], "tocsin.version": str(vars(record)["VERSION"])},
    )


def table_of(record: type, rows: Iterable[Any]) -> pa.Table:
    """The rows, instances of `record`, as an Arrow table of its schema."""
    schema = arrow_schema(record)
    rows = list(rows)
    columns = [
        pa.array([plain(getattr(row, field.name)) for row in rows], type=field.type) for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def rows_of(record: type[Row], table: pa.Table) -> list[Row]:
    """The rows of a table as instances of `record`; columns that the table lacks take their default or None."""
    names = {f.name: f for f in dataclasses.fields(record)}  # type: ignore[arg-type]
    hints = typing.get_type_hints(record, include_extras=True)
    present = [name for name in names if name in table.column_names]
    built = []
    for row in table.select(present).to_pylist():
        values = {name: _rebuilt(hints[name], row[name]) for name in present}
        for name, spec in names.items():
            if name not in values and spec.default is dataclasses.MISSING:
                values[name] = None
        built.append(record(**values))
    return built


def plain(value: Any) -> Any:
    """A field's value as Arrow takes it: records as dicts, tuples as lists."""
    kind = type(value)
    if kind in _SIMPLE:
        return value
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    names = _field_names(kind)
    return value if names is None else {name: plain(getattr(value, name)) for name in names}


def _field_names(kind: type[Any]) -> tuple[str, ...] | None:
    """The fields of a record class, None of any other."""
    if kind not in _NAMES:
        named = dataclasses.is_dataclass(kind)
        _NAMES[kind] = tuple(field.name for field in dataclasses.fields(kind)) if named else None
    return _NAMES[kind]


def _arrow_type(hint: Any) -> pa.DataType:
    origin = typing.get_origin(hint)
    if origin is Annotated:
        return typing.get_args(hint)[1]
    if origin in (types.UnionType, typing.Union):
        (inner,) = (arg for arg in typing.get_args(hint) if arg is not type(None))
        return _arrow_type(inner)
    if origin is tuple:
        return pa.list_(_arrow_type(typing.get_args(hint)[0]))
    if dataclasses.is_dataclass(hint):
        inner_hints = typing.get_type_hints(hint, include_extras=True)
        return pa.struct(
            [pa.field(f.name, _arrow_type(inner_hints[f.name])) for f in dataclasses.fields(hint)]
        )
    return _PLAIN[hint]


def _rebuilt(hint: Any, value: Any) -> Any:
    if value is None:
        return None if typing.get_origin(hint) is not tuple else ()
    origin = typing.get_origin(hint)
    if origin is Annotated:
        return value
    if origin in (types.UnionType, typing.Union):
        (inner,) = (arg for arg in typing.get_args(hint) if arg is not type(None))
        return _rebuilt(inner, value)
    if origin is tuple:
        inner = typing.get_args(hint)[0]
        return tuple(_rebuilt(inner, item) for item in value)
    if dataclasses.is_dataclass(hint):
        inner_hints = typing.get_type_hints(hint, include_extras=True)
        return hint(
            **{f.name: _rebuilt(inner_hints[f.name], value.get(f.name)) for f in dataclasses.fields(hint)}
        )  # type: ignore[operator]
    return value
