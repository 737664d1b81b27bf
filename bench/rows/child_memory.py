"""Resident memory of an idle child process without user imports."""

import base64
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import Row

from sferic.compiler.pipeline import Options, compile_plan
from sferic.runtime import frames
from sferic.runtime.frames import FrameReader
from sferic.runtime.loading import load_graph

WORKFLOW = """
from sferic import IterativePE, ProducerPE, WorkflowGraph

class Same(IterativePE):
    def _process(self, data):
        return data

graph = WorkflowGraph()
graph.connect(ProducerPE(), "output", Same(), "input")
"""


def resident(pid: int) -> float:
    """VmRSS in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def measure() -> list[Row]:
    """Start a child as the shim does, wait for READY, look."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "w.py").write_text(WORKFLOW)
        graph = load_graph("w.py", {}, folder)
        plan = compile_plan(graph, Options(fuse="none", definition="w.py")).plan
        plan.write(folder / "plan.json")
        (folder / "page").write_bytes(bytes(4096))
        command = [sys.executable, "-m", "sferic.runtime.worker"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            start = {
                "protocol": 1,
                "plan": str(folder / "plan.json"),
                "root": name,
                "stage": "Same",
                "rank": 0,
                "attempt": 1,
                "page": str(folder / "page"),
                "window": 1,
                "key": base64.b64encode(b"").decode(),
            }
            child.stdin.write(frames.pack_frame(frames.START, json.dumps(start).encode()))
            child.stdin.flush()
            [(kind, _, _)] = list(FrameReader().feed(child.stdout.read1()))
            assert kind == frames.READY
            ours = resident(child.pid)
            child.stdin.close()
    return [Row("child-memory", "", None, ours, "MB", None, "≤ 40", ours <= 40)]
