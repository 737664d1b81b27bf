"""What `compile --to spark` wrote, submitted by Spark's own command, with an interpreter that has no sferic."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pyspark
import pytest

from sferic.cluster.spark_install import spark_environment
from sferic.runtime.letters import read_letters
from sferic.submitted import main_of_stream

_spec = importlib.util.spec_from_file_location("wheels", Path(__file__).parents[1] / "cluster" / "wheels.py")
wheels = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(wheels)

HOME = Path(pyspark.__file__).parent

WORKFLOW = '''
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from sferic import IterativePE, ProducerPE, WorkflowGraph

include = ["numbers.txt"]


@dataclass
class Squared:
    number: int
    square: int


class Numbers(ProducerPE):
    def _process(self, inputs):
        for line in Path(__file__).with_name("numbers.txt").read_text().split():
            yield int(line)


class Square(IterativePE):
    on_failure = "dead-letter"
    numprocesses = 2

    def __init__(self, flag):
        super().__init__()
        self.flag = flag

    def _process(self, number):
        if number == 50 and self.flag and first_time(self.flag):
            os.kill(executor(), signal.SIGKILL)
        if number % 10 == 3:
            raise ValueError(f"cannot square {number}")
        return Squared(number, number * number)


class Sum(IterativePE):
    def __init__(self):
        super().__init__()
        self.inputconnections["input"]["grouping"] = "global"
        self.sum = 0

    def _process(self, squared):
        self.sum += squared.square

    def _postprocess(self):
        self.write("output", self.sum)


def first_time(path):
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def executor():
    """The JVM above the worker and its daemon."""
    pid = os.getpid()
    for _ in range(3):
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    assert Path(f"/proc/{pid}/comm").read_text() == "java\\n"
    return pid


def build(flag=""):
    graph = WorkflowGraph("squares")
    square = Square(flag)
    graph.connect(Numbers(), "output", square, "input")
    graph.connect(square, "output", Sum(), "input")
    return graph
'''


@pytest.fixture
def submit(tmp_path, bare):
    """`submit(master, *options)`: compiles the workflow and submits it as its manifest says. `more`: environment of the
    compilation."""

    def submitted(master, *options, workflow=WORKFLOW, **more):
        folder = tmp_path / "project"
        folder.mkdir()
        (folder / "squares.py").write_text(workflow)
        (folder / "numbers.txt").write_text("\n".join(map(str, range(100))))
        command = [sys.executable, "-m", "sferic.cli", "compile", "squares.py", "--to", "spark", *options]
        subprocess.run([*command, "-o", str(tmp_path / "out")], cwd=folder, env={**os.environ, **more}, check=True)
        line = json.loads((tmp_path / "out" / "MANIFEST.json").read_text())["submit"]
        line = line.replace("FOLDER", str(tmp_path / "checkpoint")).split()
        assert line[0] == "spark-submit"
        command = [HOME / "bin" / "spark-submit", "--master", master, *line[1:]]
        command += ["--results", tmp_path / "results", "--dead-letters", tmp_path / "letters"]
        env = spark_environment(loopback=True) | {"PYSPARK_PYTHON": str(bare), "PYSPARK_DRIVER_PYTHON": str(bare)}
        env = {name: value for name, value in env.items() if name != "PYTHONPATH"}
        return subprocess.run(command, cwd=tmp_path / "out", env=env, capture_output=True, text=True, check=False)

    return submitted


def check(done, tmp_path):
    assert done.returncode == 3, done.stdout + done.stderr  # done, but items failed
    expected = sum(n * n for n in range(100) if n % 10 != 3)
    assert [json.loads(line) for line in (tmp_path / "results").read_text().splitlines()] == [
        {"pe": "Sum", "port": "output", "value": expected}
    ]
    letters = list(read_letters(tmp_path / "letters"))
    assert sorted(letter.items()[0] for letter in letters) == list(range(3, 100, 10))
    assert {letter.pe for letter in letters} == {"Square"}
    # spark-submit passes what its job says on stderr on to its own stdout.
    assert [line for line in done.stdout.splitlines() if line.startswith("Square: ")] == [
        "Square: 100 in, 90 out, 10 failed"
    ]


pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.mark.parametrize("mode", ["batch", "dstream"])
def test_a_job_runs_where_no_sferic_is_installed(tmp_path, submit, mode):
    check(submit("local[2]", "--mode", mode), tmp_path)


def test_on_a_cluster_whose_executor_is_killed_results_are_exact(tmp_path, submit, cluster):
    flag = tmp_path / "killed"
    done = submit(cluster.master, "-p", f"flag={flag}")
    assert flag.exists()
    check(done, tmp_path)


ESCAPED = """
import markupsafe
import markupsafe._speedups
from sferic import IterativePE, ProducerPE, WorkflowGraph


class Texts(ProducerPE):
    def read(self, position):
        yield from ((f"<{number}>", number + 1) for number in range(position or 0, 100))


class Escaped(IterativePE):
    stateless = True

    def _process(self, text):
        return str(markupsafe.escape(text)), markupsafe._speedups.__file__


graph = WorkflowGraph("escaped")
graph.connect(Texts(), "output", Escaped(), "input")
"""


@pytest.mark.parametrize("mode", ["batch", "dstream"])
def test_packed_packages_travel_and_compiled_ones_are_imported_on_executors(tmp_path, submit, cluster, mode):
    """They cannot be imported from a zip: each executor has unpacked them where Spark keeps its files."""
    wheels.repacked(tmp_path / "index", "ormsgpack")
    wheels.repacked(tmp_path / "index", "markupsafe")
    here = ("--platform", f"{sys.platform}_{os.uname().machine}")
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "index")}
    options = ("--pack", *here, "--mode", mode, "--fuse", "none")
    done = submit(cluster.master, *options, workflow=ESCAPED, **offline)
    assert done.returncode == 0, done.stdout + done.stderr
    found = [json.loads(line)["value"] for line in (tmp_path / "results").read_text().splitlines()]
    assert sorted(text for text, _ in found) == sorted(f"&lt;{number}&gt;" for number in range(100))
    for place in {place for _, place in found}:
        assert "/packages/markupsafe/" in place


WITHOUT_PACKAGES = """
import sys
from types import SimpleNamespace

sys.path.insert(0, "out/flow.zip")
import pyspark

pyspark.SparkFiles.get = lambda name: f"nowhere/{name}"
pyspark.SparkFiles.getRootDirectory = lambda: "unpacked"
pyspark.SparkContext._active_spark_context = SimpleNamespace(master=sys.argv[1])
from sferic.runtime.spark.flow import Flow, NoFlow

try:
    Flow.travelling().here()
except NoFlow as error:
    print(error)
else:
    import ormsgpack
    print(ormsgpack.__file__)
"""


@pytest.mark.parametrize(
    ("master", "said"), [("local[2]", "--archives packages.zip#packages"), ("yarn", "unpacked/flow-")]
)
def test_where_spark_unpacked_no_packages_the_driver_says_so_or_on_yarn_does_it_itself(tmp_path, bare, master, said):
    (tmp_path / "squares.py").write_text(WORKFLOW)
    (tmp_path / "numbers.txt").write_text("1")
    compiling = [sys.executable, "-m", "sferic.cli", "compile", "squares.py", "--to", "spark", "-o", "out"]
    subprocess.run(compiling, cwd=tmp_path, check=True)
    (tmp_path / "unpacked").mkdir()
    command = [bare, "-c", WITHOUT_PACKAGES, master]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--results", "/nowhere/x"), "--results /nowhere/x: its folder is not there or not to be written to"),
        (("--dead-letters", "/nowhere/x"), "--dead-letters /nowhere/x: its folder is not there"),
        (("--status", "/nowhere/x"), "--status /nowhere/x: its folder is not there"),
        (("--result", "x"), "unrecognized arguments: --result x"),
        (("--interval", "0.0001"), "'0.0001' is no interval: write seconds, from 0.05 to 86,400"),
        (("--interval", "nan"), "'nan' is no interval"),
        (("--interval", "inf"), "'inf' is no interval"),
        (("--interval", "often"), "'often' is no interval"),
    ],
)
def test_what_is_wrong_is_said_before_spark_starts(option, said, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["job.py", *option])
    with pytest.raises(SystemExit) as left:
        main_of_stream("squares", "1", {}, lambda *_: None)
    assert left.value.code == 2
    assert said in capsys.readouterr().err


def test_why_spark_could_not_start_is_said_in_a_line(tmp_path, submit_out):
    (tmp_path / "squares.py").write_text(WORKFLOW)
    (tmp_path / "numbers.txt").write_text("1")
    compiling = [sys.executable, "-m", "sferic.cli", "compile", "squares.py", "--to", "spark", "-o", "out"]
    subprocess.run(compiling, cwd=tmp_path, check=True)
    command = [*submit_out[:1], "--conf", "spark.files=/nowhere/x", *submit_out[1:], "--status", "status.json"]
    env = spark_environment(loopback=True)
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert (
        done.stdout.startswith("Spark could not start: ") and done.stdout.count("\n") == 1
    )  # where Python's stderr is
    error = json.loads((tmp_path / "status.json").read_text())["error"]
    assert "/nowhere/x" in error and "(--conf …)" in error
