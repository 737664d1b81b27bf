"""Cases of the aggregates, alone and in parallel, against plain loops."""

import math

from sferic import ProducerPE, WorkflowGraph
from sferic import aggregates as ready

ITEMS = [(number * 7 % 23 - 11, number % 5 / 4) for number in range(200)]
FIRST = [item[0] for item in ITEMS]
SECOND = [item[1] for item in ITEMS]


class Items(ProducerPE):
    def __init__(self, items):
        super().__init__()
        self.items = items

    def _process(self, inputs):
        yield from self.items


def each(items, **aggregates):
    """One source, each aggregate behind it, called after its key."""
    graph = WorkflowGraph()
    source = Items(items)
    for name, pe in aggregates.items():
        pe.base_name = name
        graph.connect(source, "output", pe, "input")
    return graph


def aggregates_alone():
    graph = each(
        ITEMS,
        count=ready.CountPE(),
        sum=ready.SumPE([1, 0]),
        min=ready.MinPE([0]),
        max=ready.MaxPE([1, 0]),
        average=ready.AveragePE(1),
    )
    return graph, {
        "count.output": [[200]],
        "sum.output": [[sum(SECOND), sum(FIRST)]],
        "min.output": [[min(FIRST)]],
        "max.output": [[max(SECOND), max(FIRST)]],
        "average.output": [[sum(SECOND) / 200, 200, sum(SECOND)]],
    }


def aggregates_in_parallel():
    graph = each(
        ITEMS,
        count=ready.parallel_count(),
        sum=ready.parallel_sum([1, 0]),
        min=ready.parallel_min([0]),
        max=ready.parallel_max([1, 0]),
        average=ready.parallel_avg(1),
    )
    for composite in graph.get_contained_objects()[1:]:
        composite.subgraph.get_contained_objects()[0].numprocesses = 3
    return graph, {
        "count/CountPE.output": [[200]],
        "sum/SumPE.output": [[sum(SECOND), sum(FIRST)]],
        "min/MinPE.output": [[min(FIRST)]],
        "max/MaxPE.output": [[max(SECOND), max(FIRST)]],
        "average/AveragePE.output": [[sum(SECOND) / 200, 200, sum(SECOND)]],
    }


def aggregates_of_nothing():
    graph = each(
        [],
        count=ready.CountPE(),
        sum=ready.SumPE(),
        min=ready.MinPE(),
        average=ready.parallel_avg(),
        deviation=ready.StdDevPE(),
        many=ready.parallel_count(),
    )
    return graph, {
        "count.output": [[0]],
        "sum.output": [[0]],
        "min.output": [],
        "average/AveragePE.output": [],
        "deviation.output": [],
        "many/CountPE.output": [[0]],
    }


class Rounded(ready.StdDevPE):
    """To digits that do not depend on the order of items."""

    def tell(self):
        deviation, count, total, squares = self.fold.value()
        self.write("output", (round(deviation, 9), count, round(total, 9), round(squares, 9)))


def standard_deviation():
    mean = math.fsum(SECOND) / 200
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in SECOND) / 199)
    graph = each(ITEMS, deviation=Rounded(1))
    expected = (round(deviation, 9), 200, sum(SECOND), sum(value * value for value in SECOND))
    return graph, {"deviation.output": [expected]}


CASES = [aggregates_alone, aggregates_in_parallel, aggregates_of_nothing, standard_deviation]
