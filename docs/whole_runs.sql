-- Whole runs of a lake in DuckDB, whatever is being published: the files that the standing manifests name.
-- Put the lake's place here: a folder, or s3://BUCKET/PREFIX after `install httpfs; load httpfs; create secret (...)`.
set variable lake = 's3://BUCKET/PREFIX';

create or replace temp table manifests as
select run_id, files, replaces
from read_json(
    getvariable('lake') || '/runs/*/*.json',
    columns = {run_id: 'VARCHAR', files: 'STRUCT("table" VARCHAR, path VARCHAR)[]', replaces: 'VARCHAR[]'}
);

create or replace temp table whole_files as
select f."table" as table_name, getvariable('lake') || '/' || f.path as path
from manifests, unnest(files) as x(f)
where run_id not in (select unnest(replaces) from manifests);

set variable article_files = (select list(path) from whole_files where table_name = 'articles');
create or replace temp view articles as
select * from read_parquet(getvariable('article_files'), hive_partitioning = true, union_by_name = true);
-- dead_letters and feed_fetches likewise, where the lake has files of theirs.
