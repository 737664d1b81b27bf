"""What users do wrong is answered with what is wrong, where, and what to do; never with a traceback of ours."""

import os
import subprocess
import sys
import textwrap

import pytest

import sferic
from sferic.runtime.loading import LoadingError, load_graph

WORKFLOW = """
from sferic import IterativePE, ProducerPE, WorkflowGraph

class Numbers(ProducerPE):
    def _process(self, inputs):
        yield from range(3)

class Same(IterativePE):
    def _process(self, item):
        return item

graph = WorkflowGraph()
graph.connect(Numbers(), "output", Same(), "input")
"""


def sferic_command(folder, *arguments):
    command = [sys.executable, "-m", "sferic.cli", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def workflow(tmp_path):
    (tmp_path / "flow.py").write_text(WORKFLOW)
    return tmp_path


def load(folder, text, target="wrong.py"):
    (folder / "wrong.py").write_text(textwrap.dedent(text))
    with pytest.raises(LoadingError) as told:
        load_graph(target, {}, folder)
    return str(told.value)


def test_a_file_without_a_graph(tmp_path):
    told = load(tmp_path, "x = 1\n")
    assert "no WorkflowGraph in" in told
    assert "graph = WorkflowGraph()" in told
    assert "wrong.py:NAME" in told


def test_parameters_for_a_graph_that_is_built_already(workflow):
    done = sferic_command(workflow, "run", "flow.py", "-p", "size=3")
    assert done.returncode == 2
    assert "nothing takes -p size=…" in done.stderr
    assert "def build(size)" in done.stderr


@pytest.mark.parametrize("on", ["local", "storm"])
def test_a_file_that_runs_its_workflow_when_it_is_imported(on, workflow):
    with (workflow / "flow.py").open("a") as file:
        file.write("import sferic\nprint(sferic.run(graph))\n")
    done = sferic_command(workflow, "run", "flow.py", "--on", on)
    assert done.returncode == 2
    assert done.stdout == ""
    last = len((workflow / "flow.py").read_text().splitlines())
    assert f'flow.py", line {last}' in done.stderr
    assert 'Put the call below: if __name__ == "__main__":' in done.stderr
    assert "api.py" not in done.stderr
    script = subprocess.run([sys.executable, "flow.py"], cwd=workflow, capture_output=True, text=True, check=True)
    assert "[0, 1, 2]" in script.stdout


def test_a_parameter_without_a_value(workflow):
    done = sferic_command(workflow, "run", "flow.py", "-p", "size")
    assert (done.returncode, done.stderr) == (2, "-p size says no value. Write it as NAME=VALUE\n")


@pytest.mark.parametrize("missing", ["jinja2", "streamparse"])
@pytest.mark.parametrize("command", [["run", "flow.py", "--on", "storm"], ["compile", "flow.py", "--to", "storm"]])
def test_storm_without_its_packages(workflow, monkeypatch, command, missing):
    (workflow / missing).mkdir()
    (workflow / missing / "__init__.py").write_text(f"raise ImportError('no {missing} here')")
    monkeypatch.setenv("PYTHONPATH", str(workflow))
    done = sferic_command(workflow, *command)
    assert done.returncode == 2
    assert "Do: pip install 'sferic[storm]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({"on": "strom"}, "on='strom': it is one of local, multi, storm"),
        ({"fuse": "yes"}, "fuse='yes': it is one of auto, hints, none"),
        ({"codec": "pickle"}, "codec='pickle': it is one of general, trusted"),
        ({"on_failure": "ignore"}, "on_failure='ignore': it is one of stop, skip, dead-letter"),
    ],
)
def test_run_refuses_words_that_it_does_not_know(keywords, said):
    with pytest.raises(ValueError, match=said):
        sferic.run(sferic.WorkflowGraph(), **keywords)


def test_run_refuses_what_is_no_graph_and_what_is_no_input():
    with pytest.raises(TypeError, match=r"run\(\) takes a WorkflowGraph, not 'flow.py'"):
        sferic.run("flow.py")
    with pytest.raises(TypeError, match="inputs='x': it is a number of calls"):
        sferic.run(sferic.WorkflowGraph(), inputs="x")


class Numbers(sferic.ProducerPE):
    def _process(self, inputs):
        yield 1


def test_results_of_a_pe_that_is_none():
    graph = sferic.WorkflowGraph()
    graph.add(Numbers())
    with pytest.raises(KeyError, match="'Nmbers' has no unconnected output port; Numbers has"):
        sferic.run(graph)["Nmbers"]


def test_a_file_of_a_package_is_told_its_name_as_a_module(tmp_path):
    folder = tmp_path / "around" / "outer" / "inner"
    folder.mkdir(parents=True)
    for package in (folder, folder.parent):
        (package / "__init__.py").touch()
    (folder.parent / "helper.py").write_text("x = 1\n")
    (folder / "flow.py").write_text(f"from ..helper import x\n{WORKFLOW}")
    done = sferic_command(folder, "run", "flow.py:graph")
    assert done.returncode == 2
    assert f"name it outer.inner.flow:graph, in the folder {tmp_path / 'around'}." in done.stderr
    assert sferic_command(tmp_path / "around", "run", "outer.inner.flow:graph").returncode == 0


def test_an_attribute_that_cannot_be_copied_is_named(workflow):
    text = WORKFLOW.replace("    def _process(self, item)", "    def __init__(self):\n        super().__init__()\n        "
                            "self.guard = __import__('threading').Lock()\n\n    def _process(self, item)")  # fmt: skip
    (workflow / "flow.py").write_text(text)
    done = sferic_command(workflow, "run", "flow.py", "--on", "local")
    assert done.returncode == 2
    assert f"{workflow}/flow.py:17: Same cannot be copied" in done.stderr
    assert "its attribute `guard` is a lock" in done.stderr
    assert "made in `preprocess`" in done.stderr
    assert "Traceback" not in done.stderr


def test_who_skips_by_itself_is_told_how_to_keep(workflow):
    text = WORKFLOW.replace("        return item", "        return 1 // item").replace(
        "class Same(IterativePE):", "class Same(IterativePE):\n    on_failure = 'skip'"
    )
    (workflow / "flow.py").write_text(text)
    for given in ((), ("--dead-letters", "letters")):
        done = sferic_command(workflow, "run", "flow.py", *given)
        assert done.returncode == 3
        assert 'To keep them: on_failure = "dead-letter" in place of "skip" in Same, and --on' in done.stderr


@pytest.mark.parametrize("given", ["nonsense", "host:port", "host:", ":8000", "host:70000"])
def test_a_logviewer_that_is_no_place(sferic, given):
    done = sferic("logs", "any", "--logviewer", given)
    assert (done.returncode, done.stderr) == (
        2,
        f"{given!r} is no place of a logviewer: write HOST:PORT, as storm1:8000\n",
    )


@pytest.mark.parametrize("option", [("--interval", "2"), ("--checkpoint", "kept")])
@pytest.mark.parametrize("mode", [(), ("--mode", "batch")])
def test_what_is_of_streams_for_a_batch_job(workflow, option, mode):
    done = sferic_command(workflow, "run", "flow.py", "--on", "spark", *option, *mode)
    assert done.returncode == 2
    assert done.stderr == f"{option[0]} is of streams. Say --mode dstream, or leave it out\n"


@pytest.mark.parametrize("seconds", ["0.01", "-1", "nan", "inf", "1e300", "often"])
def test_what_is_no_interval(workflow, seconds):
    done = sferic_command(workflow, "run", "flow.py", "--on", "spark", "--mode", "dstream", "--interval", seconds)
    assert done.returncode == 2
    assert done.stderr == f"--interval: {seconds!r} is no interval: write seconds, from 0.05 to 86,400\n"


def test_a_file_of_another_kind_or_name(workflow):
    (workflow / "flow.txt").write_text("")
    done = sferic_command(workflow, "run", "flow.txt")
    assert (done.returncode, done.stderr) == (
        2,
        "'flow.txt' is no workflow: write file.py, file.py:name or package.module:name\n",
    )
    assert sferic_command(workflow, "check", "flaw.py").stderr.endswith("flaw.py; did you mean flow.py?\n")


SOURCE_FAILS = """
from sferic import ProducerPE, WorkflowGraph

class Fails(ProducerPE):
    def _process(self, inputs):
        raise OSError("no such file")

graph = WorkflowGraph()
graph.add(Fails())
"""


def test_where_a_source_failed_there_are_no_other_items_to_go_on_with(workflow):
    (workflow / "fails.py").write_text(SOURCE_FAILS)
    done = sferic_command(workflow, "run", "fails.py")
    assert done.returncode == 1
    assert "Fails (instance 0) failed on a call of the source: OSError: no such file" in done.stderr
    assert "other items" not in done.stderr


KEY_FAILS = """
from sferic import IterativePE, ProducerPE, WorkflowGraph

class Orders(ProducerPE):
    def _process(self, inputs):
        yield {"user": {}}

class PerCountry(IterativePE):
    numprocesses = 2

    def _process(self, order):
        return order

graph = WorkflowGraph()
graph.connect(Orders(), "output", PerCountry(), "input", grouping=lambda order: order["user"]["country"])
"""


@pytest.mark.parametrize("on", ["local", "multi"])
def test_a_group_by_that_fails_says_whose_it_is(workflow, on):
    (workflow / "key.py").write_text(KEY_FAILS)
    done = sferic_command(workflow, "run", "key.py", "--on", on)
    assert (
        "Orders (instance 0) failed on {'user': {}}: KeyError: 'country', in the group-by of PerCountry.input"
        in done.stderr
    )


def test_results_that_another_run_could_not_give_again(workflow):
    done = sferic_command(workflow, "run", "flow.py", "--on", "spark", "--mode", "dstream", "--checkpoint", "kept")
    assert done.returncode == 2
    assert done.stderr == (
        "--checkpoint kept: what a run has given before it died is given by no other run. Say --results FILE: it is gone "
        "on with, too\n"
    )


def test_progress_that_nobody_reads_is_no_reason_to_stop():
    code = "import sys; from sferic.commands.connection import tell; input(); tell('on'); tell('and on'); print('done')"
    read, write = os.pipe()
    command = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=write
    )
    os.close(read)
    os.close(write)
    assert command.communicate(b"\n")[0] == b"done\n"
