"""What the aggregates know: put together from any parts it is the same; running values; what theirs got wrong."""

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as some

import sferic
from sferic import aggregates
from sferic.runtime.aggregates import Average, Count, Deviation, Extreme, Sum

PARTS = some.lists(some.lists(some.integers(-(10**6), 10**6), max_size=20), max_size=5)
FOLDS = {
    "count": Count,
    "sum": lambda: Sum([0]),
    "min": lambda: Extreme([0], min),
    "max": lambda: Extreme([0], max),
    "average": lambda: Average(0),
    "deviation": lambda: Deviation(0),
}


def about(value):
    """Compared to six digits; None is None."""
    return [None if one is None else pytest.approx(one, rel=1e-6, abs=1e-6) for one in value or ()]


@pytest.mark.parametrize("name", FOLDS)
@given(parts=PARTS)
def test_parts_put_together_are_the_whole(name, parts):
    whole, joined = FOLDS[name](), FOLDS[name]()
    for part in parts:
        fold = FOLDS[name]()
        for value in part:
            fold.add((value,))
            whole.add((value,))
        joined.join(fold.state())
    assert list(joined.value() or ()) == about(whole.value())


@given(some.lists(some.floats(-1e6, 1e6), min_size=2, max_size=50))
def test_the_deviation_is_that_of_the_statistics_module(values):
    fold = Deviation(0)
    for value in values:
        fold.add((value,))
    deviation, count, total, _ = fold.value()
    assert deviation == pytest.approx(statistics.stdev(values), rel=1e-6, abs=1e-6)
    assert (count, total) == (len(values), pytest.approx(math.fsum(values), abs=1e-6))


def test_a_small_deviation_of_large_values():
    fold = Deviation(0)
    for value in (4.0, 7.0, 13.0, 16.0):
        fold.add((1e9 + value,))
    assert fold.value()[0] == pytest.approx(math.sqrt(30))


class Slow(sferic.ProducerPE):
    """Goes on until the aggregate behind it has written more than once, which it hears of by a file."""

    endless = False

    def __init__(self, flag):
        super().__init__()
        self.flag = flag

    def _process(self, inputs):
        number = 0
        while not self.flag.exists():
            number += 1
            yield (number,)
            self.wait(0.001)


class Seen(sferic.ConsumerPE):
    def __init__(self, flag):
        super().__init__()
        self.flag = flag
        self.values = []

    def _process(self, item):
        self.values.append(item)
        if len(self.values) == 3:
            self.flag.touch()

    def postprocess(self):
        self.log(self.values)


class Passed(Seen, sferic.IterativePE):
    def _process(self, item):
        super()._process(item)
        return item


@pytest.mark.parametrize("make", [aggregates.CountPE, aggregates.parallel_count], ids=lambda make: make.__name__)
@pytest.mark.parametrize("on", ["local", "multi"])
def test_running_values(make, on, tmp_path):
    graph = sferic.WorkflowGraph()
    passed = Passed(tmp_path / "flag")
    count = make(every=0.02)
    graph.connect(Slow(tmp_path / "flag"), "output", count, "input")
    graph.connect(count, "output", passed, "input")
    results = sferic.run(graph, on=on)
    counts = [value for (value,) in results[passed]["output"]]
    assert len(counts) > 3
    assert counts == sorted(counts)
    assert counts[-1] == results.counts["Slow"]["out"]


def test_without_every_only_the_end_is_told():
    graph = sferic.WorkflowGraph()
    count = aggregates.CountPE()
    assert count.every_seconds is None
    graph.add(count)
    assert sferic.run(graph, {count: [{"input": n} for n in range(5)]})[count]["output"] == [[5]]
