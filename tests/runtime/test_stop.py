"""A stop ends sources that wait for data, promptly, and what comes after them still comes; on every target."""

import asyncio
import signal
import threading
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


class Tasks(sferic.ProducerPE):
    """Writes in tasks of asyncio's, which hand on what ends one as a group."""

    endless = True

    def _process(self, inputs):
        asyncio.run(self.both())

    async def both(self):
        async with asyncio.TaskGroup() as group:
            group.create_task(self.write_on("one"))
            group.create_task(self.write_on("two"))

    async def write_on(self, text):
        self.write("output", text)
        while True:
            await asyncio.sleep(0.01)
            self.write("output", "more")


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


@pytest.mark.parametrize("on", ["local", "multi", "storm"])
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


@pytest.mark.parametrize("on", ["local", "multi"])
def test_a_source_that_writes_in_tasks_is_stopped_as_any_other(on, tmp_path):
    graph = sferic.WorkflowGraph()
    graph.connect(Tasks(), "output", Ticks(), "input")
    watcher = Watcher(["one", "two", "more"])
    compiled = compile_plan(graph, Options(target=TARGETS[on], fuse="none"))
    launch(with_reference(compiled, pickled(graph, tmp_path)), on, watcher, watcher, tmp_path)
    assert (watcher.errors, watcher.failures) == ([], [])
    assert watcher.results[("Ticks", "output")][-1] == "end"


def count_up():
    number = 0
    while True:
        yield number
        number += 1
        time.sleep(0.001)


@pytest.mark.parametrize("on", ["local", "multi"])
def test_a_function_without_an_end_is_stopped_as_any_other_source(on, tmp_path):
    workflow = sferic.Workflow("endless")
    workflow.source(count_up, endless=True).apply(Ticks())
    watcher = Watcher([0, 1, 2])
    compiled = compile_plan(workflow, Options(target=TARGETS[on], fuse="none"))
    launch(with_reference(compiled, pickled(workflow, tmp_path)), on, watcher, watcher, tmp_path)
    assert (watcher.errors, watcher.failures) == ([], [])
    got = watcher.results["Ticks", "output"]
    numbers = [value for value in got if type(value) is int]
    assert numbers == list(range(len(numbers))) and got[-1] == "end"


def test_a_stop_by_a_signal_whose_handler_takes_longer_than_the_run_would_listen(tmp_path):
    """As one that writes to a terminal that is slow."""
    free, freed = threading.Event(), []

    class Signals(sferic.ProducerPE):
        def _process(self, inputs):
            signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
            freed.append(free.wait(60))

    class Told(Outcome):
        requested = False

    def slowly(number, frame):
        time.sleep(0.2)
        told.requested = True

    graph, told = sferic.WorkflowGraph(), Told()
    graph.add(Signals())
    before = signal.signal(signal.SIGUSR1, slowly)
    watchdog = threading.Timer(30, free.set)
    watchdog.start()
    try:
        launch(compile_plan(graph, Options(target="in-process")), "local", told, told, tmp_path)
        assert not freed
    finally:
        free.set()
        watchdog.cancel()
        signal.signal(signal.SIGUSR1, before)
