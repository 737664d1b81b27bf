"""Composites, chains, partitions, and what users build of them; read as cases.py says."""

from dispel4py.base import (
    BasePE,
    CompositePE,
    ConsumerPE,
    IterativePE,
    SimpleFunctionPE,
    create_iterative_chain,
)
from dispel4py.workflow_graph import WorkflowGraph
from pes import (
    Counting,
    Items,
    Numbers,
    Plus,
    Same,
    case,
    line,
    named,
)


@case
def a_composite():
    composite = CompositePE()
    first, second = named(Plus(1), "first"), named(Plus(10), "second")
    composite.connect(first, "output", second, "input")
    composite._map_input("in", first, "input")
    composite._map_output("out", second, "output")
    source = named(Numbers(3), "numbers")
    graph = WorkflowGraph()
    graph.connect(source, "output", composite, "in")
    graph.connect(composite, "out", named(Same(), "same"), "input")
    graph.flatten()
    return graph, {source: 1}, {"same": {"output": [11, 12, 13]}}


@case
def a_composite_made_by_a_function():
    def build(graph, number):
        plus, same = named(Plus(number), "plus"), named(Same(), "inner")
        graph.connect(plus, "output", same, "input")
        graph._map_input("in", plus, "input")
        graph._map_output("out", same, "output")

    source = named(Numbers(3), "numbers")
    graph = WorkflowGraph()
    composite = CompositePE(build, {"number": 5})
    graph.connect(source, "output", composite, "in")
    graph.connect(composite, "out", named(Same(), "same"), "input")
    graph.flatten()
    return graph, {source: 1}, {"same": {"output": [5, 6, 7]}}


@case
def a_composite_in_a_composite():
    inner, outer = CompositePE(), CompositePE()
    one, two = named(Plus(1), "one"), named(Plus(2), "two")
    inner._map_input("in", one, "input")
    inner._map_output("out", one, "output")
    inner.add(one)
    outer.connect(inner, "out", two, "input")
    outer._map_input("in", inner, "in")
    outer._map_output("out", two, "output")
    source = named(Numbers(3), "numbers")
    graph = WorkflowGraph()
    graph.connect(source, "output", outer, "in")
    graph.connect(outer, "out", named(Same(), "same"), "input")
    graph.flatten()
    return graph, {source: 1}, {"same": {"output": [3, 4, 5]}}


def add(data, number):
    return data + number


def times(data, number=2):
    return data * number


def small(data):
    if data < 10:
        return data


@case
def a_chain_of_functions():
    source = named(Numbers(8), "numbers")
    chain = create_iterative_chain([(add, {"number": 1}), times, small])
    graph = WorkflowGraph()
    graph.connect(source, "output", chain, "input")
    graph.connect(chain, "output", named(Same(), "same"), "input")
    graph.flatten()
    return graph, {source: 1}, {"same": {"output": [2, 4, 6, 8]}}


@case
def a_chain_of_ones_own_class():
    class Tagged(IterativePE):
        def __init__(self, compute_fn=None, params={}):
            IterativePE.__init__(self)
            self.compute_fn = compute_fn
            self.params = params

        def _process(self, data):
            return self.compute_fn(data, **self.params)

    source = named(Numbers(3), "numbers")
    chain = create_iterative_chain([(add, {"number": 1}), times], Tagged)
    graph = WorkflowGraph()
    graph.connect(source, "output", chain, "input")
    graph.connect(chain, "output", named(Same(), "same"), "input")
    graph.flatten()
    return graph, {source: 1}, {"same": {"output": [2, 4, 6]}}


@case
def a_function():
    source = named(Numbers(3), "numbers")
    return line(source, SimpleFunctionPE(add, {"number": 4})), {source: 1}, {"PE_add": {"output": [4, 5, 6]}}


@case
def ports_by_number():
    class Swap(BasePE):
        def __init__(self):
            BasePE.__init__(self, num_inputs=2, num_outputs=2)

        def process(self, inputs):
            for name in inputs:
                self.write("output1" if name == "input0" else "output0", inputs[name])

    source, swap = named(Counting(("a", "b")), "counting"), named(Swap(), "swap")
    one, two = named(Plus(10), "one"), named(Plus(20), "two")
    graph = WorkflowGraph()
    graph.connect(source, "a", one, "input")
    graph.connect(source, "b", two, "input")
    graph.connect(one, "output", swap, "input0")
    graph.connect(two, "output", swap, "input1")
    return graph, {source: 2}, {"swap": {"output1": [11, 12], "output0": [21, 22]}}


@case
def partitions():
    source = named(Numbers(6), "numbers")
    one, two, last = named(Plus(1), "one"), named(Plus(10), "two"), named(Plus(100), "last")
    graph = line(source, one, two, last)
    graph.partitions = [[source], [one, two], [last]]
    return graph, {source: 1}, {"last": {"output": [number + 111 for number in range(6)]}}


@case
def a_receiver_owns_its_item():
    class Append(IterativePE):
        def __init__(self, what):
            IterativePE.__init__(self)
            self.what = what

        def _process(self, data):
            data.append(self.what)
            return data

    source = named(Items([[1], [2]]), "items")
    graph = WorkflowGraph()
    graph.connect(source, "output", named(Append("a"), "a"), "input")
    graph.connect(source, "output", named(Append("b"), "b"), "input")
    return graph, {source: 1}, {"a": {"output": [[1, "a"], [2, "a"]]}, "b": {"output": [[1, "b"], [2, "b"]]}}


@case
def a_sink_gives_nothing():
    class Sink(ConsumerPE):
        def __init__(self):
            ConsumerPE.__init__(self)

        def _process(self, data):
            return data

    source = named(Numbers(3), "numbers")
    return line(source, named(Sink(), "sink")), {source: 1}, {}
