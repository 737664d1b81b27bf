"""`run --on storm` from the command to the first item, JVM start and compilation included, all in the cache."""

import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from harness import Row, interleaved, median, spread
from storm_run import command_of

WORKFLOW = """
import time
from pathlib import Path
from sferic import IterativePE, ProducerPE, WorkflowGraph
class One(ProducerPE):
    def _process(self, inputs):
        return 1
class Note(IterativePE):
    def _process(self, data):
        (Path(__file__).parent / "first").write_text(str(time.time()))
graph = WorkflowGraph()
graph.connect(One(), "output", Note(), "input")
"""


def seconds(on: Sequence[str] = ("storm",)) -> float:
    """One run, on a target with its options."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "w.py"
        path.write_text(WORKFLOW)
        began = time.time()
        subprocess.run(command_of(path, on, fuse="auto"), check=True, capture_output=True)
        return float((Path(name) / "first").read_text()) - began


def measure() -> list[Row]:
    """One row."""
    [taken] = interleaved([seconds], 5)
    ours = median(taken)
    return [Row("storm-start", "", None, ours, "s", None, "≤ 8", ours <= 8, spread(taken))]
