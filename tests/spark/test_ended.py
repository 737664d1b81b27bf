"""A stream that has come to its end, whose driver died before it could say so, ends as it would have."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sferic.runtime.spark.owner import OWNER, Owner

WORKFLOW = """
from sferic import IterativePE, ProducerPE, WorkflowGraph


class Numbers(ProducerPE):
    endless = ENDLESS

    def read(self, position):
        yield from ((number, number + 1) for number in range(position or 0, 10))


class Sum(IterativePE):
    on_failure = "dead-letter"

    def __init__(self):
        super().__init__()
        self.sum = 0

    def _process(self, number):
        if number == 7:
            raise ValueError(number)
        self.sum += number

    def _postprocess(self):
        self.write("output", self.sum)


graph = WorkflowGraph("ends")
graph.connect(Numbers(), "output", Sum(), "input")
"""


@pytest.fixture
def run(command, tmp_path):
    """`run(endless)`: exit status and stderr."""
    how = ["run", "ends.py", "--on", "spark", "--mode", "dstream", "--interval", "0.2"]
    how += ["--checkpoint", str(tmp_path / "kept"), "--results", "results", "--dead-letters", "letters"]

    def ran(endless):
        Path("ends.py").write_text(WORKFLOW.replace("ENDLESS", str(endless)))
        return command(*how)

    return ran


def its_driver_dies(text):
    """After the last superstep, as `owner` said it."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    Path("kept", OWNER).write_text(json.dumps({**json.loads(text), "pid": dead.pid}))


@pytest.mark.parametrize("endless", [False, True])
def test_what_is_over_is_told_once_more_and_not_done_again(run, monkeypatch, endless):
    owners = []
    with monkeypatch.context() as patched:
        patched.setattr(Owner, "leave", lambda owner: owners.append(json.dumps(owner._told)))
        status, said = run(endless)
    assert status == 3
    assert "Sum: 10 in, 1 out, 1 failed" in said
    results, letters = Path("results").read_text(), Path("letters").read_text()
    assert [json.loads(line)["value"] for line in results.splitlines()] == [sum(range(10)) - 7]

    its_driver_dies(owners[0])
    status, said = run(endless)
    assert status == 3
    assert "its driver died before it said so: nothing is left to do" in said
    assert "Sum: 10 in, 1 out, 1 failed" in said
    assert (Path("results").read_text(), Path("letters").read_text()) == (results, letters)

    status, said = run(endless)  # asked for by somebody who knows that it is over
    if endless:
        assert status == 0
        assert "Sum: 0 in, 1 out" in said, "with new state, where its source was"
    else:
        assert status == 2
        assert "is of a run that has come to its end" in said
