"""The part of `tocsin detect` that worker processes do: rows in, rows with topics and figures out."""

import base64
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa

from schemas.articles import Article
from schemas.columns import arrow_schema, plain
from transforms.language import detect_language
from transforms.mentions.dates import mentioned_dates
from transforms.mentions.places import mentioned_places
from transforms.topics.detector import Detector
from transforms.topics.learned.score import LearnedDetector
from transforms.topics.tagging import shared_detector, shared_learned
from transforms.topics.taxonomy import load_taxonomy

ADDED = ("lang", "topics", "figures", "taxonomy_version", "dates", "places")
"""Columns that detection adds to a row, or replaces in it; shaped as in `articles`."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that cannot be read, and where it stands: nothing was detected in it and it is not in the output."""

    file: str
    row: int
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.row}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one file: JSON lines with their line numbers, or rows of Parquet with their numbers from 1."""

    file: str
    numbers: tuple[int, ...]
    lines: tuple[bytes, ...] | None
    rows: pa.RecordBatch | None

    def __len__(self) -> int:
        return len(self.numbers)


@dataclass(frozen=True, slots=True)
class Detected:
    """What came of a batch: rows as JSON lines, or as an Arrow table; refused rows; topics counted."""

    lines: bytes
    table: pa.Table | None
    rows: int
    refused: tuple[Refused, ...]
    topics: dict[str, int]


class Finders(NamedTuple):
    """What to detect by: a taxonomy file, None for the default, and a learned model, None for none."""

    taxonomy_path: str | None
    model_path: str | None


def version_of(finders: Finders) -> str:
    """The `taxonomy_version` that rows will have; reads the taxonomy, and the model where there is one.

    Raises:
        TaxonomyError: the taxonomy is not sound.
        ModelError: the model can't be used.
    """
    if finders.model_path is None:
        return load_taxonomy(finders.taxonomy_path).version
    return shared_learned(finders.model_path, finders.taxonomy_path).version


def detect_batch(batch: Batch, finders: Finders, schema: pa.Schema | None) -> Detected:
    """Detect in every row of a batch.

    Args:
        batch: the rows.
        finders: the taxonomy and the model.
        schema: the Arrow schema to give rows in; None: as JSON lines.
    """
    detector = shared_detector(finders.taxonomy_path)
    learned = shared_learned(finders.model_path, finders.taxonomy_path) if finders.model_path else None
    found: list[dict[str, Any]] = []
    refused: list[Refused] = []
    topics: Counter[str] = Counter()
    values: Sequence[Any] = batch.rows.to_pylist() if batch.rows is not None else batch.lines or ()
    for number, value in zip(batch.numbers, values, strict=True):
        row = _json_row(value) if isinstance(value, bytes) else value
        problem = row if isinstance(row, str) else problem_of(row)
        if problem is not None:
            refused.append(Refused(batch.file, number, problem))
            continue
        found.append(with_detections(row, detector, learned))
        topics.update(topic["topic"] for topic in found[-1]["topics"])
    if schema is None:
        written = b"".join(
            json.dumps(row, ensure_ascii=False, default=_as_json).encode() + b"\n" for row in found
        )
        return Detected(written, None, len(found), tuple(refused), dict(topics))
    table = pa.Table.from_pylist(found, schema=schema)
    return Detected(b"", table, len(found), tuple(refused), dict(topics))


def with_detections(
    row: dict[str, Any], detector: Detector, learned: LearnedDetector | None = None
) -> dict[str, Any]:
    """The row with what was detected in its title and text; its language is told where it is not given."""
    title, text = row.get("title"), row["text"]
    lang = (row.get("lang") or "").partition("-")[0].lower() or detect_language(
        f"{title or ''}\n{text}".strip()
    )
    found = detector.detect(title=title, text=text, lang=lang)
    topics, version = found.topics, detector.taxonomy.version
    if learned is not None:
        topics, version = learned.with_learned(topics, title=title, text=text, lang=lang), learned.version
    return {
        **row,
        "lang": lang,
        "topics": plain(topics),
        "figures": plain(found.figures),
        "taxonomy_version": version,
        "dates": plain(mentioned_dates(title, text, lang=lang, published=_published(row))),
        "places": plain(mentioned_places(title, text, lang=lang)),
    }


def _published(row: dict[str, Any]) -> date | None:
    """The day of a row's `published_at`, a time or ISO 8601; None where it has none that can be read."""
    given = row.get("published_at")
    if isinstance(given, datetime):
        return given.date()
    try:
        return date.fromisoformat(given[:10]) if isinstance(given, str) else None
    except ValueError:
        return None


def problem_of(row: Any) -> str | None:
    """Why a row cannot be worked on, None where it can."""
    if not isinstance(row, dict):
        return 'the row is no object; write {"id": ..., "title": ..., "text": ...}'
    if row.get("id") is None and row.get("article_id") is None:
        return "the row has neither `id` nor `article_id`"
    if not isinstance(row.get("text"), str):
        return "the row has no `text`, or it is not a string"
    for field in ("title", "lang"):
        if not isinstance(row.get(field), str | None):
            return f"`{field}` is not a string"
    return None


def detection_fields() -> list[pa.Field]:
    """The added columns as `articles` types them."""
    return [arrow_schema(Article).field(name) for name in ADDED]


def _json_row(line: bytes) -> Any:
    """The row of a JSON line; a text that says what is wrong with it where it is none."""
    try:
        return _valid_unicode(json.loads(line))
    except UnicodeDecodeError:
        return "the line is not UTF-8"
    except json.JSONDecodeError as error:
        return f"the line is not JSON ({error.msg} at column {error.colno})"
    except RecursionError:
        return "the line is nested too deeply"


def _valid_unicode(value: Any) -> Any:
    """The value with lone surrogates, which JSON can spell and UTF-8 cannot hold, replaced."""
    if isinstance(value, str):
        return (
            value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        )
    if isinstance(value, list):
        return [_valid_unicode(item) for item in value]
    if isinstance(value, dict):
        return {_valid_unicode(key): _valid_unicode(item) for key, item in value.items()}
    return value


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"a {type(value).__name__} cannot be written as JSON")
