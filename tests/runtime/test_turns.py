"""Sources take turns: none starves another, nothing waits because one sleeps, and a stop ends them all."""

import decimal
import os
import select
import sqlite3
import threading
import time

import pytest

import sferic
from sferic.compiler.pipeline import Options, compile_plan
from sferic.launch import launch
from sferic.runtime.host import turns
from sferic.runtime.observe import Outcome

TARGETS = {"local": "in-process", "multi": "multi"}


class Numbers(sferic.ProducerPE):
    def __init__(self, name, count):
        super().__init__()
        self.name = name
        self.count = count

    def _process(self, inputs):
        for number in range(self.count):
            self.write("output", (self.name, number))


class Yields(Numbers):
    def _process(self, inputs):
        yield from ((self.name, number) for number in range(self.count))


class Same(sferic.IterativePE):
    def _process(self, data):
        return data


class Bell:
    """Rung in one process, heard in another."""

    def __init__(self):
        self.ears, self.hammer = os.pipe()

    def ring(self):
        os.write(self.hammer, b"!")

    def hear(self):
        if not select.select([self.ears], [], [], 20)[0]:
            raise TimeoutError("nobody rang")
        os.read(self.ears, 1)

    def __deepcopy__(self, memo):
        return self


class Watcher(Outcome):
    """Calls `on_item(value)` for each result, and is what asks the run to stop."""

    def __init__(self, on_item=lambda value: None):
        super().__init__()
        self.on_item = on_item
        self.requested = False
        self.asked = None

    def result(self, pe, port, values):
        super().result(pe, port, values)
        for value in values:
            self.on_item(value)

    def stop(self):
        self.requested = True
        self.asked = time.monotonic()


@pytest.fixture
def run(as_one_stage, tmp_path):
    """Runs a graph; gives results by PE and port."""

    def run(graph, on, watcher, *, one_stage=True):
        compiled = compile_plan(graph, Options(target=TARGETS[on], fuse="none"))
        launch(as_one_stage(compiled) if one_stage else compiled, on, watcher, watcher, tmp_path)
        assert watcher.errors == []
        return watcher.results

    return run


def meeting(*sources, join=None):
    """Sources that meet in one PE."""
    graph = sferic.WorkflowGraph()
    join = join or Same()
    for source in sources:
        graph.connect(source, "output", join, "input")
    return graph


@pytest.fixture
def patient(monkeypatch):
    """A source that the machine stops between two items is waited for, as one that is quick: the order is fixed."""
    monkeypatch.setattr(turns, "_PATIENCE", 60.0)


@pytest.fixture
def no_grace_needed(monkeypatch):
    """A stop that has to leave a source alone with its own code would take an hour."""
    monkeypatch.setattr(turns, "_GRACE", 3600.0)


@pytest.mark.parametrize("kind", [Numbers, Yields])
@pytest.mark.usefixtures("patient")
def test_quick_sources_alternate_in_an_order_that_is_always_the_same(kind, run):
    a, b = 150, 200
    expected = [(name, n) for at in range(0, 256, 64) for name, count in (("a", a), ("b", b)) for n in range(at, min(at + 64, count))]  # fmt: skip
    for _ in range(3):
        got = run(meeting(kind("a", a), kind("b", b)), "local", Watcher())
        assert got[("Same", "output")] == expected


class Endless(sferic.ProducerPE):
    endless = True
    name = "endless"

    def _process(self, inputs):
        while True:
            self.write("output", ("endless", 0))


@pytest.mark.parametrize("on", TARGETS)
def test_an_endless_source_leaves_others_their_turn_and_ends_when_told(on, run):
    watcher = Watcher(lambda value: value == ("finite", 999) and watcher.stop())
    got = run(meeting(Endless(), Numbers("finite", 1000)), on, watcher)
    assert [value for value in got[("Same", "output")] if value[0] == "finite"] == [("finite", n) for n in range(1000)]


class Sleeps(sferic.ProducerPE):
    """Writes some items in a row, then is in its own code until the bell rings, or for an hour."""

    def __init__(self, count, bell=None):
        super().__init__()
        self.count = count
        self.bell = bell

    def _process(self, inputs):
        for number in range(self.count):
            self.write("output", number)
        self.bell.hear() if self.bell else time.sleep(3600)


@pytest.mark.parametrize("on", TARGETS)
@pytest.mark.parametrize("count", [1, 2, 70, 700])
def test_items_arrive_though_their_source_sleeps(on, count, run):
    bell = Bell()
    watcher = Watcher(lambda value: value == count - 1 and bell.ring())
    got = run(meeting(Sleeps(count, bell)), on, watcher)
    assert got[("Same", "output")] == list(range(count))


@pytest.mark.parametrize("on", TARGETS)
def test_a_sleeping_source_holds_up_no_other_and_no_stop(on, run):
    watcher = Watcher(lambda value: value == ("finite", 999) and watcher.stop())
    got = run(meeting(Sleeps(1), Numbers("finite", 1000)), on, watcher)
    assert len(got[("Same", "output")]) == 1001
    assert time.monotonic() - watcher.asked < 1.5


class Ticks(Same):
    """Rings when its `every` has come three times since the source wrote and went to sleep."""

    def __init__(self, bell):
        super().__init__()
        self.bell = bell
        self.asleep = False
        self.ticks = 0

    def _process(self, data):
        self.asleep = True
        return data

    @sferic.every(0.01)
    def tick(self):
        if not self.asleep:
            return
        self.ticks += 1
        self.write("output", "tick")
        if self.ticks == 3:
            self.bell.ring()


@pytest.mark.parametrize("on", TARGETS)
@pytest.mark.parametrize("together", [True, False])
def test_every_comes_while_the_source_sleeps(on, together, run):
    bell = Bell()
    source, ticks = Sleeps(1, bell), Ticks(bell)
    graph = meeting(source, join=ticks)
    got = run(graph, on, Watcher(), one_stage=together)
    assert got[("Ticks", "output")][:4] == [0] + ["tick"] * 3


class Waits(sferic.ProducerPE):
    """Its own `every` comes while it waits."""

    endless = True

    @sferic.every(0.01)
    def tick(self):
        self.write("output", "tick")

    def _process(self, inputs):
        while True:
            self.wait(3600)

    def _postprocess(self):
        self.write("output", "end")


@pytest.mark.parametrize("on", TARGETS)
@pytest.mark.usefixtures("no_grace_needed")
def test_every_of_a_source_comes_while_it_waits_and_a_stop_ends_the_wait(on, run):
    watcher = Watcher(lambda value: value == "tick" and not watcher.requested and watcher.stop())
    got = run(meeting(Waits()), on, watcher)[("Same", "output")]
    assert set(got[:-1]) == {"tick"}
    assert got[-1] == "end"


class Threads(sferic.ProducerPE):
    """Says whether all that belongs to it runs on one thread."""

    def _preprocess(self):
        self.thread = threading.get_ident()

    def same(self):
        return threading.get_ident() == self.thread

    @sferic.every(0.001)
    def tick(self):
        self.write("output", ("every", self.same()))

    def _process(self, inputs):
        for _ in range(5):
            self.write("output", ("process", self.same()))
            self.wait(0.002)

    def _postprocess(self):
        self.write("output", ("postprocess", self.same()))


class Database(sferic.IterativePE):
    """A connection may be used on the thread that made it only."""

    def _preprocess(self):
        self.database = sqlite3.connect(":memory:")

    def _process(self, data):
        return (data, self.database.execute("select 1").fetchone()[0])

    def _postprocess(self):
        self.write("output", ("end", self.database.execute("select 1").fetchone()[0]))


@pytest.mark.parametrize("on", TARGETS)
def test_each_source_keeps_to_one_thread_and_all_other_pes_to_another(on, run):
    got = run(meeting(Threads(), Threads(), join=Database()), on, Watcher())[("Database", "output")]
    assert {item for item, _ in got[:-1]} == {(what, True) for what in ("every", "process", "postprocess")}
    assert got[-1] == ("end", 1)


class Precise(sferic.ProducerPE):
    def _process(self, inputs):
        self.write("output", decimal.getcontext().prec)


@pytest.mark.parametrize("on", TARGETS)
def test_a_source_has_the_context_of_its_run(on, run):
    with decimal.localcontext() as context:
        context.prec = 77
        assert run(meeting(Precise()), on, Watcher())[("Same", "output")] == [77]


class Cleans(sferic.ProducerPE):
    endless = True
    cleaned = threading.Event()

    def _process(self, inputs):
        try:
            while True:
                self.write("output", 0)
        finally:
            self.cleaned.set()


class Breaks(sferic.ProducerPE):
    def _process(self, inputs):
        yield 1
        raise ValueError("no more")


def test_a_failure_that_ends_the_run_ends_the_other_sources(run):
    Cleans.cleaned.clear()
    before = threading.active_count()
    with pytest.raises(sferic.WorkflowFailed, match="no more"):
        sferic.run(meeting(Cleans(), Breaks()))
    assert Cleans.cleaned.is_set()
    assert threading.active_count() == before


class Fails(sferic.ProducerPE):
    def _preprocess(self):
        raise ValueError("cannot begin")


@pytest.mark.parametrize("on", TARGETS)
def test_a_source_that_cannot_begin_ends_the_run(on):
    with pytest.raises(sferic.WorkflowFailed, match="cannot begin"):
        sferic.run(meeting(Fails(), Numbers("a", 3)), on=on)


class Diamond(sferic.IterativePE):
    def __init__(self, name):
        super().__init__()
        self.name = name

    def _process(self, data):
        return (self.name, data)


def test_what_meets_again_meets_item_by_item():
    graph = sferic.WorkflowGraph()
    source, left, right, join = Numbers("n", 300), Diamond("left"), Diamond("right"), Same()
    for way in (left, right):
        graph.connect(source, "output", way, "input")
        graph.connect(way, "output", join, "input")
    got = sferic.run(graph)[join]["output"]
    assert got == [(way, ("n", n)) for n in range(300) for way in ("left", "right")]


class Counted(sferic.ProducerPE):
    """Knows its position, and ends its process once in the middle."""

    def __init__(self, name, count, flag=None):
        super().__init__()
        self.name = name
        self.count = count
        self.flag = flag

    def read(self, position):
        for number in range(position or 0, self.count):
            yield (self.name, number), number + 1
            if number == self.count // 2 and self.flag is not None and not self.flag.exists():
                self.wait(0.1)  # what is written goes out
                self.flag.touch()
                os._exit(1)

    def committed(self, position):
        assert isinstance(position, int)


def test_each_source_of_a_process_goes_on_where_it_was(run, tmp_path):
    graph = sferic.WorkflowGraph()
    one, other, same = Counted("one", 1000, tmp_path / "died"), Counted("other", 3000), Same()
    graph.connect(one, "output", same, "input")
    graph.connect(other, "output", same, "input")
    watcher = Watcher()
    got = run(graph, "multi", watcher)[("Same", "output")]
    assert {*got} == {(name, n) for name, count in (("one", 1000), ("other", 3000)) for n in range(count)}
    assert (tmp_path / "died").exists()
    assert watcher.lost == []
    assert got.count(("one", 0)) == got.count(("other", 0)) == 1, "one began again from nothing"


class Slow(sferic.IterativePE):
    """Says how many items there were at most between two calls of its `every`."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds
        self.count = self.most = 0

    @sferic.every(0.01)
    def tick(self):
        self.most = max(self.most, self.count)
        self.count = 0

    def _process(self, data):
        self.count += 1
        time.sleep(self.seconds)
        return data

    def _postprocess(self):
        self.tick()
        self.write("output", self.most)


@pytest.mark.parametrize("on", TARGETS)
@pytest.mark.parametrize("together", [True, False])
def test_every_comes_between_the_items_of_a_batch(on, together, run):
    source, slow = Numbers("n", 200), Slow(0.005)
    graph = meeting(source, join=slow)
    got = run(graph, on, Watcher(), one_stage=together)[("Slow", "output")]
    assert len(got) == 201
    assert got[-1] < 20


@pytest.mark.usefixtures("patient")
def test_a_slow_receiver_changes_no_order_and_every_comes_within_a_turn(run):
    *got, most = run(meeting(Numbers("a", 100), Numbers("b", 80), join=Slow(0.005)), "local", Watcher())[
        ("Slow", "output")
    ]
    assert got == [(name, n) for at in (0, 64) for name, count in (("a", 100), ("b", 80)) for n in range(at, min(at + 64, count))]  # fmt: skip
    assert most < 20


def test_a_stop_does_not_wait_for_all_that_a_source_could_write(run):
    watcher = Watcher(lambda value: watcher.requested or watcher.stop())
    got = run(meeting(Numbers("n", 1000), join=Slow(0.02)), "local", watcher)[("Slow", "output")]
    assert len(got) < 20
