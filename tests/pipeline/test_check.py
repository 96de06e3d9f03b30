"""`tocsin check`: a good lake is sound, and every kind of damage is found."""

import shutil

import pyarrow as pa
import pytest

from pipeline.check import check
from tests.support.changed_lake import change_file, edit_manifest, files
from tests.support.runs import tocsin


def rewrite_file(lake, table, change):
    """Change the newest file's rows; its manifest tells the truth of the file."""
    change_file(lake, table, files(lake, table)[-1], change)


def missing_file(lake):
    files(lake, "articles")[0].unlink()


def truncated_file(lake):
    path = files(lake, "articles")[0]
    path.write_bytes(path.read_bytes()[:-100])


def flipped_bit(lake):
    path = files(lake, "dead_letters")[0]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def changed_type(lake):
    def widen(table):
        index = table.schema.get_field_index("word_count")
        return table.set_column(index, "word_count", table["word_count"].cast(pa.int64()))

    rewrite_file(lake, "articles", widen)


def lost_rows(lake):
    rewrite_file(lake, "articles", lambda table: table.slice(1))


def doubled_article(lake):
    rewrite_file(lake, "articles", lambda table: pa.concat_tables([table, table.slice(0, 1)]))


def foreign_rows(lake):
    def rename(table):
        index = table.schema.get_field_index("run_id")
        return table.set_column(
            index, "run_id", pa.array(["20200101T000000000000Z-00000000"] * table.num_rows)
        )

    rewrite_file(lake, "feed_fetches", rename)


def stray_file(lake):
    path = files(lake, "articles")[0]
    shutil.copy(path, path.with_name("part-9.parquet"))


def lost_manifest(lake):
    (lake.root / lake.manifest_keys()[0]).unlink()


def broken_manifest(lake):
    path = lake.root / lake.manifest_keys()[0]
    path.write_text(path.read_text()[:-50])


def unbalanced_run(lake):
    edit_manifest(lake, lambda values: values["balance"].update(known=values["balance"]["known"] + 1))


def unbalanced_feeds(lake):
    edit_manifest(lake, lambda values: values["feeds"].update(failed=7))


def lost_state(lake):
    files(lake, "state")[-1].unlink()


def corrupt_state(lake):
    files(lake, "state")[-1].write_bytes(b"PAR1")


def lost_pending(lake):
    (file,) = [file for file in next(lake.states())[1] if file.table == "pending"]
    change_file(lake, "pending", lake.root / file.path, lambda table: table.slice(0, 0))


def lost_known(lake):
    edit_manifest(
        lake,
        lambda values: values.update(state=[file for file in values["state"] if file["table"] != "known"]),
    )


def newer_state(lake):
    edit_manifest(lake, lambda values: values["schema_versions"].update(pending=99))


DAMAGE = {
    missing_file: "is missing",
    truncated_file: "can't be read",
    flipped_bit: "sha256",
    changed_type: "word_count is int64 there and int32",
    lost_rows: "rows of articles, its balance says",
    doubled_article: "stands 2 times",
    foreign_rows: "rows of runs that are not its manifest's",
    stray_file: "no manifest names it",
    lost_manifest: "no manifest names it",
    broken_manifest: "can't be used",
    unbalanced_run: "entries do not balance",
    unbalanced_feeds: "feeds do not balance",
    lost_state: "is missing",
    corrupt_state: "state/",
    lost_pending: "carries over 0 entries, its manifest says 1",
    lost_known: "does not know",
    newer_state: "newer than this tocsin knows",
}


def test_a_good_lake_is_sound(lake):
    """Nothing is found in a lake that runs have left."""
    assert check(lake) == []
    done = tocsin("check", lake.root)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_damage_is_found(lake, damage):
    """Each kind of damage is named, with its place."""
    damage(lake)
    found = [f"{finding.where}: {finding.problem}" for finding in check(lake)]
    assert any(DAMAGE[damage] in line for line in found), found


def test_damage_ends_with_one_and_a_list(lake):
    """The command lists what is wrong and leaves with 1."""
    missing_file(lake)
    done = tocsin("check", lake.root)
    assert done.returncode == 1
    assert "is missing" in done.stdout


def test_no_lake_is_wrong_usage(tmp_path):
    """A folder without a committed run is not checked as if it were sound."""
    assert tocsin("check", tmp_path).returncode == 2
