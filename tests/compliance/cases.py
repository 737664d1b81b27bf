"""The compliance cases: each builds a workflow and says, by a plain loop, what it must give on every target."""

from collections import Counter

from sferic import (
    ConsumerPE,
    GenericPE,
    IterativePE,
    ProducerPE,
    WorkflowGraph,
)

from .pes import Numbers, Ranked, Same, Total, pipeline


class Yields(Numbers):
    def _process(self, inputs):
        yield from range(self.count)


def one_stage():
    graph = WorkflowGraph()
    graph.add(Numbers(5))
    return graph, {"Numbers.output": list(range(5))}


def chain():
    return pipeline(Numbers(1000), Same(), Total()), {"Total.output": [sum(range(1000))]}


def generator():
    return pipeline(Yields(1000), Same()), {"Same.output": list(range(1000))}


class Falsy(ProducerPE):
    def _process(self, inputs):
        for value in (0, "", False, [], 0.0):
            self.write("output", value)
        self.write("output", None)


class NoneForOdd(IterativePE):
    def _process(self, data):
        return data if isinstance(data, int) and data % 2 == 0 else None


def falsy_values_are_items():
    return pipeline(Falsy(), Ranked()), {"Ranked.output": [(0, v) for v in (0, "", False, [], 0.0, None)]}


def none_emits_nothing():
    return pipeline(Numbers(10), NoneForOdd()), {"NoneForOdd.output": [0, 2, 4, 6, 8]}


class Append(IterativePE):
    """Changes its item: nobody else may see that."""

    def _process(self, data):
        data.append("changed")
        return data


class Lists(ProducerPE):
    def _process(self, inputs):
        for number in range(10):
            self.write("output", [number])


def fork_gives_each_its_own():
    graph = WorkflowGraph()
    source, left, right = Lists(), Append(), Append()
    left.name, right.name = "left", "right"
    graph.connect(source, "output", left, "input")
    graph.connect(source, "output", right, "input")
    expected = [[n, "changed"] for n in range(10)]
    return graph, {"left.output": expected, "right.output": expected}


class Growing(ProducerPE):
    """Writes one list again and again, changing it in between."""

    def _process(self, inputs):
        items = []
        for number in range(5):
            items.append(number)
            self.write("output", items)


def what_was_written_arrives():
    return pipeline(Growing(), Same()), {"Same.output": [list(range(n + 1)) for n in range(5)]}


class TwoInputs(GenericPE):
    def __init__(self):
        super().__init__()
        self.add_input("a", grouping="global")
        self.add_input("b", grouping="global")
        self.add_output("sums")
        self.sums = {"a": 0, "b": 0}

    def process(self, inputs):
        for port, value in inputs.items():
            self.sums[port] += value

    def postprocess(self):
        self.write("sums", self.sums)


def join():
    graph = WorkflowGraph()
    both = TwoInputs()
    graph.connect(Numbers(100), "output", both, "a")
    graph.connect(Yields(50), "output", both, "b")
    return graph, {"TwoInputs.sums": [{"a": sum(range(100)), "b": sum(range(50))}]}


def two_connections_between_one_pair():
    graph = WorkflowGraph()
    source, both = Numbers(100), TwoInputs()
    graph.connect(source, "output", both, "a")
    graph.connect(source, "output", both, "b")
    return graph, {"TwoInputs.sums": [{"a": sum(range(100)), "b": sum(range(100))}]}


class PostWriter(IterativePE):
    def __init__(self, count):
        super().__init__()
        self.count = count

    def _process(self, data):
        pass

    def _postprocess(self):
        for number in range(self.count):
            self.write("output", number)


def many_results_and_postprocess_flows_on():
    return pipeline(Numbers(1), PostWriter(200_000), Same()), {"Same.output": list(range(200_000))}


class Failing(IterativePE):
    on_failure = "skip"

    def _process(self, data):
        self.write("output", ("lost", data))
        if data % 3 == 0:
            raise ValueError(f"no {data}")
        return data


def failed_items_leave_nothing():
    expected = [part for n in range(30) if n % 3 for part in (("lost", n), n)]
    return pipeline(Numbers(30), Failing()), {"Failing.output": expected, "failures": 10}


class Flaky(IterativePE):
    retries = 2

    def __init__(self):
        super().__init__()
        self.tries = Counter()

    def _process(self, data):
        self.tries[data] += 1
        self.write("output", (data, self.tries[data]))
        if self.tries[data] <= 2:
            raise ValueError("not yet")


def retries_drop_what_failed_attempts_wrote():
    return pipeline(Numbers(20), Flaky()), {"Flaky.output": [(n, 3) for n in range(20)]}


class Swallow(ConsumerPE):
    def _process(self, data):
        pass


class TwoPorts(GenericPE):
    def __init__(self):
        super().__init__()
        self.add_input("in")
        self.add_output("even")
        self.add_output("odd")

    def process(self, inputs):
        return {"even" if inputs["in"] % 2 == 0 else "odd": inputs["in"]}


def returned_dict_names_ports():
    graph = pipeline(Numbers(10), TwoPorts())
    return graph, {"TwoPorts.even": [0, 2, 4, 6, 8], "TwoPorts.odd": [1, 3, 5, 7, 9]}


def sink_without_results():
    return pipeline(Numbers(100), Swallow()), {}


class BigInts(ProducerPE):
    VALUES = (2**70, -(2**64), 1.0, 1, True, (1, [2, {"a": (3,)}]), b"\x00", {1: "x", (1, 2): "y"}, {1, 2}, 1 + 2j)

    def _process(self, inputs):
        for value in self.VALUES:
            self.write("output", value)


class TypeOf(IterativePE):
    def _process(self, data):
        return (type(data).__name__, data)


def exact_types():
    expected = [(type(value).__name__, value) for value in BigInts.VALUES]
    return pipeline(BigInts(), TypeOf()), {"TypeOf.output": expected}


CASES = [
    one_stage,
    chain,
    generator,
    falsy_values_are_items,
    none_emits_nothing,
    fork_gives_each_its_own,
    what_was_written_arrives,
    join,
    two_connections_between_one_pair,
    many_results_and_postprocess_flows_on,
    failed_items_leave_nothing,
    retries_drop_what_failed_attempts_wrote,
    returned_dict_names_ports,
    sink_without_results,
    exact_types,
]
