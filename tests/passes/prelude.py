"""The PEs that the fixtures are made of. Names say what a pass may ask about them."""

from sferic import (
    CompositePE,
    ConsumerPE,
    GenericPE,
    IterativePE,
    ProducerPE,
    SimpleFunctionPE,
    WorkflowGraph,
    create_iterative_chain,
    every,
)


class Numbers(ProducerPE):
    def _process(self, inputs):
        self.write("output", 1)


class Parts(Numbers):
    splits = True


class Endless(Numbers):
    endless = True


class Same(IterativePE):
    def _process(self, data):
        return data


class Stateless(Same):
    stateless = True


class ByKey(Same):
    def __init__(self, fields=(0,)):
        super().__init__()
        self.inputconnections["input"]["grouping"] = list(fields)


class Totals(ByKey):
    def _postprocess(self):
        self.write("output", "total")


class Ticking(ByKey):
    @every(1)
    def tick(self):
        self.write("output", "so far")


class Sink(ConsumerPE):
    def _process(self, data):
        pass


class Join(GenericPE):
    def __init__(self):
        super().__init__()
        self.add_input("left")
        self.add_input("right")
        self.add_output("output")

    def _process(self, inputs):
        return {"output": inputs}


class Split(GenericPE):
    stateless = True

    def __init__(self):
        super().__init__()
        self.add_input("input")
        self.add_output("even")
        self.add_output("odd")

    def _process(self, inputs):
        return {"even": inputs["input"]}


def twice(data):
    return 2 * data


def negate(data):
    return -data


def first(item):
    return item[0]


def line(*pes):
    """The PEs one after the other, output to input."""
    graph = WorkflowGraph("w")
    graph.add(pes[0])
    for source, target in zip(pes, pes[1:]):
        graph.connect(source, "output", target, "input")
    return graph


def old(*pes, joined=True):
    """The same PEs in a graph as dispel4py builds it, one after the other."""
    from sferic.runtime.compat.workflow_graph import WorkflowGraph as OldGraph

    graph = OldGraph("w")
    for pe in pes:
        pe.numprocesses = pe.numprocesses or 1  # its default
        graph.add(pe)
    for source, target in zip(pes, pes[1:]) if joined else ():
        graph.connect(source, "output", target, "input")
    return graph
