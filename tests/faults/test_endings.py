"""How a run ends that cannot go well: promptly, with the right exit status, naming what to look at."""

import os
import subprocess
import sys

import pytest

RAISES = """
from sferic import *

class Numbers(ProducerPE):
    def _process(self, inputs):
        yield from range(20)

class Raises(IterativePE):
    def _process(self, data):
        if data % 2:
            raise ValueError(f"cannot take {data}")
        return data

graph = WorkflowGraph()
graph.connect(Numbers(), "output", Raises(), "input")
"""

PREPROCESS = """
from sferic import *

class Numbers(ProducerPE):
    def _process(self, inputs):
        yield from range(20)

class Prepares(IterativePE):
    hang_timeout = 0.3
    def _preprocess(self):
        {preprocess}
    def _process(self, data):
        return data

graph = WorkflowGraph()
graph.connect(Numbers(), "output", Prepares(), "input")
"""


def sferic(*arguments, env=None):
    return subprocess.run(
        [sys.executable, "-m", "sferic.cli", *map(str, arguments)],
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def script(tmp_path):
    def write(text):
        path = tmp_path / "flow.py"
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize("on", ["local", "multi", "storm"])
def test_stop_ends_with_1_and_names_pe_instance_and_item(on, script):
    done = sferic("run", script(RAISES), "--on", on, "--fuse", "none")
    assert done.returncode == 1
    assert "Raises (instance 0) failed on 1: ValueError: cannot take 1" in done.stderr
    assert 'flow.py", line 11' in done.stderr
    assert "runtime/host" not in done.stderr
    assert "--on-failure dead-letter" in done.stderr


@pytest.mark.parametrize("on", ["local", "multi"])
@pytest.mark.parametrize("policy", ["skip", "dead-letter"])
def test_what_goes_on_without_some_items_ends_with_3(policy, on, script, tmp_path):
    done = sferic("run", script(RAISES), "--on", on, "--on-failure", policy, "--results", tmp_path / "results")
    assert done.returncode == 3
    assert "10 failed" in done.stderr
    assert len((tmp_path / "results").read_text().splitlines()) == 10


@pytest.mark.parametrize("on", ["local", "multi", "storm"])
def test_a_missing_package_is_told_before_anything_starts(on, script):
    path = script("import os\nimport no_such_package\n" + RAISES)
    done = sferic("run", path, "--on", on)
    assert done.returncode == 2
    assert "no_such_package" in done.stderr
    assert f"{path.name}:2" in done.stderr or f'{path.name}", line 2' in done.stderr
    assert f"Install no_such_package for {sys.executable}" in done.stderr


@pytest.mark.parametrize("on", ["local", "multi", "storm"])
def test_a_package_missing_in_preprocess_ends_the_run(on, script):
    done = sferic("run", script(PREPROCESS.format(preprocess="import no_such_package")), "--on", on, "--fuse", "none")
    assert done.returncode == 1
    assert "Prepares (instance 0): preprocess failed" in done.stderr
    assert "No module named 'no_such_package'" in done.stderr


@pytest.mark.parametrize("on", ["local", "multi"])
@pytest.mark.parametrize("what", ["SystemExit(0)", "GeneratorExit", "__import__('asyncio').CancelledError"])
def test_whatever_preprocess_raises_ends_the_run_in_words(on, what, script):
    done = sferic("run", script(PREPROCESS.format(preprocess=f"raise {what}")), "--on", on, "--fuse", "none")
    assert done.returncode == 1
    assert "Prepares (instance 0): preprocess failed" in done.stderr
    assert 'flow.py", line 11' in done.stderr


@pytest.mark.parametrize("on", ["local", "multi", "storm"])
@pytest.mark.parametrize("what", ["", "\nclass A(IterativePE):\n    pass\ngraph.add(A())", "\ndel graph"])
def test_a_command_that_runs_nothing_does_not_end_with_0(what, on, script):
    done = sferic("run", script("from sferic import *\ngraph = WorkflowGraph()" + what), "--on", on)
    assert done.returncode == 2
    assert done.stderr


def test_a_package_missing_where_it_runs_is_wrong_input(script):
    """The command has it, the interpreter that the cluster's children run has not."""
    only_here = (
        "import sys\nif 'sferic.cli' not in sys.modules and 'click' not in sys.modules:\n    import no_such_package\n"
    )
    done = sferic("run", script(only_here + RAISES), "--on", "storm")
    assert done.returncode == 2
    assert "No module named 'no_such_package'" in done.stderr
    assert "flow.py" in done.stderr


@pytest.mark.parametrize("on", ["multi", "storm"])
def test_a_preprocess_that_always_hangs_ends_the_run(on, script):
    done = sferic(
        "run", script(PREPROCESS.format(preprocess="__import__('time').sleep(600)")), "--on", on, "--fuse", "none"
    )
    assert done.returncode == 1
    assert "Prepares (instance 0) made no progress before its first item" in done.stderr
    assert "left 5 times before it was ready" in done.stderr
