"""What the old mappings got wrong, as far as no other case shows it."""

from collections import Counter

from sferic import GenericPE, IterativePE, ProducerPE, WorkflowGraph

# 41: dealt out in turn, each name passes through every instance.
NAMES = [f"name {number % 41}" for number in range(2000)]


class Names(ProducerPE):
    def _process(self, inputs):
        yield from NAMES


class Pass(IterativePE):
    """Two processes, each with a hash seed of its own where Python chooses one."""

    numprocesses = 2

    def _process(self, data):
        return (data, 1)


class Reduce(IterativePE):
    numprocesses = 3

    def __init__(self):
        super().__init__()
        self.inputconnections["input"]["grouping"] = [0]
        self.counts = Counter()

    def _process(self, data):
        self.counts[data[0]] += data[1]

    def _postprocess(self):
        for pair in self.counts.items():
            self.write("output", pair)


def equal_keys_from_several_senders_meet():
    graph = WorkflowGraph()
    graph.connect(Names(), "output", passing := Pass(), "input")
    graph.connect(passing, "output", Reduce(), "input")
    return graph, {"Reduce.output": list(Counter(NAMES).items())}


class WritesWrongPort(IterativePE):
    on_failure = "skip"

    def _process(self, data):
        if data.endswith("7"):
            self.write("outptu", data)
        return data


def a_write_to_an_unknown_port_fails_its_item():
    graph = WorkflowGraph()
    graph.connect(Names(), "output", WritesWrongPort(), "input")
    right = [name for name in NAMES if not name.endswith("7")]
    return graph, {"WritesWrongPort.output": right, "failures": len(NAMES) - len(right)}


class CountsItself(IterativePE):
    """How often it was called, once at the end."""

    def __init__(self):
        super().__init__()
        self.add_output("calls")
        self.calls = 0

    def _process(self, data):
        self.calls += 1
        self.write("output", data)

    def _postprocess(self):
        self.write("calls", self.calls)


class Length(IterativePE):
    def _process(self, data):
        return len(data)


def what_is_before_a_fork_runs_once():
    graph = WorkflowGraph()
    counts = CountsItself()
    graph.connect(Names(), "output", counts, "input")
    for _ in range(3):
        graph.connect(counts, "output", Length(), "input")
    lengths = [len(name) for name in NAMES]
    return graph, {
        "CountsItself.calls": [len(NAMES)],
        "Length.output": lengths,
        "Length2.output": lengths,
        "Length3.output": lengths,
    }


class RaisesInTwoInputs(GenericPE):
    """Fails for what comes in through one port; the other one's items still go through, and it ends."""

    on_failure = "dead-letter"
    numprocesses = 2

    def __init__(self):
        super().__init__()
        self.add_input("bad")
        self.add_input("good")
        self.add_output("out")

    def process(self, inputs):
        if "bad" in inputs:
            raise ValueError(inputs["bad"])
        return {"out": inputs["good"]}


def exceptions_in_several_instances_end():
    graph = WorkflowGraph()
    names, raises = Names(), RaisesInTwoInputs()
    graph.connect(names, "output", raises, "bad")
    graph.connect(names, "output", raises, "good")
    return graph, {"RaisesInTwoInputs.out": NAMES, "failures": len(NAMES)}


CASES = [
    equal_keys_from_several_senders_meet,
    a_write_to_an_unknown_port_fails_its_item,
    what_is_before_a_fork_runs_once,
    exceptions_in_several_instances_end,
]
