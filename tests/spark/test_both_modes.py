"""What users see of a run, whichever kind of job it is."""

from collections import Counter

import pytest

from sferic import IterativePE, ProducerPE, WorkflowGraph
from sferic.launch import Spark

pytestmark = pytest.mark.parametrize("how", [Spark("batch"), Spark("dstream", interval=0.2)], ids=lambda how: how.mode)


class Numbers(ProducerPE):
    def __init__(self, count):
        super().__init__()
        self.count = count

    def _process(self, inputs):
        yield from range(self.count)


class Same(IterativePE):
    stateless = True

    def _process(self, data):
        return data


class Order(IterativePE):
    numprocesses = 2

    def __init__(self):
        super().__init__()
        self.inputconnections["input"]["grouping"] = lambda number: number % 7
        self.seen = []

    def _process(self, data):
        self.seen.append(data)

    def _postprocess(self):
        self.write("output", self.seen)


class Speaks(IterativePE):
    """Prints, logs, fails at first, fails for good."""

    numprocesses = 2
    retries = 1
    on_failure = "dead-letter"

    def __init__(self):
        super().__init__()
        self.inputconnections["input"]["grouping"] = "all"
        self.tried = set()

    def _process(self, data):
        if data == 1 and data not in self.tried:
            self.tried.add(data)
            raise ValueError("not yet")
        if data == 2:
            raise ValueError("never")
        print(f"got {data}")
        self.log(f"had {data}")


def linear(*pes):
    graph = WorkflowGraph("linear")
    for before, after in zip(pes, pes[1:], strict=False):
        graph.connect(before, "output", after, "input")
    return graph


def test_order_from_one_instance_to_one_instance(watch, how):
    ran = watch(linear(Numbers(20_000), Same(), Order()), how=how)
    whole = [seen for seen in ran.results["Order", "output"] if seen]
    assert sorted(number for seen in whole for number in seen) == list(range(20_000))
    assert all(seen == sorted(seen) for seen in whole)
    assert len(whole) == 2


def test_prints_logs_retries_and_failures_are_told_of_each_instance_and_counted(watch, how):
    ran = watch(linear(Numbers(3), Speaks()), how=how)
    for kind, said in (("print", "got"), ("log", "had")):
        told = Counter((event["pe"], event["rank"], event["text"]) for event in ran.told(kind))
        assert told == Counter(("Speaks", rank, f"{said} {n}") for rank in (0, 1) for n in (0, 1))
    assert Counter((one["pe"], one["rank"], one["item"], one["policy"]) for one in ran.failures) == Counter(
        ("Speaks", rank, "2", "dead-letter") for rank in (0, 1)
    )
    assert ran.counts["Numbers"] == {"in": 1, "out": 3, "failed": 0, "retried": 0}
    assert ran.counts["Speaks"] == {"in": 6, "out": 0, "failed": 2, "retried": 4}
    assert ran.status == 3
