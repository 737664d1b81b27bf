"""A slow sink behind a fast source: memory is bounded, in every Python process that Spark has for the run.

A batch job's stage begins when the one before it has ended, so that all of it waits; how much of that is in memory is
Spark's business (`spark.python.worker.memory`, and 100 batches more, since Spark looks so often), the rest is on disk.
"""

import contextlib
import os
import re
import time
from pathlib import Path

import pytest

import sferic
from sferic.cluster.processes import command_of
from sferic.launch import Spark

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

MIB = 1 << 20
ITEMS = 500


class Big(sferic.ProducerPE):
    """Writes far more than may wait at once, noting how far it has come."""

    def __init__(self, note):
        super().__init__()
        self.note = note

    def read(self, position):
        for number in range(position or 0, ITEMS):
            part = Path(f"{self.note}.part")
            part.write_text(f"{number} {most(os.getpid())} {most(os.getppid())}")
            part.replace(self.note)  # whole, for whoever reads it meanwhile
            yield bytes(MIB), number + 1


def most(pid):
    """MiB that a process had in memory at the most; 0 of one that has left."""
    try:
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(found[1]) // 1024 if found else 0  # one that nobody has waited for has none


class Watches(sferic.IterativePE):
    """How far the source is ahead, and what it, this process and those that hold both had in memory."""

    def __init__(self, note):
        super().__init__()
        self.note = note
        self.seen = 0

    def _process(self, data):
        self.seen += 1
        time.sleep(0.005)
        written, *source = map(int, Path(self.note).read_text().split())
        return (written - self.seen, *source, most(os.getpid()), most(os.getppid()))


def workers():
    """Spark's Python processes."""
    return [int(path.name) for path in Path("/proc").glob("[1-9]*") if "pyspark.daemon" in command_of(int(path.name))]


@pytest.mark.parametrize("mode", ["batch", "dstream"])
def test_a_slow_sink_holds_back_a_fast_source(watch, spark, tmp_path, monkeypatch, mode):
    limits = {"spark.python.worker.memory": "64m"}
    monkeypatch.setattr(spark._conf, "get", lambda name, default=None: limits.get(name, default))
    for worker in workers():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            Path(f"/proc/{worker}/clear_refs").write_text("5")  # its most begins anew
    graph = sferic.WorkflowGraph()
    note = str(tmp_path / "note")
    graph.connect(Big(note), "output", Watches(note), "input")
    ran = watch(graph, how=Spark(mode, interval=0.2))
    assert ran.status == 0
    assert ran.counts["Watches"]["in"] == ITEMS
    ahead, source, above_source, sink, above_sink = map(max, zip(*ran.results["Watches", "output"], strict=True))
    if mode == "dstream":
        assert ahead < 100  # two supersteps of 32 MiB, and what is between
    assert source < 150
    assert above_source < 250
    assert max(sink, above_sink, *map(most, workers())) < 350
