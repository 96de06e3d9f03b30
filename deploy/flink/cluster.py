#!/usr/bin/env python3
"""A real standalone Flink cluster on this machine.

One job manager, two task managers of two slots each, Beam's job server, and the pool that starts tocsin's workers.

    deploy/flink/cluster.py start FOLDER     start it; logs, configuration and process ids go to FOLDER
    deploy/flink/cluster.py options FOLDER   Beam options for `tocsin run ... -- $(...)`
    deploy/flink/cluster.py stop FOLDER      end the processes that it started, by their ids

The jars come from `jars.py` (TOCSIN_FLINK_JARS names their folder; .engines/flink without it). All ports are free
ones on loopback. Where something is missing it says so in one sentence and leaves with 2.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from jars import JarsMissingError, require_jars  # noqa: E402 -- it stands beside this file

TASK_MANAGERS = 2
SLOTS = 2
START_SECONDS = 90
PORTS = (20_000, 30_000)
HEAP = {"jobmanager": "512m", "taskmanager": "640m", "jobserver": "512m"}
POOL = HERE.parent / "worker" / "pool.py"

# Flink's own defaults for Java 17 (its env.java.opts.all), as far as the parts used here need them.
JAVA_OPENS = [
    option
    for package in (
        "lang", "net", "io", "nio", "lang.reflect", "text", "time",
        "util", "util.concurrent", "util.concurrent.atomic", "util.concurrent.locks",
    )
    for option in ("--add-opens", f"java.base/java.{package}=ALL-UNNAMED")
]  # fmt: skip

CONFIGURATION = """\
jobmanager.rpc.address: localhost
jobmanager.rpc.port: {rpc}
jobmanager.bind-host: localhost
rest.address: localhost
rest.bind-address: localhost
rest.port: {rest}
taskmanager.host: localhost
taskmanager.bind-host: localhost
taskmanager.numberOfTaskSlots: {slots}
taskmanager.load-balance.mode: SLOTS
taskmanager.cpu.cores: {slots}.0
taskmanager.memory.framework.heap.size: 128m
taskmanager.memory.task.heap.size: 512m
taskmanager.memory.framework.off-heap.size: 128m
taskmanager.memory.task.off-heap.size: 0m
taskmanager.memory.managed.size: 128m
taskmanager.memory.network.min: 192m
taskmanager.memory.network.max: 192m
taskmanager.memory.jvm-metaspace.size: 256m
taskmanager.memory.jvm-overhead.min: 192m
taskmanager.memory.jvm-overhead.max: 192m
parallelism.default: 2
restart-strategy.type: fixed-delay
restart-strategy.fixed-delay.attempts: 10
restart-strategy.fixed-delay.delay: 1 s
execution.checkpointing.mode: EXACTLY_ONCE
execution.checkpointing.interval: 10 s
state.checkpoint-storage: filesystem
state.checkpoints.dir: file://{folder}/checkpoints
heartbeat.interval: 1000
heartbeat.timeout: 10000
classloader.resolve-order: parent-first
classloader.check-leaked-classloader: false
io.tmp.dirs: {folder}/tmp
"""


class ClusterError(Exception):
    """The cluster can't be started or is not there; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that runs: its addresses on loopback, and the process of each part by its name."""

    rest: int
    job_server: int
    worker_pool: int
    processes: dict[str, int]

    @property
    def beam_options(self) -> list[str]:
        """What a driver is to be given so that its job runs here."""
        return [
            "--runner=FlinkRunner",
            f"--flink_master=localhost:{self.rest}",
            f"--job_endpoint=localhost:{self.job_server}",
            "--environment_type=EXTERNAL",
            f"--environment_config=localhost:{self.worker_pool}",
        ]


def main() -> None:
    """Start, stop, or tell of a cluster."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["start", "stop", "options"])
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    folder = arguments.folder.absolute()
    try:
        if arguments.command == "start":
            print(" ".join(start(folder).beam_options))
        elif arguments.command == "options":
            print(" ".join(running(folder).beam_options))
        else:
            stop(folder)
    except (ClusterError, JarsMissingError) as error:
        print(f"flink: {error}", file=sys.stderr)
        sys.exit(2)


def start(folder: Path) -> Cluster:
    """Start a cluster whose files go to `folder`, and wait until it takes jobs.

    Raises:
        ClusterError: one runs from this folder already, or a part did not come up.
        JarsMissingError: Java or a jar is missing.
    """
    if (folder / "cluster.json").exists():
        raise ClusterError(f"{folder} has a cluster: stop it first with `cluster.py stop {folder}`")
    jars = Path(os.environ.get("TOCSIN_FLINK_JARS", HERE.parent.parent / ".engines" / "flink")).absolute()
    require_jars(jars)
    for name in ("conf", "logs", "tmp", "checkpoints", "artifacts"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    jars_of_job_server = not_to_be_sent(jars, folder)
    rpc, rest, job, artifact, expansion, pool = free_ports(6)
    configuration = CONFIGURATION.format(rpc=rpc, rest=rest, slots=SLOTS, folder=folder)
    (folder / "conf" / "config.yaml").write_text(configuration, encoding="utf-8")
    conf = ["--configDir", str(folder / "conf")]
    runtime = "org.apache.flink.runtime"
    parts = {
        "jobmanager": java(
            jars, "jobmanager", f"{runtime}.entrypoint.StandaloneSessionClusterEntrypoint", *conf
        )
    }
    for number in range(1, TASK_MANAGERS + 1):
        main_class = f"{runtime}.taskexecutor.TaskManagerRunner"
        parts[f"taskmanager-{number}"] = java(jars, "taskmanager", main_class, *conf)
    parts["jobserver"] = java(
        jars_of_job_server, "jobserver", "org.apache.beam.runners.flink.FlinkJobServerDriver",
        f"--flink-master=localhost:{rest}", f"--flink-conf-dir={folder / 'conf'}", "--job-host=localhost",
        f"--job-port={job}", f"--artifact-port={artifact}", f"--expansion-port={expansion}",
        f"--artifacts-dir={folder / 'artifacts'}",
    )  # fmt: skip
    parts["workerpool"] = [sys.executable, "-P", str(POOL), f"--port={pool}", f"--logs={folder / 'logs'}"]
    processes = {name: launch(name, command, folder) for name, command in parts.items()}
    cluster = Cluster(rest, job, pool, processes)
    (folder / "cluster.json").write_text(json.dumps(asdict(cluster)), encoding="utf-8")
    try:
        wait_until_up(cluster, folder)
    except ClusterError:
        stop(folder)
        raise
    return cluster


def not_to_be_sent(jars: Path, folder: Path) -> Path:
    """The same jars in a folder whose name keeps Beam from sending them along with every job.

    A job server sends all of its own class path, 150 MB that the cluster has already: twelve seconds a job where this
    was tried. Of a path that holds gradle/wrapper Beam believes that it can't be sent (PipelineResources,
    isStageable); links are followed, so that the jars must be there themselves.
    """
    copies = folder / "gradle" / "wrapper"
    shutil.rmtree(copies, ignore_errors=True)
    copies.mkdir(parents=True)
    for jar in jars.glob("*.jar"):
        try:
            (copies / jar.name).hardlink_to(jar)
        except OSError:
            shutil.copyfile(jar, copies / jar.name)
    return copies


def stop(folder: Path) -> None:
    """End the processes that were started from `folder`: each part is a group of its own, workers included."""
    cluster = running(folder)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in cluster.processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process, number)
        until = time.monotonic() + 10
        while any(map(is_alive, cluster.processes.values())) and time.monotonic() < until:
            time.sleep(0.1)
    (folder / "cluster.json").unlink()


def running(folder: Path) -> Cluster:
    """The cluster that was started from `folder`.

    Raises:
        ClusterError: there is none.
    """
    try:
        return Cluster(**json.loads((folder / "cluster.json").read_text(encoding="utf-8")))
    except OSError as error:
        raise ClusterError(f"no cluster was started from {folder}") from error


def java(jars: Path, part: str, main_class: str, *arguments: str) -> list[str]:
    """The command of a Java part."""
    log = "-Dorg.slf4j.simpleLogger.showDateTime=true"
    return ["java", f"-Xmx{HEAP[part]}", log, *JAVA_OPENS, "-cp", f"{jars}/*", main_class, *arguments]


def launch(name: str, command: list[str], folder: Path) -> int:
    """Start a part as a process group of its own, so that its children can be ended with it; gives its id."""
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    with (folder / "logs" / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 -- a fixed command
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
    return process.pid


def wait_until_up(cluster: Cluster, folder: Path) -> None:
    """Wait until all slots are there and the job server and the pool listen."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        for name, process in cluster.processes.items():
            if not is_alive(process):
                raise ClusterError(f"{name} ended at its start: see {folder / 'logs' / name}.log")
        if (
            slots(cluster) == TASK_MANAGERS * SLOTS
            and listens(cluster.job_server)
            and listens(cluster.worker_pool)
        ):
            return
        time.sleep(0.3)
    raise ClusterError(f"the cluster was not up after {START_SECONDS} seconds: see {folder / 'logs'}")


def slots(cluster: Cluster) -> int:
    """How many slots the job manager knows of."""
    try:
        with urllib.request.urlopen(f"http://localhost:{cluster.rest}/overview", timeout=5) as answer:
            return int(json.load(answer)["slots-total"])
    except (OSError, ValueError):
        return 0


def listens(port: int) -> bool:
    """Whether something listens on a port of this machine."""
    with contextlib.suppress(OSError), socket.create_connection(("localhost", port), timeout=1):
        return True
    return False


def is_alive(process: int) -> bool:
    """Whether a process runs; one that has ended and was our child is collected."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(process, os.WNOHANG)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nothing listens on now.

    They lie below those that a system gives to outgoing connections: one part of the cluster that asks another could
    be given the port of a third that has not started yet.
    """
    found: list[int] = []
    with contextlib.ExitStack() as stack:
        while len(found) < count:
            one = stack.enter_context(socket.socket())
            port = random.randrange(*PORTS)  # noqa: S311 -- no secret
            with contextlib.suppress(OSError):
                one.bind(("localhost", port))
                found.append(port)
    return found


if __name__ == "__main__":
    main()
