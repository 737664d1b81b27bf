"""A file of dispel4py's and the command: a process of its own, in a folder of the user's files."""

import json
import os
import subprocess
import sys

import pytest

OLD = """
from dispel4py.base import ProducerPE
from dispel4py.core import GenericPE
from dispel4py.workflow_graph import WorkflowGraph
from pieces import pairs

class Words(ProducerPE):
    def __init__(self):
        ProducerPE.__init__(self)

    def _process(self, inputs):
        for word in "to be or not to be".split():
            self.write('output', pairs(word))

class Count(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input('input', grouping=[0])
        self._add_output('output')
        self.counts = {}

    def _process(self, inputs):
        word, number = inputs['input']
        self.counts[word] = self.counts.get(word, 0) + number

    def _postprocess(self):
        for word in self.counts:
            self.write('output', (word, self.counts[word]))

words = Words()
words.name = 'words'
count = Count()
count.numprocesses = 2
graph = WorkflowGraph()
graph.connect(words, 'output', count, 'input')
second = WorkflowGraph()
second.connect(Words(), 'output', Count(), 'input')
"""
PIECES = "import dispel4py.core\n\ndef pairs(word):\n    assert dispel4py.core.NAME == 'name'\n    return [word, 1]\n"
COUNTS = [["be", 2], ["not", 1], ["or", 1], ["to", 2]]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "old.py").write_text(OLD)
    (tmp_path / "pieces.py").write_text(PIECES)
    return tmp_path


def sferic(folder, *arguments, path="", **environment):
    return subprocess.run(
        [sys.executable, "-m", "sferic.cli", *arguments], cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(path), **environment},
    )  # fmt: skip


def values(done):
    assert done.returncode == 0, done.stderr
    return sorted(json.loads(line)["value"] for line in done.stdout.splitlines())


@pytest.mark.parametrize("on", ["local", "multi", "storm"])
def test_runs_unchanged(folder, on):
    assert values(sferic(folder, "run", "old.py", "--on", on)) == COUNTS


def test_compiles_and_builds_from_what_travels(folder):
    done = sferic(folder, "compile", "old.py", "--to", "storm", "-o", "out")
    assert done.returncode == 0, done.stderr
    files = json.loads((folder / "out" / "MANIFEST.json").read_text())["files"]
    assert "resources/sferic/runtime/compat/finder.py" in files
    assert "resources/pieces.py" in files


@pytest.mark.parametrize("command", [["check"], ["explain"], ["draw", "--as", "dot"]], ids=lambda command: command[0])
def test_every_command_that_looks_at_it_reads_it(folder, command):
    done = sferic(folder, *command, "old.py")
    assert done.returncode == 0, done.stderr


def test_another_dispel4py_is_not_shadowed_silently(folder, tmp_path):
    other = tmp_path / "installed" / "dispel4py"
    (other / "examples").mkdir(parents=True)
    (other / "__init__.py").write_text("raise RuntimeError('asked')\n")
    (other / "examples" / "__init__.py").write_text("")
    (other / "examples" / "mine.py").write_text(OLD)
    done = sferic(folder, "run", "old.py", path=other.parent)
    assert values(done) == COUNTS
    assert f"sferic answers for dispel4py: the one in {other} is not used" in done.stderr
    of_theirs = sferic(folder, "run", "dispel4py.examples.mine", path=other.parent)
    assert values(of_theirs) == COUNTS  # the installed one's examples, with our classes


def test_a_file_of_that_name_is_not_shadowed_silently_either(folder):
    (folder / "dispel4py.py").write_text("raise RuntimeError(1)\n")
    done = sferic(folder, "run", "old.py", path=folder)
    assert values(done) == COUNTS
    assert f"the one in {folder / 'dispel4py.py'} is not used" in done.stderr


def test_nothing_is_said_where_nobody_asks_for_it(folder, tmp_path):
    (tmp_path / "installed" / "dispel4py").mkdir(parents=True)
    (tmp_path / "installed" / "dispel4py" / "__init__.py").write_text("")
    (folder / "own.py").write_text(
        "import sferic\ngraph = sferic.WorkflowGraph()\ngraph.add(sferic.SimpleFunctionPE(str))\n"
    )
    done = sferic(folder, "run", "own.py", "-d", '{"str": [{"input": 1}]}', path=tmp_path / "installed")
    assert values(done) == ["1"]
    assert "dispel4py" not in done.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("from dispel4py.provenance import *", "sferic records no provenance yet"),
        ("from dispel4py.new.dynamic_redis import process", "without a Redis server"),
        ("from dispel4py.new.processor import GenericWrapper", "it is part of how dispel4py ran a graph"),
        ("from dispel4py.seismo.seismo import SeismoPE", "a function in SimpleFunctionPE"),
        ("from dispel4py.new.spark_process import run", "`sferic run FILE --on spark` runs the same file"),
        ("import dispel4py.mine", "is no module of dispel4py's that sferic knows"),
    ],
)
def test_what_has_no_counterpart_says_what_to_use(folder, line, said):
    (folder / "odd.py").write_text(f"\n{line}\n")
    done = sferic(folder, "check", "odd.py")
    assert done.returncode == 2
    assert said in done.stderr
    assert 'odd.py", line 2' in done.stderr
    assert "Install" not in done.stderr


@pytest.mark.parametrize("on", ["multi", "storm"])
def test_a_file_that_starts_a_run_itself(folder, on):
    run = """
from dispel4py.new.simple_process import process_and_return
try:
    results = process_and_return(graph, {words: 1})
except Exception:
    raise SystemExit('this must not be caught')
print(sorted(results[count.id]['output']))
"""
    (folder / "starts.py").write_text(OLD + run)
    done = sferic(folder, "run", "starts.py:graph", "--on", on)
    assert done.stdout.splitlines()[0] == str([tuple(pair) for pair in COUNTS])
    assert sorted(json.loads(line)["value"] for line in done.stdout.splitlines()[1:]) == COUNTS
    assert done.stdout.count("[(") == 1  # workers read no further than they need


UNKNOWN = """
from dispel4py.base import ProducerPE, IterativePE
from dispel4py.workflow_graph import WorkflowGraph

class Trace(object):
    def __init__(self, number):
        self.number = number

class Traces(ProducerPE):
    def _process(self, inputs):
        self.write('output', Trace(7))

class Number(IterativePE):
    def _process(self, data):
        return data.number

graph = WorkflowGraph()
graph.connect(Traces(), 'output', Number(), 'input')
"""


def test_items_of_any_type_with_codec_trusted(folder):
    (folder / "traces.py").write_text(UNKNOWN)
    done = sferic(folder, "run", "traces.py", "--on", "multi")
    assert done.returncode == 1
    assert "traces:Trace" in done.stderr
    assert "--codec trusted" in done.stderr
    assert values(sferic(folder, "run", "traces.py", "--on", "multi", "--codec", "trusted")) == [7]
    assert values(sferic(folder, "d4py", "multi", "traces.py", "-n", "2", "--codec", "trusted")) == [7]


def test_an_unconnected_input_is_a_warning(folder):
    joined = OLD + "count._add_input('other')\n"
    (folder / "loose.py").write_text(joined)
    done = sferic(folder, "run", "loose.py:graph")
    assert values(done) == COUNTS
    assert "loose.py:35: nothing is connected to input 'other' of Count" in done.stderr
    checked = sferic(folder, "check", "loose.py:graph")
    assert checked.returncode == 0
    assert "warning: " in checked.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["simple", "old.py"], "run old.py --on local --single"),
        (["simple", "-a", "second", "old.py", "-i", "2"], "run old.py:second --on local --single -i 2"),
        (["multi", "old.py", "-n", "4"], "run old.py --on multi -n 4"),
        (["multi", "-n", "4", "old.py", "-s"], "run old.py --on multi -n 4 --fuse hints"),
        (["multi", "old.py", "-n", "4", "-d", '{"words": 1}', "-i", "3"], """run old.py --on multi -n 4 -d '{"words": 1}'"""),
        (["multi", "old.py", "-n", "4", "-f", "in.json", "-d", "{}"], "run old.py --on multi -n 4 -f in.json"),
        (["mpi", "old.py"], "run old.py --on multi"),
        (["dyn_multi", "old.py", "-n", "3"], "run old.py --on multi -n 3"),
        (["storm", "old.py", "Top", "-m", "create"], "compile old.py --to storm --name Top"),
    ],
)  # fmt: skip
def test_dispel4py_s_command_line(folder, arguments, told):
    (folder / "in.json").write_text('{"words": 1}')
    done = sferic(folder, "d4py", *arguments)
    assert done.returncode == 0, done.stderr
    assert f"sferic {told}" in done.stderr.splitlines()
    if told.startswith("run"):
        times = 2 if "-i 2" in told else 1
        found = {}
        for line in done.stdout.splitlines():
            word, number = json.loads(line)["value"]
            found[word] = found.get(word, 0) + number
        assert sorted(map(list, found.items())) == [[word, number * times] for word, number in COUNTS]


def test_the_module_of_a_folder(folder):
    (folder / "package").mkdir()
    (folder / "package" / "__init__.py").write_text("")
    (folder / "package" / "old.py").write_text(OLD)
    assert values(sferic(folder, "d4py", "simple", "package.old")) == COUNTS


def test_spark_is_another_target(folder):
    done = sferic(folder, "d4py", "spark", "old.py", "-n", "4")
    assert "sferic run old.py --on spark -n 4" in done.stderr
    assert values(done) == COUNTS


def test_remote_is_a_submission(folder):
    done = sferic(folder, "d4py", "storm", "old.py", "words", "-m", "remote", "-n", "4", SFERIC_STATE=str(folder))
    assert "sferic submit old.py --name words -n 4" in done.stderr
    assert "sferic cluster up" in done.stderr


def test_mpi_says_what_takes_its_place(folder):
    done = sferic(folder, "d4py", "mpi", "old.py", "-n", "4")
    assert "processes of this machine take the place of MPI's" in done.stderr


def test_below_mpiexec_the_first_rank_runs_all(folder):
    first = sferic(folder, "d4py", "mpi", "old.py", OMPI_COMM_WORLD_RANK="0", OMPI_COMM_WORLD_SIZE="4")
    assert values(first) == COUNTS
    assert "sferic run old.py --on multi -n 4" in first.stderr
    other = sferic(folder, "d4py", "mpi", "old.py", OMPI_COMM_WORLD_RANK="1", OMPI_COMM_WORLD_SIZE="4")
    assert (other.returncode, other.stdout) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["strom", "old.py"], "'strom' is no target. Targets are simple, multi, mpi, storm"),
        (["storm", "old.py", "-m", "remote"], "needs a name. Say it after old.py"),
        (["simple", "no_such_file.py"], "there is no file"),
    ],
)
def test_what_dispel4py_s_command_line_cannot_do(folder, arguments, said):
    done = sferic(folder, "d4py", *arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_one_is_scaled_as_theirs_and_more_is_exact(folder):
    explained = json.loads(sferic(folder, "explain", "old.py:second", "--on", "multi", "-n", "6", "--json").stdout)
    assert instances(explained) == {"Words": 1, "Count": 5}
    explained = json.loads(sferic(folder, "explain", "old.py:graph", "--on", "multi", "-n", "6", "--json").stdout)
    assert instances(explained) == {"words": 1, "Count": 2}


def instances(explained):
    return {pe["path"]: pe["instances"] for pe in explained["pes"]}


def test_fewer_processes_than_asked_for(folder):
    done = sferic(folder, "run", "old.py:graph", "--on", "multi", "-n", "2")
    assert values(done) == COUNTS
    explained = sferic(folder, "explain", "old.py:graph", "--on", "multi", "-n", "2").stdout
    assert "-n 2 is less than the 3 that the PEs ask for" in explained


def test_a_function_that_starts_a_run_cannot_be_built_by_workers(folder):
    builds = (
        OLD
        + """
def build():
    from dispel4py.new.simple_process import process
    process(graph, {words: 1})
    return graph
"""
    )
    (folder / "builds.py").write_text(builds)
    assert "be" in sferic(folder, "run", "builds.py:build").stdout
    done = sferic(folder, "compile", "builds.py:build", "--to", "storm")
    assert done.returncode == 2
    assert "builds.py:build: starts a run, which a worker cannot; start it outside the function" in done.stderr
