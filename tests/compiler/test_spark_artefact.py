"""The Spark artefact: the same bytes for the same input, readable, and hostile names stay text."""

import ast
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

import sferic
from sferic import WrongInput
from sferic.compiler.load import load
from sferic.compiler.pipeline import Options, compile_plan
from sferic.compiler.targets.spark import make_artefact
from sferic.runtime.spark.storage import kept_twice

ROOT = Path(__file__).resolve().parents[2]
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


DEALT = """
from sferic import ProducerPE, SimpleFunctionPE, WorkflowGraph


class Numbers(ProducerPE):
    def _process(self, inputs):
        yield 1


graph = WorkflowGraph("dealt")
graph.connect(Numbers(), "output", pe := SimpleFunctionPE(abs), "input")
pe.numprocesses = 2
"""


def write_workflow(folder):
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "a.txt").write_text("a")
    (folder / "helper.py").write_text("def twice(data):\n    return 2 * data\n")
    (folder / "doubles.py").write_text(WORKFLOW)


def compile_in(folder, seed="0", *more):
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-m", "sferic.cli", "compile", "doubles.py", "--to", "spark", "-o", "out", *more]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_same_bytes_for_the_same_input(tmp_path):
    made = []
    for place, seed in (("one", "1"), ("two/deeper", "2")):
        write_workflow(tmp_path / place)
        assert compile_in(tmp_path / place, seed).returncode == 0
        made.append(tmp_path / place / "out")
    names = sorted(path.name for path in made[0].iterdir())
    assert names == ["MANIFEST.json", "flow.zip", "job.py", "packages.zip", "plan.json"]
    for name in names:
        assert (made[0] / name).read_bytes() == (made[1] / name).read_bytes(), name
    assert str(tmp_path).encode() not in b"".join((made[0] / name).read_bytes() for name in names)


def test_what_travels_is_all_there_and_in_the_manifest(tmp_path):
    write_workflow(tmp_path)
    assert compile_in(tmp_path).returncode == 0
    manifest = json.loads((tmp_path / "out" / "MANIFEST.json").read_text())
    assert manifest["submit"] == "spark-submit --py-files flow.zip --archives packages.zip#packages job.py"
    held = {"job.py": (tmp_path / "out" / "job.py").read_bytes()}
    for name in ("flow.zip", "packages.zip"):
        with zipfile.ZipFile(tmp_path / "out" / name) as archive:
            held |= {f"{name}/{each}": archive.read(each) for each in archive.namelist()}
    assert {name: hashlib.sha256(data).hexdigest() for name, data in held.items()} == manifest["files"]
    expected = ("plan.json", "files/doubles.py", "files/helper.py", "files/data/a.txt", "sferic/runtime/spark/task.py")
    assert {"packages.zip/ormsgpack/__init__.py", *(f"flow.zip/{name}" for name in expected)} <= held.keys()


BARE = """
import runpy
import sys

sys.path.insert(0, "out/flow.zip")
sys.modules["ormsgpack"] = None  # cannot be imported
print(sorted(runpy.run_path("out/job.py", run_name="job")))
import sferic.submitted
assert "flow.zip" in sferic.submitted.__file__
"""


@pytest.mark.parametrize("mode", ["batch", "dstream"])
def test_a_job_and_its_tasks_begin_before_packages_that_came_along_can_be_imported(tmp_path, mode):
    write_workflow(tmp_path)
    assert compile_in(tmp_path, "0", "--mode", mode).returncode == 0
    done = subprocess.run([sys.executable, "-c", BARE], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert ("stream" if mode == "dstream" else "stages") in done.stdout


def test_what_was_written_is_told_and_only_an_artefact_is_overwritten(tmp_path):
    write_workflow(tmp_path)
    said = compile_in(tmp_path).stdout
    assert "out/flow.zip: 2 stages" in said
    assert "spark-submit --py-files out/flow.zip --archives out/packages.zip#packages out/job.py" in said
    said = compile_in(tmp_path, "0", "-o", "my out").stdout
    packages = (tmp_path / "my out" / "packages.zip").as_uri()
    assert packages.endswith("/my%20out/packages.zip")
    assert f"--py-files 'my out/flow.zip' --archives {packages}#packages 'my out/job.py'" in said
    assert compile_in(tmp_path).returncode == 0
    (tmp_path / "out" / "job.py").unlink()
    again = compile_in(tmp_path)
    assert again.returncode == 2
    assert "out is there already, and is no artefact" in again.stderr


MODES = ["batch", "dstream"]


def job_of(graph, name="job", mode="batch"):
    plan = compile_plan(graph, Options(target="spark", fuse="none")).plan
    return make_artefact(plan, Path(), name=name, version="0", mode=mode).job_py


class Source(sferic.ProducerPE):
    pass


class Sink(sferic.IterativePE):
    def _process(self, item):
        return item


HOSTILE = (
    '"""\nimport os; os.abort()\n#',
    "'); 1/0 #",
    "\\",
    "\N{SNOWMAN}\u2028x = 1",
    "class",
    "sc",
    "run",
    "__name__",
    "Bucket",
)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_names_stay_text(name, mode):
    graph = sferic.WorkflowGraph()
    source, sink, other = Source(), Sink(), Sink()
    source.name, sink.name, other.name = name, f"{name} ", f" {name}"
    graph.connect(source, "output", sink, "input")
    graph.connect(sink, "output", other, "input")
    graph.connect(source, "output", other, "input")
    text = job_of(graph, mode=mode)
    assert text.isascii()
    if mode == "dstream":
        kinds = [type(node).__name__ for node in ast.parse(text).body]
        assert kinds == ["Expr", "Import", *["ImportFrom"] * 4, *["Assign"] * 3, *["FunctionDef"] * 2, "If"]
        return
    stages = next(node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef))
    kinds = [type(node).__name__ for node in stages.body]
    assert kinds == ["Expr", *["Assign", "Expr"] * 3, "Return"]
    variables = {node.targets[0].id for node in stages.body if isinstance(node, ast.Assign)}
    imported = {name.asname or name.name for node in ast.walk(ast.parse(text)) for name in getattr(node, "names", ())}
    assert len(variables - imported - {"sc", "run", "stages"}) == 3


def test_a_job_is_clean_to_the_linter_and_formatted(tmp_path):
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    (tmp_path / "plain.py").write_text(DEALT.replace("numprocesses = 2", "numprocesses = 1"))
    (tmp_path / "dealt.py").write_text(DEALT)
    ready = [ROOT / "topologies" / name for name in ("identifiers.py", "languages.py", "words.py")]
    for path in (*ready, tmp_path / "plain.py", tmp_path / "dealt.py"):
        loaded, workflow = load(str(path), []), path.name
        for mode in MODES:
            (jobs / f"{mode}_{workflow}").write_text(job_of(loaded.graph, mode=mode))
    for check in (["check", "--select", "E,F,W,I,B,N,UP,RUF,ANN,PL"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *check, "--isolated", "--line-length", "120", str(jobs)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_what_is_dealt_out_in_turn_is_kept_on_two_executors_and_nothing_else():
    graph = sferic.WorkflowGraph()
    source, dealt, last = Source(), Sink(), Sink()
    source.name, dealt.name, last.name = "source", "dealt", "last"
    dealt.numprocesses = 2
    graph.connect(source, "output", dealt, "input")
    graph.connect(dealt, "output", last, "input")
    kept = dict(line.strip().split(".persist") for line in job_of(graph).splitlines() if ".persist(" in line)
    once = "(StorageLevel.MEMORY_AND_DISK)"
    assert kept == {"source": "(kept_twice(sc))", "dealt": once, "last": once}
    for master, copies in (("local[2]", 1), ("spark://one:7077", 2), ("yarn", 2)):
        assert kept_twice(SimpleNamespace(master=master)).replication == copies


@pytest.mark.parametrize(("mode", "file"), [("batch", "job.py"), ("dstream", "stream.py")])
def test_the_job_of_a_ready_workflow(golden, mode, file):
    loaded = load(str(ROOT / "topologies" / "languages.py"), [])
    golden(ROOT / "tests" / "golden" / "languages" / file, job_of(loaded.graph, "languages", mode))


def test_an_endless_source_makes_a_stream_and_is_refused_in_a_batch_job(tmp_path):
    write_workflow(tmp_path)
    path = tmp_path / "doubles.py"
    path.write_text(
        path.read_text().replace("class Numbers(ProducerPE):", "class Numbers(ProducerPE):\n    endless = True")
    )
    assert "packages out/job.py --checkpoint FOLDER" in compile_in(tmp_path).stdout
    assert "run.tick(time, superstep)" in (tmp_path / "out" / "job.py").read_text()
    done = compile_in(tmp_path, "0", "--mode", "batch")
    assert done.returncode == 2
    assert "Numbers is endless: a batch job ends when its sources do" in done.stderr
    assert "doubles.py:" in done.stderr


def test_a_name_that_is_none():
    graph = sferic.WorkflowGraph()
    graph.add(Source())
    with pytest.raises(WrongInput, match="is no name for a job"):
        job_of(graph, "../up")
