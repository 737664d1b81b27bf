"""Aggregates as users of dispel4py use them; read as cases.py is."""

import math

from dispel4py.new import aggregate
from dispel4py.workflow_graph import WorkflowGraph
from pes import Items, line, named

CASES = {}
WRONGS = {}
ITEMS = [(5, 2), (3, 8), (9, 4), (1, 6), (7, 0), (4, 4)]


def result(graph_of):
    """Names the PEs, so that the last is called `result`."""
    graph, source = graph_of
    pes = [node.obj for node in graph.graph.nodes()]
    for number, pe in enumerate(pes):
        pe.name = f"pe{number}"
    pes[-1].name = "result"
    return graph, {source: 1}


def alone(items, pe):
    source = named(Items(items), "items")
    return line(source, pe), source


def parallel(items, composite):
    source = named(Items(items), "items")
    graph = WorkflowGraph()
    graph.connect(source, "output", composite, "input")
    graph.flatten()
    return graph, source


def add(where, name, graph_of, expected):
    def build():
        return *result(graph_of()), {"result": {"output": expected}}

    build.__name__ = name
    where[name] = build


def deviation(values):
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


FIRST = [item[0] for item in ITEMS]
SECOND = [item[1] for item in ITEMS]
NEGATIVE = [(-value,) for value in FIRST]
names = aggregate.__dict__


def function(*spellings):
    return next(names[name] for name in spellings if name in names)


count = function("parallel_count", "parallelCount")
total = function("parallel_sum", "parallelSum")
least = function("parallel_min", "parallelMin")
greatest = function("parallel_max", "parallelMax")
average = function("parallel_avg", "parallelAvg")
std_dev = function("parallel_std_dev", "parallelStdDev")

add(CASES, "count", lambda: alone(ITEMS, single(aggregate.CountPE())), [[6]])
add(CASES, "sum_", lambda: alone(ITEMS, single(aggregate.SumPE([0, 1]))), [[sum(FIRST), sum(SECOND)]])
add(CASES, "min_", lambda: alone(ITEMS, single(aggregate.MinPE([0, 1]))), [[min(FIRST), min(SECOND)]])
add(CASES, "max_", lambda: alone(ITEMS, single(aggregate.MaxPE([0, 1]))), [[max(FIRST), max(SECOND)]])
add(CASES, "average", lambda: alone(ITEMS, single(aggregate.AverageParallelPE(0))), [[sum(FIRST) / 6, 6, sum(FIRST)]])
add(
    CASES,
    "deviation_",
    lambda: alone(ITEMS, single(aggregate.StdDevPE(1))),
    [(deviation(SECOND), 6, sum(SECOND), sum(value * value for value in SECOND))],
)
add(WRONGS, "parallel_count", lambda: parallel(ITEMS, count()), [[6]])
add(WRONGS, "parallel_sum", lambda: parallel(ITEMS, total([0, 1])), [[sum(FIRST), sum(SECOND)]])
add(WRONGS, "the_parallel_sum_of_the_second_values", lambda: parallel(ITEMS, total([1])), [[sum(SECOND)]])
add(WRONGS, "parallel_min", lambda: parallel(ITEMS, least([0, 1])), [[min(FIRST), min(SECOND)]])
add(WRONGS, "parallel_max", lambda: parallel(ITEMS, greatest([0, 1])), [[max(FIRST), max(SECOND)]])
add(CASES, "parallel_avg", lambda: parallel(ITEMS, average(0)), [[sum(FIRST) / 6, 6, sum(FIRST)]])
add(
    WRONGS,
    "parallel_std_dev",
    lambda: parallel(ITEMS, std_dev(0)),
    [(deviation(FIRST), 6, sum(FIRST), sum(value * value for value in FIRST))],
)
add(WRONGS, "the_greatest_of_negative_values", lambda: alone(NEGATIVE, single(aggregate.MaxPE())), [[-1]])
add(WRONGS, "the_sum_of_the_second_values", lambda: alone(ITEMS, single(aggregate.SumPE([1]))), [[sum(SECOND)]])
add(WRONGS, "the_least_of_the_second_values", lambda: alone(ITEMS, single(aggregate.MinPE([1]))), [[min(SECOND)]])
add(
    WRONGS,
    "values_in_another_order",
    lambda: alone(ITEMS, single(aggregate.SumPE([1, 0]))),
    [[sum(SECOND), sum(FIRST)]],
)
add(
    WRONGS,
    "the_average_of_the_second_values",
    lambda: alone(ITEMS, single(aggregate.AverageParallelPE(1))),
    [[sum(SECOND) / 6, 6, sum(SECOND)]],
)
add(WRONGS, "the_average_of_few", lambda: parallel(ITEMS[:1], average(0)), [[5.0, 1, 5]])
add(WRONGS, "the_least_of_few", lambda: parallel(ITEMS[:1], least()), [[5]])
add(WRONGS, "the_deviation_of_one", lambda: alone(ITEMS[:1], single(aggregate.StdDevPE(0))), [(None, 1, 5, 25)])
LARGE = [(1e9 + value,) for value in (4.0, 7.0, 13.0, 16.0)]
add(
    WRONGS,
    "a_small_deviation_of_large_values",
    lambda: alone(LARGE, single(aggregate.StdDevPE(0))),
    [(deviation([v for (v,) in LARGE]), 4, sum(v for (v,) in LARGE), sum(v * v for (v,) in LARGE))],
)


def single(pe):
    pe.single = True
    return pe
