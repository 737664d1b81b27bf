"""Cases about the life of a PE: preprocess, items, every, postprocess, failures."""

from sferic import IterativePE, ProducerPE, WorkflowGraph, every

from .pes import Distinct, EndOfSource, Numbers, Same


class Stages(IterativePE):
    """Says what was called, in which order, on which instance."""

    numprocesses = 3

    def __init__(self):
        super().__init__()
        self.calls = []

    def _preprocess(self):
        self.calls.append("pre")

    def _process(self, data):
        if self.calls[-1] != "item":
            self.calls.append("item")

    def _postprocess(self):
        self.write("output", (self.rank, self.numprocesses, *self.calls, "post"))


def each_instance_lives_once():
    graph = WorkflowGraph()
    graph.connect(Numbers(30), "output", Stages(), "input")
    return graph, {"Stages.output": [(rank, 3, "pre", "item", "post") for rank in range(3)]}


def no_items_still_end():
    graph = WorkflowGraph()
    graph.connect(Numbers(0), "output", Stages(), "input")
    return graph, {"Stages.output": [(rank, 3, "pre", "post") for rank in range(3)]}


class CountAndSay(IterativePE):
    """Each item on, and at the end how many there were: its own last words count at the next PE."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def _process(self, data):
        self.count += 1
        return data

    def _postprocess(self):
        self.write("output", self.count)


def ends_come_in_topological_order():
    graph = WorkflowGraph()
    pes = [Numbers(10), *(CountAndSay() for _ in range(4))]
    for before, after in zip(pes, pes[1:], strict=False):
        graph.connect(before, "output", after, "input")
    return graph, {"CountAndSay4.output": [*range(10), 10, 11, 12, 13]}


def a_source_may_write_at_its_end():
    graph = WorkflowGraph()
    graph.connect(EndOfSource(3), "output", Same(), "input")
    return graph, {"Same.output": [0, 1, 2, "end of the source"]}


class WriteThenReturn(IterativePE):
    def _process(self, data):
        self.write("output", ("written", data))
        return ("returned", data)

    def _postprocess(self):
        self.write("output", "last")


class Order(IterativePE):
    """All items as one list: their order is what counts."""

    def __init__(self):
        super().__init__()
        self.items = []

    def _process(self, data):
        self.items.append(data)

    def _postprocess(self):
        self.write("output", self.items)


def written_before_returned_before_the_end():
    graph = WorkflowGraph()
    writes, order = WriteThenReturn(), Order()
    graph.connect(Numbers(700), "output", writes, "input")
    graph.connect(writes, "output", order, "input")
    expected = [(how, n) for n in range(700) for how in ("written", "returned")]
    return graph, {"Order.output": [[*expected, "last"]]}


class OldStyle(IterativePE):
    def process(self, inputs):
        self.write(self.OUTPUT_NAME, inputs[self.INPUT_NAME] * 2)


def process_itself_overridden():
    graph = WorkflowGraph()
    graph.connect(Numbers(3), "output", OldStyle(), "input")
    return graph, {"OldStyle.output": [0, 2, 4]}


class TicksTillThree(ProducerPE):
    """A source that goes on until its own `every` has come three times."""

    def __init__(self):
        super().__init__()
        self.ticks = 0

    @every(0.01)
    def tick(self):
        self.ticks += 1

    def _process(self, inputs):
        self.write("output", "waits")  # a tick may have come before it: the machine decides
        while self.ticks < 3:
            self.write("output", "waits")

    def _postprocess(self):
        self.write("output", "three")


def every_comes_between_the_items_of_a_source():
    graph = WorkflowGraph()
    graph.connect(TicksTillThree(), "output", Distinct(), "input")
    return graph, {"Distinct.output": ["waits", "three"]}


class FailsAtTheEnd(IterativePE):
    on_failure = "dead-letter"

    def _process(self, data):
        return data

    def _postprocess(self):
        self.write("output", "never")
        raise ValueError("no end")


def a_failed_end_leaves_the_rest():
    graph = WorkflowGraph()
    graph.connect(Numbers(5), "output", FailsAtTheEnd(), "input")
    return graph, {"FailsAtTheEnd.output": [0, 1, 2, 3, 4], "failures": 1}


class BreaksOff(ProducerPE):
    on_failure = "skip"

    def _process(self, inputs):
        for number in range(10):
            if number == 7:
                raise ValueError("no more")
            self.write("output", number)


def a_source_that_breaks_off_keeps_what_it_gave():
    graph = WorkflowGraph()
    graph.connect(BreaksOff(), "output", Same(), "input")
    return graph, {"Same.output": list(range(7)), "failures": 1}


class AlwaysFails(IterativePE):
    retries = 2
    on_failure = "dead-letter"

    def _process(self, data):
        self.write("output", data)
        raise ValueError("always")


def siblings_of_a_failing_pe_go_on():
    graph = WorkflowGraph()
    source, fine = Numbers(20), Same()
    graph.connect(source, "output", AlwaysFails(), "input")
    graph.connect(source, "output", fine, "input")
    graph.connect(fine, "output", Order(), "input")
    return graph, {"Order.output": [list(range(20))], "AlwaysFails.output": [], "failures": 20}


class Returns(IterativePE):
    def _process(self, data):
        pass

    def _postprocess(self):
        return "the end"


class YieldsAtTheEnd(Returns):
    def _postprocess(self):
        yield "one"
        yield "two"


class OldSpelling(Returns):
    def postprocess(self):
        yield "old"


def what_the_end_returns_or_yields_is_written():
    graph = WorkflowGraph()
    source = Numbers(3)
    for pe in (Returns(), YieldsAtTheEnd(), OldSpelling()):
        graph.connect(source, "output", pe, "input")
    return graph, {
        "Returns.output": ["the end"],
        "YieldsAtTheEnd.output": ["one", "two"],
        "OldSpelling.output": ["old"],
    }


CASES = [
    each_instance_lives_once,
    no_items_still_end,
    ends_come_in_topological_order,
    a_source_may_write_at_its_end,
    written_before_returned_before_the_end,
    what_the_end_returns_or_yields_is_written,
    process_itself_overridden,
    every_comes_between_the_items_of_a_source,
    a_failed_end_leaves_the_rest,
    a_source_that_breaks_off_keeps_what_it_gave,
    siblings_of_a_failing_pe_go_on,
]
