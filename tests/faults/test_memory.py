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
    before = 0 if on == "storm" else rss(os.getpid())  # its processes are forked from this one, or are this one
    outcome = watch(graph, on)
    assert outcome.status == 0
    assert outcome.counts["Watches"]["in"] == ITEMS
    ahead, source, sink, carrier = map(max, zip(*outcome.out("Watches"), strict=True))
    assert ahead < 40  # the window of a source, and what is between
    assert source - before < 100
    assert sink - before < 150
    if on != "local":  # which has no carrier
        young = 128 if on == "storm" else 0  # the part of the JVM's memory that is for what is new
        assert carrier - before - young < 250


class Steady(sferic.ProducerPE):
    """Goes on until enough has come to the end of the graph."""

    def __init__(self, enough):
        super().__init__()
        self.enough = Path(enough)

    def _process(self, inputs):
        while not self.enough.exists():
            self.write("output", 0)
            self.wait(0.02)


class Ticks(sferic.IterativePE):
    """What `every` writes comes from no source, so that no source's window holds it back."""

    def __init__(self, note, size):
        super().__init__()
        self.note = Path(note)
        self.size = size
        self.written = 0

    @sferic.every(0.001)
    def tick(self):
        self.written += 1
        self.write("output", (self.written, bytes(self.size)))
        part = self.note.with_suffix(".part")
        part.write_text(str(self.written))
        part.replace(self.note)

    def _process(self, data):
        pass


class Behind(sferic.IterativePE):
    """Begins when as much is on its way as may be at the least; then it is slower than what it gets."""

    def __init__(self, note, enough):
        super().__init__()
        self.note = Path(note)
        self.enough = Path(enough)

    def ahead(self, number):
        return int(self.note.read_text()) - number

    def _process(self, data):
        number, _ = data
        while number == 1 and not (self.note.exists() and self.ahead(number) > 8):
            time.sleep(0.005)
        time.sleep(0.005)
        if number == 150:
            self.enough.touch()
        return (number, self.ahead(number))


@pytest.mark.parametrize("size", [0, 1 << 16], ids=["pipes hold thousands", "pipes hold few"])
@pytest.mark.parametrize("on", ["multi", "storm"])
def test_a_slow_sink_holds_back_what_every_writes(on, size, watch, tmp_path):
    graph = sferic.WorkflowGraph()
    note, enough = str(tmp_path / "note"), str(tmp_path / "enough")
    ticks = Ticks(note, size)
    graph.connect(Steady(enough), "output", ticks, "input")
    graph.connect(ticks, "output", Behind(note, enough), "input")
    outcome = watch(graph, on)
    assert outcome.status == 0
    numbers, ahead = zip(*outcome.out("Behind"), strict=True)
    assert list(numbers) == list(range(1, len(numbers) + 1))
    assert len(numbers) > 100
    assert max(ahead) < 32  # as many as may be on their way; without a limit, many hundreds
