"""Relative paths in a workflow count from where the command was started, on every target; nothing is left there."""

import json
import subprocess
import sys

import pytest

WORKFLOW = """
from sferic import IterativePE, WorkflowGraph
from sferic.sources import Lines

class Read(IterativePE):
    stateless = True

    def _process(self, line):
        with open(line) as file:
            return file.read()

graph = WorkflowGraph()
graph.connect(Lines("names.txt"), "output", Read(), "input")
"""


@pytest.mark.parametrize("on", ["local", "multi", "storm"])
def test_paths_count_from_the_folder_of_the_command(on, tmp_path):
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "flow.py").write_text(WORKFLOW)
    (tmp_path / "names.txt").write_text("one.txt\n")
    (tmp_path / "one.txt").write_text("1")
    there = {path.name for path in tmp_path.iterdir()}
    command = [sys.executable, "-m", "sferic.cli", "run", "flows/flow.py", "--on", on, "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["value"] == "1"
    assert {path.name for path in tmp_path.iterdir()} == there
