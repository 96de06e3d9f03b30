"""A model's file: only the one that was written is used, and only where it goes with what uses it."""

import hashlib
import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from transforms.topics.learned.model import ModelError, read_model, statement_of


@pytest.fixture
def copied(model_file, tmp_path):
    path = tmp_path / model_file.name
    shutil.copy(model_file, path)
    shutil.copy(statement_of(model_file), statement_of(path))
    return path


def refused(path, detector, words, version=None):
    with pytest.raises(ModelError, match=words) as refusal:
        read_model(str(path), taxonomy_version=version or detector.taxonomy.version)
    assert str(path.name) in str(refusal.value)


def rewritten(path, change=dict.copy, table=None):
    """The file as somebody else may write it, with a statement that goes with it."""
    table = table or pq.read_table(path)
    described = json.loads(pq.read_schema(path).metadata[b"tocsin.model"])
    change(described)
    pq.write_table(table.replace_schema_metadata({"tocsin.model": json.dumps(described)}), path)
    statement_of(path).write_text(json.dumps({"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}))


def test_a_changed_file_is_refused(copied, detector):
    """One byte is enough."""
    content = bytearray(copied.read_bytes())
    content[len(content) // 2] ^= 1
    copied.write_bytes(content)
    refused(copied, detector, "SHA-256")


def test_a_statement_that_is_not_there_or_says_nothing_is_refused(copied, detector):
    """A model is used only where its digest is stated."""
    statement_of(copied).write_text("{}")
    refused(copied, detector, "states no")
    statement_of(copied).unlink()
    refused(copied, detector, "cannot be read")


def test_a_file_that_is_not_there_is_refused(tmp_path, detector):
    """With its name and the command that writes one."""
    refused(tmp_path / "absent.parquet", detector, "tocsin taxonomy train")


@pytest.mark.parametrize("field", ["format", "features"])
def test_a_model_of_another_version_is_refused(copied, detector, field):
    """One that was written by newer code, or that counts other features."""
    rewritten(copied, lambda described: described.update({field: 2, "tocsin_version": "9.0"}))
    refused(copied, detector, r"written by tocsin 9\.0")


def test_a_model_of_another_taxonomy_is_refused(copied, detector):
    """Groups and rules are features: with others the coefficients mean nothing."""
    refused(copied, detector, "trained with the taxonomy", version="other-1+00000000")


def test_files_that_are_no_model_are_refused(copied, detector):
    """Also where their digest is stated rightly: a pickle, a table of something else."""
    pq.write_table(pa.table({"x": [1]}), copied)
    statement_of(copied).write_text(json.dumps({"sha256": hashlib.sha256(copied.read_bytes()).hexdigest()}))
    refused(copied, detector, "no model")
    copied.write_bytes(b"\x80\x04N.")
    statement_of(copied).write_text(json.dumps({"sha256": hashlib.sha256(b"\x80\x04N.").hexdigest()}))
    refused(copied, detector, "no model")


@pytest.mark.parametrize(
    "change",
    [
        lambda described: described["hashing"].update(bits=60),
        lambda described: described["hashing"].update(bits=4),
        lambda described: described["hashing"].update(colour=1),
        lambda described: described.update(hashing=[]),
        lambda described: described.pop("topics"),
        lambda described: described.update(topics=[{"name": "x"}]),
        lambda described: described["topics"][0].update(threshold=0),
        lambda described: described["topics"][0].update(bias=float("nan")),
    ],
)
def test_content_that_is_not_sound_is_refused(copied, detector, change):
    """Sizes, places and numbers are looked at before they are used."""
    rewritten(copied, change)
    refused(copied, detector, "not sound")


def test_columns_that_are_not_the_models_are_refused(copied, detector):
    """Coefficients of other types, or weights that are no numbers."""
    table = pq.read_table(copied)
    rewritten(copied, table=table.set_column(2, "weight", pa.array([1] * len(table))))
    refused(copied, detector, "not sound")
    weights = pa.array([float("inf")] * len(table), pa.float32())
    rewritten(copied, table=table.set_column(2, table.schema.field("weight"), weights))
    refused(copied, detector, "not sound")
