"""Cases of PEs that are one thing to their user (composites, chains of functions) or to a process (partitions)."""

from sferic import CompositePE, IterativePE, WorkflowGraph, create_iterative_chain

from .pes import Numbers, Same, Total


class Plus(IterativePE):
    stateless = True

    def __init__(self, more):
        super().__init__()
        self.more = more

    def _process(self, data):
        return data + self.more


class Inner(CompositePE):
    """One input that leads to two PEs, both to one output."""

    def __init__(self):
        super().__init__()
        left, right = Plus(100), Plus(200)
        self.map_input("input", left, "input")
        self.map_input("input", right, "input")
        self.map_output("output", left, "output")
        self.map_output("output", right, "output")


class Outer(CompositePE):
    def __init__(self):
        super().__init__()
        inner, after = Inner(), Plus(1000)
        self.connect(inner, "output", after, "input")
        self.map_input("input", inner, "input")
        self.map_output("output", after, "output")


def composites_nest():
    graph = WorkflowGraph()
    graph.connect(Numbers(10), "output", outer := Outer(), "input")
    graph.connect(outer, "output", Same(), "input")
    return graph, {"Same.output": [n + more + 1000 for n in range(10) for more in (100, 200)]}


def increment(data, by=1):
    return data + by


def chain_of_functions():
    graph = WorkflowGraph()
    functions = create_iterative_chain([increment, (increment, {"by": 10})])
    graph.connect(Numbers(10), "output", functions, "input")
    graph.connect(functions, "output", Same(), "input")
    return graph, {"Same.output": [n + 11 for n in range(10)]}


def partitions():
    graph = WorkflowGraph()
    source, one, two, total = Numbers(100), Plus(1), Plus(2), Total()
    for before, after in ((source, one), (one, two), (two, total)):
        graph.connect(before, "output", after, "input")
    graph.partitions = [[source, one], [two, total]]
    return graph, {"Total.output": [sum(n + 3 for n in range(100))]}


def sources_share_a_process():
    """Neither keeps the other waiting, and what they both feed is called, not sent to."""
    graph = WorkflowGraph()
    first, second, same, total = Numbers(1000), Numbers(500), Same(), Total()
    for source in (first, second):
        graph.connect(source, "output", same, "input")
    graph.connect(same, "output", total, "input")
    graph.partitions = [[first, second, same], [total]]
    return graph, {"Total.output": [sum(range(1000)) + sum(range(500))]}


class ForgetsSuper(CompositePE):
    def __init__(self):
        plus = Plus(1)
        self.map_input("input", plus, "input")
        self.map_output("output", plus, "output")


def a_composite_that_forgets_super_is_whole():
    graph = WorkflowGraph()
    composite = ForgetsSuper()
    graph.connect(Numbers(3), "output", composite, "input")
    graph.connect(composite, "output", Same(), "input")
    return graph, {"Same.output": [1, 2, 3]}


CASES = [
    a_composite_that_forgets_super_is_whole,
    composites_nest,
    chain_of_functions,
    partitions,
    sources_share_a_process,
]
