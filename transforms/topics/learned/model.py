"""A learned model as a file: coefficients in Parquet, with the digest of the file in a small JSON beside it.

Nothing is unpickled: a model is numbers, read by pyarrow, and only where the file is the one that was written.
"""

import hashlib
import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.version import TOCSIN_VERSION
from transforms.topics.learned.features import FEATURES_VERSION, Hashing, Values

MODEL_FORMAT = 1
"""Of the file; raised when a reader of before could not read it."""

_MOST_BITS = 24
_KEY = b"tocsin.model"
_COEFFICIENTS = pa.schema(
    [
        pa.field("topic", pa.int32(), nullable=False),
        pa.field("place", pa.int32(), nullable=False),
        pa.field("weight", pa.float32(), nullable=False),
    ]
)


class ModelError(ValueError):
    """A model that cannot be used; its text names the file, what is wrong and how to mend it."""

    def __init__(self, file: str, problem: str, hint: str) -> None:
        super().__init__(f"{file}: {problem}. {hint}")
        self.file = file
        self.problem = problem
        self.hint = hint

    def __reduce__(self) -> tuple[type["ModelError"], tuple[str, str, str]]:
        return type(self), (self.file, self.problem, self.hint)


@dataclass(frozen=True, slots=True)
class LearnedTopic:
    """One topic's logistic regression: the sentence's log odds are `bias` and the weights of its features.

    A document has the topic from `threshold` on.
    """

    name: str
    bias: float
    threshold: float
    weights: Values


@dataclass(frozen=True, slots=True)
class LearnedModel:
    """Topics learned together. `taxonomy_version` is the taxonomy whose groups and rules are among the features.

    `digest` is the SHA-256 of the file in hex, empty for a model that was not read from one.
    """

    topics: tuple[LearnedTopic, ...]
    hashing: Hashing
    taxonomy_version: str
    digest: str = ""


def statement_of(path: Path) -> Path:
    """The JSON beside a model, which states its digest."""
    return path.with_name(f"{path.name}.json")


def write_model(model: LearnedModel, path: Path, notes: dict[str, Any]) -> str:
    """Write a model and the statement beside it; the same model gives the same bytes.

    Args:
        model: what was learned.
        path: the Parquet file.
        notes: what else the statement says, for people: what it was learned from, how well it did.

    Returns:
        The file's SHA-256 in hex.

    Raises:
        OSError: it can't be written.
    """
    places = [np.flatnonzero(topic.weights.astype(np.float32)) for topic in model.topics]
    table = pa.table(
        {
            "topic": np.repeat(np.arange(len(places), dtype=np.int32), [len(own) for own in places]),
            "place": np.concatenate(places).astype(np.int32),
            "weight": np.concatenate(
                [
                    topic.weights[own].astype(np.float32)
                    for topic, own in zip(model.topics, places, strict=True)
                ]
            ),
        },
        schema=_COEFFICIENTS,
    )
    described = {
        "format": MODEL_FORMAT,
        "features": FEATURES_VERSION,
        "hashing": asdict(model.hashing),
        "taxonomy_version": model.taxonomy_version,
        "tocsin_version": TOCSIN_VERSION,
        "topics": [
            {"name": topic.name, "bias": topic.bias, "threshold": topic.threshold} for topic in model.topics
        ],
    }
    buffer = io.BytesIO()
    metadata = {_KEY: json.dumps(described, sort_keys=True).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), buffer, compression="zstd")
    content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    statement = {"sha256": digest, **described, **notes}
    for file, written in (
        (path, content),
        (statement_of(path), json.dumps(statement, indent=2, ensure_ascii=False).encode() + b"\n"),
    ):
        partial = file.with_name(f".{file.name}.partial")
        partial.write_bytes(written)
        partial.replace(file)
    return digest


def read_model(path: str, *, taxonomy_version: str) -> LearnedModel:
    """Read a model for a taxonomy.

    Raises:
        ModelError: it can't be read, is not the file that its statement speaks of, or does not go with this
            version of tocsin or with the taxonomy.
    """
    content, stated = _files(Path(path))
    digest = hashlib.sha256(content).hexdigest()
    if stated != digest:
        raise ModelError(
            path,
            f"its SHA-256 is {digest}, and {statement_of(Path(path)).name} states {stated}",
            "Fetch or train the model anew; the two files go together",
        )
    # A valid digest shows only that the files belong together, so that what they say is looked at nevertheless.
    try:
        table = pq.read_table(io.BytesIO(content))
        described = json.loads((table.schema.metadata or {})[_KEY])
        made = {
            name: described[name] for name in ("format", "features", "taxonomy_version", "tocsin_version")
        }
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(path, f"this is no model ({_short(error)})", _TRAIN) from error
    if made["format"] != MODEL_FORMAT or made["features"] != FEATURES_VERSION:
        raise ModelError(
            path,
            f"it was written by tocsin {made['tocsin_version']} in format {made['format']} with features "
            f"{made['features']}; this is tocsin {TOCSIN_VERSION}, format {MODEL_FORMAT}, features {FEATURES_VERSION}",
            "Train it anew with this version, or use that one",
        )
    if made["taxonomy_version"] != taxonomy_version:
        raise ModelError(
            path,
            f"it was trained with the taxonomy {made['taxonomy_version']}, and {taxonomy_version} is in use",
            "Train it anew with this taxonomy, or name that one with --taxonomy",
        )
    try:
        return _model(table, described, digest)
    except (pa.ArrowException, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(path, f"its content is not sound ({_short(error)})", _TRAIN) from error


_TRAIN = "Write one with `tocsin taxonomy train`"


def _files(path: Path) -> tuple[bytes, str]:
    """The model's bytes, and the digest that the statement beside it states."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(str(path), f"it cannot be read ({error.strerror})", _TRAIN) from error
    beside = statement_of(path)
    try:
        stated = json.loads(beside.read_bytes())["sha256"]
    except OSError as error:
        raise ModelError(
            str(path),
            f"{beside.name}, which states its SHA-256, cannot be read ({error.strerror})",
            "Keep the two files together, as `tocsin taxonomy train` writes them",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(
            str(beside), 'it states no "sha256"', "Restore it, or train the model anew"
        ) from error
    return content, str(stated)


def _model(table: pa.Table, described: dict[str, Any], digest: str) -> LearnedModel:
    hashing = Hashing(**{name: int(value) for name, value in described["hashing"].items()})
    if not 1 <= hashing.bits <= _MOST_BITS or not 1 <= hashing.shortest <= hashing.longest:
        raise ValueError(f"hashing {hashing}")
    if not table.schema.equals(_COEFFICIENTS):
        raise ValueError("columns")
    numbers, places, weights = (column.to_numpy() for column in table.columns)
    if len(places) and not (places.min() >= 0 and places.max() < hashing.places):
        raise ValueError("places")
    if not np.isfinite(weights).all():
        raise ValueError("weights")
    topics = []
    for number, topic in enumerate(described["topics"]):
        own = np.zeros(hashing.places)
        chosen = numbers == number
        own[places[chosen]] = weights[chosen]
        learned = LearnedTopic(str(topic["name"]), float(topic["bias"]), float(topic["threshold"]), own)
        if not (np.isfinite(learned.bias) and 0 < learned.threshold <= 1):
            raise ValueError(f"topic {learned.name}")
        topics.append(learned)
    return LearnedModel(tuple(topics), hashing, described["taxonomy_version"], digest)


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
