"""Ways to change a lake so that its manifests tell the truth of what was changed."""

import json

import pyarrow.parquet as pq

from tests.support.staged import staged_file


def files(lake, table):
    """A table's files, oldest first."""
    return sorted((lake.root / table).rglob("*.parquet"))


def edit_manifest(lake, change, *, number=-1):
    """Change the values of a manifest, by default the newest's."""
    path = lake.root / lake.manifest_keys()[number]
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


def change_file(lake, table, path, change):
    """Change a file's rows, and have every manifest that names it tell its new rows, bytes and sum."""
    pq.write_table(change(pq.ParquetFile(path).read()), path)
    told = staged_file(table, path, pq.read_metadata(path).num_rows, lake.root)

    def tell(values):
        for file in (*values["files"], *values["state"]):
            if file["path"] == told.path:
                file.update(rows=told.rows, bytes=told.bytes, sha256=told.sha256)

    for number in range(len(lake.manifest_keys())):
        edit_manifest(lake, tell, number=number)


def change_files(lake, table, change):
    """Change all files of a table, as `change_file`."""
    for path in files(lake, table):
        change_file(lake, table, path, change)
