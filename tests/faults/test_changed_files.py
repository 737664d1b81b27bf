"""A process that replaces another one runs the code that was compiled, or none."""

import subprocess
import sys

import pytest

WORKFLOW = """
import os
from pathlib import Path

import helpers
import sferic


class Numbers(sferic.ProducerPE):
    def read(self, position):
        for number in range(position or 0, 10):
            yield number, number + 1


class Dies(sferic.IterativePE):
    stateless = True

    def _process(self, data):
        died = Path(__file__).with_name("died")
        if data == 5 and not died.exists():
            died.touch()
            change()
            os._exit(1)
        return helpers.same(data)


def change():
    CHANGE


graph = sferic.WorkflowGraph()
graph.connect(Numbers(), "output", Dies(), "input")
"""
HELPERS = "def same(item):\n    return item\n"


def run(folder, change):
    (folder / "workflow.py").write_text(WORKFLOW.replace("CHANGE", change))
    (folder / "helpers.py").write_text(HELPERS)
    command = [sys.executable, "-m", "sferic.cli", "run", "workflow.py", "--on", "storm", "--fuse", "none"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_same_files_again(tmp_path):
    done = run(tmp_path, "pass")
    assert done.returncode == 0, done.stderr
    assert '"value": 9' in done.stdout


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("Path(helpers.__file__).write_text('def same(item):\\n    return -item\\n')", "helpers.py has changed since"),
        ("Path(helpers.__file__).unlink()", "helpers.py is not there"),
    ],
    ids=["changed", "gone"],
)
def test_other_code_is_refused(change, told, tmp_path):
    done = run(tmp_path, change)
    assert done.returncode == 2
    assert told in done.stderr
    assert "-9" not in done.stdout
