"""The promises of the files in deploy/: each says how it was tried, and calls what there is."""

import argparse
import ast
import importlib.util
import json
import re
import shlex
import subprocess
import sys

import pytest
import typer
from apache_beam.portability.api import beam_provision_api_pb2, endpoints_pb2
from ruamel.yaml import YAML

from pipeline.cli.main import app
from pipeline.options import beam_options
from schemas.version import TOCSIN_VERSION

COMMANDS = typer.main.get_command(app).commands


def parsed(words):
    """A command of tocsin with its options as it understands them; fails where it knows one of them not."""
    return COMMANDS[words[0]].make_context(words[0], list(words[1:])).params


def loaded(path):
    """A script of deploy/ as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def deploy(project_root):
    return project_root / "deploy"


@pytest.fixture(scope="module")
def manifests(deploy):
    """Every document of the Kubernetes manifests, by kind and name."""
    reader = YAML(typ="safe")
    found = {}
    for path in sorted((deploy / "kubernetes").glob("*.yaml")):
        for document in reader.load_all(path.read_text()):
            found[document["kind"], document["metadata"]["name"]] = document
    return found


def pod_of(document):
    """The pod that a CronJob, a Deployment, or the task managers of a FlinkDeployment are made of."""
    spec = document["spec"]
    if document["kind"] == "CronJob":
        return spec["jobTemplate"]["spec"]["template"]["spec"]
    if document["kind"] == "FlinkDeployment":
        return spec["taskManager"]["podTemplate"]["spec"]
    return spec["template"]["spec"]


def containers(manifests):
    """Every container with the pod that it is in."""
    for document in manifests.values():
        if document["kind"] != "PersistentVolumeClaim":
            pod = pod_of(document)
            for container in [*pod.get("initContainers", ()), *pod["containers"]]:
                yield pod, container


def test_every_file_says_how_it_was_tried(deploy):
    """In its own head, or in the table of deploy/README.md; nothing is claimed that was not run."""
    listed = subprocess.run(["git", "ls-files", "."], cwd=deploy, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout: the files of the repository can't be told from others")
    table = [line for line in (deploy / "README.md").read_text().splitlines() if line.startswith("| ")]
    silent = []
    for name in listed.stdout.split():
        head = "\n".join((deploy / name).read_text(errors="replace").splitlines()[:25])
        row = next(
            (
                line
                for line in table
                if re.search(rf"\((?:{'|'.join(re.escape(n) for n in names_of(name))})\)", line)
            ),
            "",
        )
        if "tried" not in head.lower() and not row.rstrip("| ").rpartition("| ")[2]:
            silent.append(name)
    assert silent == []


def names_of(name):
    """A file's name and those of the folders that it is in, as links name them."""
    parts = name.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]


def test_schedules_call_commands_that_there_are(deploy):
    """The crontab and the units: every option is one of tocsin's, and a run there only asks what is due."""
    lines = [*(deploy / "schedules" / "crontab").read_text().splitlines()]
    for unit in (deploy / "schedules").glob("*.service"):
        lines += [line for line in unit.read_text().splitlines() if line.startswith("ExecStart=")]
    calls = [shlex.split(line.partition("/bin/tocsin ")[2]) for line in lines if "/bin/tocsin " in line]
    assert [call[0] for call in sorted(calls)] == ["run", "run", "stream"]
    for call in calls:
        given = parsed(call)
        assert given["only_due"] or call[0] == "stream"


def test_the_dag_calls_commands_that_there_are(deploy):
    """Airflow's commands are options of tocsin, and the exit code that is skipped is the one of a held output."""
    tree = ast.parse((deploy / "airflow" / "tocsin_dag.py").read_text())
    constants = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }
    calls = {
        name: text.format(feeds="feeds.opml", out="lake").split()
        for name, text in constants.items()
        if name.isupper() and isinstance(text, str)
    }
    assert calls.keys() == {"RUN", "COMPACT", "CHECK"}
    assert parsed(calls["RUN"])["only_due"]
    assert [parsed(calls[name]) for name in ("COMPACT", "CHECK")]
    assert constants["HELD"] == 3


def test_manifests_call_commands_that_there_are(manifests):
    """What the pods run: tocsin's options before the dashes, Beam's after them."""
    calls = [
        container["args"]
        for _, container in containers(manifests)
        if container["image"].partition(":")[0] == "tocsin"
    ]
    assert sorted(call[0] for call in calls) == ["run", "run", "stream"]
    for call in calls:
        given = parsed(call)
        assert given["workers"] > 0, "a container is shown all cores of its node"
        assert beam_options(given["beam"] or []) is not None


def test_pods_give_a_run_the_time_to_commit(manifests):
    """Kubernetes kills what is left after its grace period: that must be longer than tocsin's own."""
    for pod, container in containers(manifests):
        if container["image"].partition(":")[0] == "tocsin":
            assert pod["terminationGracePeriodSeconds"] > parsed(container["args"])["grace"]


def test_pods_share_one_user_and_hold_back(manifests):
    """The output is its owner's alone, so driver and workers are one user; nobody is root; all name what they need."""
    for pod, container in containers(manifests):
        if not container["image"].startswith("tocsin"):
            continue
        context = {**pod.get("securityContext", {}), **container["securityContext"]}
        assert (context["runAsUser"], context["runAsNonRoot"]) == (10001, True)
        assert context["allowPrivilegeEscalation"] is False
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
        assert "memory" in container["resources"]["limits"]
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        assert "output" in mounted
        assert any(mount["mountPath"] == "/tmp" for mount in container["volumeMounts"])


def test_images_are_those_that_the_dockerfile_makes(deploy, manifests):
    """Names and version of the images in the manifests are those of the Dockerfile's targets."""
    text = (deploy / "image" / "Dockerfile").read_text()
    made = dict(re.findall(r"--target (\S+) --tag (\S+)", text))
    assert set(made) <= set(re.findall(r"^FROM \S+ AS (\S+)$", text, re.MULTILINE))
    used = {c["image"] for _, c in containers(manifests) if c["image"].startswith("tocsin")}
    assert used == set(made.values())
    assert {image.partition(":")[2] for image in used} == {TOCSIN_VERSION}


def test_the_image_holds_the_lock_and_is_not_root(deploy, project_root):
    """Locked requirements with their hashes, files that there are, a user of its own, no folder that shadows packages."""
    lines = (deploy / "image" / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    installs = [line for line in lines if "pip install" in line]
    assert ["--require-hashes -r requirements.lock" in line or "--no-deps" in line for line in installs] == [
        True
    ] * 2
    for line in lines:
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (project_root / source).exists(), source
    assert "USER 10001:10001" in lines
    assert any("PYTHONSAFEPATH=1" in line for line in lines if line.startswith("ENV "))
    for entry in (line for line in lines if line.startswith("ENTRYPOINT")):
        assert all(
            word.startswith(("/opt/tocsin/", "-")) for word in ast.literal_eval(entry.partition(" ")[2])
        )


def test_flink_in_kubernetes_is_the_flink_that_was_tried(deploy, manifests):
    """Versions and settings are those of the cluster that the tests start."""
    flink = manifests["FlinkDeployment", "tocsin-flink"]["spec"]
    pod = pod_of(manifests["CronJob", "tocsin-run-on-flink"])
    readme = (deploy / "flink" / "README.md").read_text()
    version = re.search(r"\| Flink \| (\S+) \|", readme)[1]
    runner = re.search(r"<beam\.version>(\S+)</beam\.version>", (deploy / "flink" / "pom.xml").read_text())[1]
    assert flink["image"].startswith(f"flink:{version}-")
    assert flink["flinkVersion"] == "v" + "_".join(version.split(".")[:2])
    assert pod["initContainers"][0]["image"].endswith(f":{runner}")
    settings = set(
        re.findall(r"^([a-z][\w.-]+): ", (deploy / "flink" / "cluster.py").read_text(), re.MULTILINE)
    )
    assert flink["flinkConfiguration"].keys() <= settings


def test_driver_workers_and_job_server_find_each_other(manifests):
    """The ports that one listens at are those that the other is told."""
    flink = manifests["FlinkDeployment", "tocsin-flink"]
    pod = pod_of(manifests["CronJob", "tocsin-run-on-flink"])
    (workers,) = [c for c in pod_of(flink)["containers"] if c["image"].startswith("tocsin-worker")]
    pool = dict(word.removeprefix("--").split("=") for word in workers["args"])
    server = dict(word.removeprefix("--").split("=") for word in pod["initContainers"][0]["args"])
    beam = dict(word.removeprefix("--").split("=") for word in parsed(pod["containers"][0]["args"])["beam"])
    assert beam["environment_config"] == f"localhost:{pool['port']}"
    assert beam["job_endpoint"] == f"{server['job-host']}:{server['job-port']}"
    assert server["flink-master"] == f"{flink['metadata']['name']}-rest:8081"
    slots = flink["spec"]["taskManager"]["replicas"] * int(
        flink["spec"]["flinkConfiguration"]["taskmanager.numberOfTaskSlots"]
    )
    assert int(beam["parallelism"]) == slots
    probe = pod["initContainers"][0]["startupProbe"]["exec"]["command"][-1]
    assert f":{int(server['job-port']):04X}" in probe


def test_the_pool_knows_the_options_that_manifests_give(deploy, manifests):
    """The worker pool is told what it understands, at the place where the image holds it."""
    told = subprocess.run(
        [sys.executable, deploy / "worker" / "pool.py", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for _, container in containers(manifests):
        if container["image"].startswith("tocsin-worker"):
            assert container["command"][-1] == "/opt/tocsin/worker/pool.py"
            assert all(word.partition("=")[0] in told for word in container["args"])


def test_a_worker_starts_with_what_any_engine_gives(deploy):
    """An id and where to ask are enough; the runner's word goes before an option's, and either must be there."""
    boot = loaded(deploy / "worker" / "boot.py")
    bare = argparse.Namespace(id="7", control_endpoint=None, logging_endpoint=None)
    info = beam_provision_api_pb2.ProvisionInfo(
        control_endpoint=endpoints_pb2.ApiServiceDescriptor(url="localhost:1"),
        logging_endpoint=endpoints_pb2.ApiServiceDescriptor(url="localhost:2"),
    )
    made = boot.environment_of(bare, info)
    assert (made["WORKER_ID"], made["PYTHONSAFEPATH"]) == ("7", "1")
    assert "localhost:1" in made["CONTROL_API_SERVICE_DESCRIPTOR"]
    named = argparse.Namespace(id="7", control_endpoint="localhost:3", logging_endpoint="localhost:4")
    made = boot.environment_of(named, beam_provision_api_pb2.ProvisionInfo())
    assert "localhost:3" in made["CONTROL_API_SERVICE_DESCRIPTOR"]
    assert "localhost:4" in made["LOGGING_API_SERVICE_DESCRIPTOR"]
    with pytest.raises(SystemExit, match="endpoint"):
        boot.environment_of(bare, beam_provision_api_pb2.ProvisionInfo())


def test_the_template_of_dataflow_asks_for_options_that_there_are(deploy):
    """Each parameter is an option of tocsin or of Beam, and the launcher puts it where it belongs."""
    launch = loaded(deploy / "dataflow" / "launch.py")
    template = json.loads((deploy / "dataflow" / "metadata.json").read_text())
    named = {parameter["name"].replace("_", "-") for parameter in template["parameters"]}
    assert named - {"sdk-container-image"} <= set(launch.OURS)
    given = dict.fromkeys(launch.OURS, "1") | {
        "out": "s3://bucket/lake",
        "only-due": "true",
        "deadline": "12m",
    }
    words = launch.command(
        [
            *(f"--{name.replace('-', '_')}={value}" for name, value in given.items()),
            "--runner=DataflowRunner",
            "--project=harbour",
            "--sdk_container_image=tocsin-dataflow-worker:0.1.0",
        ]
    )
    params = parsed(words)
    assert (params["out"], params["only_due"], params["runner"]) == (
        "s3://bucket/lake",
        True,
        "DataflowRunner",
    )
    assert params["beam"] == ["--project=harbour", "--sdk_container_image=tocsin-dataflow-worker:0.1.0"]
    assert beam_options(params["beam"]) is not None
    assert not parsed(launch.command(["--feeds=f", "--out=s3://b/l", "--only_due=false"]))["only_due"]


def test_the_images_of_dataflow_stand_on_those_of_the_image(deploy, project_root):
    """Their bases are what the Dockerfile of deploy/image makes, and their lock holds Beam at the project's version."""
    text = (deploy / "dataflow" / "Dockerfile").read_text()
    made = set(re.findall(r"--tag (tocsin\S*)", (deploy / "image" / "Dockerfile").read_text()))
    assert set(re.findall(r"^FROM (tocsin\S+) AS", text, re.MULTILINE)) == made
    assert text.rstrip().splitlines()[-2].startswith("USER 10001")
    lock = (deploy / "dataflow" / "requirements.lock").read_text()
    own = (project_root / "requirements.lock").read_text()
    pins = [set(re.findall(r"^([a-z0-9._-]+)==(\S+)", one, re.MULTILINE)) for one in (lock, own)]
    both = {name for name, _ in pins[0]} & {name for name, _ in pins[1]}
    assert {"apache-beam", "pyarrow", "protobuf"} <= both
    assert {pin for pin in pins[0] if pin[0] in both} == {pin for pin in pins[1] if pin[0] in both}
    assert "://" not in lock
    assert lock.count("--hash=sha256:") > 100
