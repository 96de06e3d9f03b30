"""Airflow: a bounded run each quarter of an hour over the feeds that are due, and once a day the care of the lake.

Put this file into Airflow's folder of DAGs. tocsin has an environment of its own, which shares nothing with Airflow's;
TOCSIN_BIN, TOCSIN_FEEDS and TOCSIN_OUT, as Airflow's workers see them, name its program, the feed list and the output.

Exit codes: 3 (another run holds the output) skips the task. 1, 2 and 4 (committed, but not one feed answered) fail
it. Nothing is tried again at once, since the next run takes up what one has left.

Tried: both DAGs with `airflow dags test` of Airflow 3.3 in an environment of its own, for exit codes 0, 3 and 4. Not
run under a scheduler. A test holds the commands' options to tocsin's own.
"""

import os
import shlex
from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

HELD = 3
"""The exit code of a run that found another at work."""

RUN = "run --feeds {feeds} --out {out} --only-due --deadline 12m --json-logs"
COMPACT = "compact {out}"
CHECK = "check {out}"


def command(template: str) -> str:
    """A command of tocsin in the shell's words; `exec`, so that Airflow's signals reach it and it commits what is done."""
    places = {
        "feeds": os.environ.get("TOCSIN_FEEDS", "/etc/tocsin/feeds.opml"),
        "out": os.environ.get("TOCSIN_OUT", "/var/lib/tocsin"),
    }
    words = [
        os.environ.get("TOCSIN_BIN", "/opt/tocsin/.venv/bin/tocsin"),
        *(word.format(**places) for word in template.split()),
    ]
    return f"exec {shlex.join(words)}"


def task(name: str, template: str, limit: timedelta) -> BashOperator:
    """A command as a task; one that takes longer than the limit is told to end."""
    return BashOperator(
        task_id=name,
        bash_command=command(template),
        env={"PYTHONSAFEPATH": "1"},
        append_env=True,
        skip_on_exit_code=HELD,
        execution_timeout=limit,
    )


with DAG(
    dag_id="tocsin_run",
    description="Poll the feeds that are due",
    schedule="*/15 * * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["tocsin"],
):
    task("run", RUN, timedelta(minutes=30))

with DAG(
    dag_id="tocsin_care",
    description="Merge the small files of days that are over, then see that all that was committed is there, and whole",
    schedule="20 3 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["tocsin"],
):
    task("compact", COMPACT, timedelta(hours=2)) >> task("check", CHECK, timedelta(hours=2))
