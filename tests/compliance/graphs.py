"""Cases about what graphs look like: branches, ports, partitions, composites, one item that becomes many."""

from sferic import CompositePE, ConsumerPE, GenericPE, IterativePE, SimpleFunctionPE, WorkflowGraph

from .pes import Distinct, EndOfSource, Numbers, Same


class YieldsParts(GenericPE):
    def __init__(self):
        super().__init__()
        self.add_input("in")
        self.add_output("a")
        self.add_output("b")

    def process(self, inputs):
        yield {"a": inputs["in"]}
        yield {"a": -inputs["in"], "b": "both"}


def generators_of_dicts():
    graph = WorkflowGraph()
    graph.connect(Numbers(3), "output", YieldsParts(), "in")
    return graph, {"YieldsParts.a": [0, 0, 1, -1, 2, -2], "YieldsParts.b": ["both"] * 3}


def three_branches_and_two_ports_of_one():
    graph = WorkflowGraph()
    source = Numbers(6)
    parts = YieldsParts()
    branches = [Same(), Same(), parts]
    for branch in branches:
        graph.connect(source, "output", branch, "in" if branch is parts else "input")
    expected = [0, 1, 2, 3, 4, 5]
    signed = [sign * n for n in expected for sign in (1, -1)]
    return graph, {
        "Same.output": expected,
        "Same2.output": expected,
        "YieldsParts.a": signed,
        "YieldsParts.b": ["both"] * 6,
    }


class Either(GenericPE):
    optional = ("other",)

    def __init__(self):
        super().__init__()
        self.add_input("one")
        self.add_input("other")
        self.add_output("out")

    def process(self, inputs):
        (self.write("out", (port, item)) for port, item in inputs.items())
        return {"out": tuple(inputs.items())[0]}


def an_optional_input_may_lack():
    graph = WorkflowGraph()
    graph.connect(Numbers(3), "output", Either(), "one")
    return graph, {"Either.out": [("one", 0), ("one", 1), ("one", 2)]}


class Marked(IterativePE):
    numprocesses = 2

    def __init__(self):
        super().__init__()
        self.seen = []

    def _process(self, data):
        self.seen.append(data)

    def _postprocess(self):
        self.write("output", sorted(self.seen))


class Last(IterativePE):
    def _process(self, data):
        return 99


def two_groupings_into_one_port():
    """From one sender each item goes to one instance, from the other to all."""
    graph = WorkflowGraph()
    marked = Marked()
    graph.connect(Numbers(4), "output", marked, "input", "global")
    graph.connect(EndOfSource(0), "output", Last(), "input")
    last = next(pe for pe in graph.get_contained_objects() if isinstance(pe, Last))
    graph.connect(last, "output", marked, "input", "all")
    return graph, {"Marked.output": [[0, 1, 2, 3, 99], [99]]}


def doubled(data, by=2):
    return data * by


def partitions_of_several_instances():
    graph = WorkflowGraph()
    first, second = SimpleFunctionPE(doubled), SimpleFunctionPE(doubled, {"by": 10})
    first.numprocesses = second.numprocesses = 2
    source, order = Numbers(50), Distinct()
    graph.connect(source, "output", first, "input")
    graph.connect(first, "output", second, "input")
    graph.connect(second, "output", order, "input")
    graph.partitions = [[source], [first, second], [order]]
    return graph, {"Distinct.output": [n * 20 for n in range(50)]}


class Spread(IterativePE):
    numprocesses = 2

    def _process(self, data):
        return data


def a_partition_must_not_cut_a_grouping():
    graph = WorkflowGraph()
    spread, meet = Spread(), Marked()
    source = Numbers(20)
    graph.connect(source, "output", spread, "input")
    graph.connect(spread, "output", meet, "input", "global")
    graph.partitions = [[source], [spread, meet]]
    return graph, {"Marked.output": [list(range(20)), []]}


class Sink(ConsumerPE):
    """A sink with a result: what it counted."""

    def __init__(self):
        super().__init__()
        self.add_output("count")
        self.count = 0

    def _process(self, data):
        self.count += 1

    def _postprocess(self):
        self.write("count", self.count)


class Whole(CompositePE):
    """A workflow that is whole in itself."""

    def __init__(self):
        super().__init__()
        self.connect(Numbers(7), "output", Sink(), "input")


def a_composite_may_hold_all():
    graph = WorkflowGraph()
    graph.add(Whole())
    graph.add(Whole())
    return graph, {"Whole/Sink.count": [7], "Whole2/Sink.count": [7]}


def many_results_of_items():
    graph = WorkflowGraph()
    graph.connect(Numbers(200_000), "output", Same(), "input")
    return graph, {"Same.output": list(range(200_000))}


class ManyForOne(IterativePE):
    def _process(self, data):
        for number in range(50_000):
            self.write("output", number)


def many_items_for_one():
    graph = WorkflowGraph()
    many, sink = ManyForOne(), Sink()
    graph.connect(Numbers(2), "output", many, "input")
    graph.connect(many, "output", sink, "input")
    return graph, {"Sink.count": [100_000]}


CASES = [
    generators_of_dicts,
    three_branches_and_two_ports_of_one,
    an_optional_input_may_lack,
    two_groupings_into_one_port,
    partitions_of_several_instances,
    a_partition_must_not_cut_a_grouping,
    a_composite_may_hold_all,
    many_results_of_items,
    many_items_for_one,
]
