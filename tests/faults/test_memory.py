"""A slow sink behind a fast source: what is in flight is bounded, in every process of the run."""

import os
import time
from pathlib import Path

import pytest

import sferic

MIB = 1 << 20
ITEMS = 400


class Big(sferic.ProducerPE):
    """Writes far more than may wait at once, noting in a file how far it has come."""

    def __init__(self, note):
        super().__init__()
        self.note = note

    def _process(self, inputs):
        for number in range(ITEMS):
            self.write("output", bytes(MIB))
            part = Path(f"{self.note}.part")
            part.write_text(f"{number} {os.getpid()}")
            part.replace(self.note)  # whole, for whoever reads it meanwhile


def rss(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // MIB


class Watches(sferic.IterativePE):
    """How far the source is ahead, and MiB in memory: of the source, of this process, of what carries between them."""

    def __init__(self, note):
        super().__init__()
        self.note = note
        self.seen = 0

    def _process(self, data):
        self.seen += 1
        time.sleep(0.012)  # slower than any carrier
        if not Path(self.note).exists():
            return None
        written, source = map(int, Path(self.note).read_text().split())
        return (written - self.seen, rss(source), rss(os.getpid()), rss(os.getppid()))


@pytest.mark.parametrize("on", ["local", "multi", "storm"])
def test_a_slow_sink_holds_back_a_fast_source(on, watch, tmp_path):
    graph = sferic.WorkflowGraph()
    note = str(tmp_path / "note")
    graph.connect(Big(note), "output", Watches(note), "input")
    before = rss(os.getpid())  # of this process, which carries where there is no JVM
    outcome = watch(graph, on)
    assert outcome.status == 0
    assert outcome.counts["Watches"]["in"] == ITEMS
    ahead, source, sink, carrier = map(max, zip(*outcome.out("Watches"), strict=True))
    assert ahead < 40  # the window of a source, and what is between
    if on == "local":  # all in this process
        assert source - before < 100
        return
    assert source < 100
    assert sink < 150
    assert carrier - (before if on == "multi" else 0) < 300
