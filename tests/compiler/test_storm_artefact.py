"""The Storm artefact: the same bytes for the same input, and hostile names stay text."""

import ast
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

import sferic
from sferic.compiler.diagnostics import WrongInput
from sferic.compiler.pipeline import Options, compile_plan
from sferic.compiler.targets.storm import make_artefact, write_artefact
from sferic.compiler.targets.storm.harmless import refuse_harmful

WORKFLOW = """
from helper import twice
from sferic import IterativePE, ProducerPE, WorkflowGraph

include = ["data/*.txt"]


class Numbers(ProducerPE):
    def _process(self, inputs):
        yield from range(10)


class Twice(IterativePE):
    def _process(self, data):
        return twice(data)


graph = WorkflowGraph("doubles")
graph.connect(Numbers(), "output", Twice(), "input")
"""


def write_workflow(folder):
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "a.txt").write_text("a")
    (folder / "helper.py").write_text("def twice(data):\n    return 2 * data\n")
    (folder / "doubles.py").write_text(WORKFLOW)


def compile_in(folder, seed):
    write_workflow(folder)
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-m", "sferic.cli", "compile", "doubles.py", "--to", "storm", "-o", "out"]
    subprocess.run(command, cwd=folder, env=environment, check=True)
    return folder / "out"


def test_same_bytes_for_the_same_input(tmp_path):
    first, second = compile_in(tmp_path / "one", "1"), compile_in(tmp_path / "two" / "deeper", "2")
    names = sorted(path.name for path in first.iterdir())
    assert names == ["MANIFEST.json", "config.json", "doubles.jar", "plan.json", "topology.py"]
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    assert str(tmp_path).encode() not in b"".join((first / name).read_bytes() for name in names)
    with zipfile.ZipFile(first / "doubles.jar") as jar:
        held = set(jar.namelist())
        assert {
            "sferic/HostBolt.class",
            "topology.bin",
            "resources/plan.json",
            "resources/doubles.py",
            "resources/helper.py",
            "resources/data/a.txt",
            "resources/sferic/runtime/worker.py",
        } <= held
        manifest = json.loads(jar.read("MANIFEST.json"))
        for name, digest in manifest["files"].items():
            assert hashlib.sha256(jar.read(name)).hexdigest() == digest


def test_what_was_written_is_told_to_programs(tmp_path):
    write_workflow(tmp_path)
    command = [sys.executable, "-m", "sferic.cli", "compile", "doubles.py", "--to", "storm", "--name", "d-1", "--json"]
    told = json.loads(subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stdout)
    jar = tmp_path / "d-1-storm" / "d-1.jar"
    stages = len(json.loads((jar.parent / "plan.json").read_text())["stages"])
    assert told == {"jar": "d-1-storm/d-1.jar", "name": "d-1", "stages": stages, "bytes": jar.stat().st_size}


class Numbers(sferic.ProducerPE):
    pass


class Same(sferic.IterativePE):
    def _process(self, item):
        return item


HOSTILE = [
    '"""',
    "';import os#",
    "{{ 7*7 }}",
    "a\nb",
    "../../etc/passwd",
    "\\",
    "…é\u202e",
    "x" * 10_000,
    "results",
    "__ack",
]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_stay_text(name):
    graph = sferic.WorkflowGraph()
    source, sink = Numbers(), Same()
    source.name, sink.name = name, name + "2"
    graph.connect(source, "output", sink, "input")
    plan = compile_plan(graph, Options(target="storm", fuse="none")).plan
    artefact = make_artefact(plan, Path.cwd(), name="t", python="python3", version="1")
    tree = ast.parse(artefact.topology_py)
    [topology] = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    components = [node for node in topology.body if isinstance(node, ast.Assign)]
    assert len(components) == len(topology.body) == 3
    for stage in plan.stages:
        assert stage.id.isascii()
        assert all(c.isalnum() or c in "_-" for c in stage.id)
        assert len(stage.id) < 60
        assert not stage.id.startswith("__")
        assert stage.id != "results"


def test_two_thousand_stages_fit_into_what_nimbus_takes():
    graph, before = sferic.WorkflowGraph(), [Numbers()]
    for number in range(2000):
        pe = Same()
        pe.name = f"Filter{number}"
        for other in before[-2:] if number % 2 else before[-1:]:
            graph.connect(other, "output", pe, "input")
        before.append(pe)
    plan = compile_plan(graph, Options(target="storm", fuse="none")).plan
    artefact = make_artefact(plan, Path.cwd(), name="t", python="python3", version="1")
    assert len(plan.stages) == 2001
    assert len(artefact.struct) < 1 << 20


def test_a_name_that_storm_does_not_take():
    graph = sferic.WorkflowGraph()
    graph.add(Numbers())
    plan = compile_plan(graph, Options(target="storm")).plan
    with pytest.raises(WrongInput, match="is no name for a topology"):
        make_artefact(plan, Path.cwd(), name="../x", python="python3", version="1")


HARMFUL = {
    "worker.childopts": "-javaagent:evil.jar",
    "topology.worker.childopts": "-XX:OnError=evil",
    "topology.classpath": "/tmp/evil",
    "topology.environment": {"LD_PRELOAD": "/tmp/evil.so", "PATH": "/tmp", "PYTHONSTARTUP": "/tmp/evil.py"},
    "topology.auto.task.hooks": ["Evil"],
    "topology.kryo.register": [{"Evil": "Evil"}],
    "topology.metrics.consumer.register": [{"class": "Evil"}],
    "topology.blobstore.map": {"key": {"localname": "../x"}},
    "topology.bolt.wait.strategy": "Evil",
    "topology.spout.wait.strategy": 1.5j,
    "topology.fall.back.on.java.serialization": True,
    "topology.debug": True,
    "supervisor.port": 1,
    "storm.zookeeper.topology.auth.payload": "x",
}


@pytest.mark.parametrize("name", HARMFUL)
def test_settings_that_would_run_something_are_refused(name):
    ours = {"sferic.python": "x; rm -rf /", "topology.workers": 2, "topology.bolt.wait.park.microsec": 400}
    refuse_harmful(ours)
    with pytest.raises(WrongInput, match=f"the setting {name} would run what it names on the cluster"):
        refuse_harmful({**ours, name: HARMFUL[name]})


def test_what_the_compiler_writes_may_be_there(tmp_path):
    graph = sferic.WorkflowGraph()
    graph.add(Numbers())
    plan = compile_plan(graph, Options(target="storm", codec="trusted")).plan
    artefact = make_artefact(plan, tmp_path, name="a", python="python3", version="1")
    refuse_harmful(artefact.config)
    evil = replace(artefact, config={**artefact.config, **HARMFUL})
    with pytest.raises(WrongInput, match="worker.childopts"):
        write_artefact(evil, tmp_path / "out", shim=tmp_path / "none", runtime=tmp_path, version="1")
    assert not (tmp_path / "out").exists()


def test_a_link_lets_no_other_file_travel(tmp_path):
    (tmp_path / "secret").write_text("of the user who compiles")
    project = tmp_path / "project"
    write_workflow(project)
    (project / "data" / "link.txt").symlink_to(tmp_path / "secret")
    command = [sys.executable, "-m", "sferic.cli", "compile", "doubles.py", "--to", "storm"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"data/link.txt is a link to {tmp_path / 'secret'}, outside {project}" in done.stderr
    assert not list(project.glob("*storm*"))


class Waits(sferic.ProducerPE):
    def _process(self, inputs):
        yield 1


class Limited(sferic.IterativePE):
    hang_timeout = 7
    on_failure = "skip"

    def _process(self, item):
        return item


def test_the_config_tells_the_shim_what_it_supervises(tmp_path):
    graph = sferic.WorkflowGraph()
    graph.connect(Waits(), "output", Limited(), "input")
    plan = compile_plan(graph, Options(target="storm", fuse="none")).plan
    config = make_artefact(plan, tmp_path, name="a", python="python3", version="1").config
    assert config["sferic.stages"] == {
        "Waits": {
            "pes": [{"path": "Waits", "policy": "stop", "source": True}],
            "inputs": {},
            "outputs": {"0": ["Waits", "output"]},
        },
        "Limited": {
            "pes": [{"path": "Limited", "policy": "skip", "hang": 7.0}],
            "inputs": {"0": ["Limited", "input"]},
            "outputs": {"1": ["Limited", "output"]},
        },
    }
