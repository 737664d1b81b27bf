"""A stop ends sources that wait for data, promptly, and what comes after them still comes; on every target."""

import time

import pytest

import sferic
from sferic.compiler.pipeline import Options, compile_plan
from sferic.launch import TARGETS, launch, pickled, with_reference
from sferic.runtime.observe import Outcome
from sferic.sources import WatchedFolder


class Sleeps(sferic.ProducerPE):
    """In its own code, where nobody can reach it, after its first item."""

    endless = True

    def _process(self, inputs):
        self.write("output", "first")
        time.sleep(3600)
        self.write("output", "never")


class Numbers(sferic.ProducerPE):
    def _process(self, inputs):
        yield from range(1000)


class Ticks(sferic.IterativePE):
    def __init__(self):
        super().__init__()
        self.ticks = 0

    @sferic.every(0.01)
    def tick(self):
        self.ticks += 1
        if self.ticks <= 3:
            self.write("output", "tick")

    def _process(self, data):
        return data

    def _postprocess(self):
        self.write("output", "end")


class Watcher(Outcome):
    """Asks to stop when all has come but the end."""

    def __init__(self, expected):
        super().__init__()
        self.missing = set(expected)
        self.ticks = 0
        self.asked = self.took = None

    @property
    def requested(self):
        return self.asked is not None

    def result(self, pe, port, values):
        super().result(pe, port, values)
        self.missing -= set(values)
        self.ticks += values.count("tick")
        if self.asked is None and not self.missing and self.ticks == 3:
            self.asked = time.monotonic()
        if "end" in values:
            self.took = time.monotonic() - self.asked


@pytest.mark.parametrize("on", TARGETS)
@pytest.mark.parametrize("together", [True, False])
def test_stop_while_sources_wait(on, together, as_one_stage, tmp_path):
    folder, work = tmp_path / "watched", tmp_path / "work"
    folder.mkdir()
    work.mkdir()
    (folder / "file").touch()
    graph = sferic.WorkflowGraph()
    sources, ticks = [Sleeps(), Numbers(), WatchedFolder(folder, settle=0.01)], Ticks()
    for source in sources:
        graph.connect(source, "output", ticks, "input")
    expected = ["first", *range(1000), str(folder / "file")]
    watcher = Watcher(expected)
    compiled = compile_plan(graph, Options(target=TARGETS[on], fuse="none"))
    compiled = as_one_stage(compiled) if together else compiled
    launch(with_reference(compiled, pickled(graph, work)), on, watcher, watcher, work)
    assert watcher.errors == []
    assert sorted(map(str, watcher.results[("Ticks", "output")])) == sorted(map(str, [*expected, *["tick"] * 3, "end"]))
    assert watcher.took < 1
