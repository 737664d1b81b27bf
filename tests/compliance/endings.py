"""Cases about what PEs raise that is no Exception: it fails an item as anything else does, and ends no process."""

import asyncio

from sferic import GenericPE, IterativePE, ProducerPE, WorkflowGraph, every

from .pes import Numbers


class OwnError(BaseException):
    pass


RAISED = (asyncio.CancelledError, GeneratorExit, SystemExit, OwnError)


def raise_for(number):
    if number % 3 == 0:
        raise RAISED[number % len(RAISED)](f"no {number}")


def by_number(number):
    raise_for(number)
    return number


class Raises(IterativePE):
    on_failure = "skip"

    def _process(self, number):
        self.write("output", ("written", number))
        raise_for(number)
        return number


def each_of_them_fails_its_item():
    graph = WorkflowGraph()
    graph.connect(Numbers(24), "output", Raises(), "input")
    expected = [part for n in range(24) if n % 3 for part in (("written", n), n)]
    return graph, {"Raises.output": expected, "failures": 8}


class RaisesAtFirst(IterativePE):
    retries = 1

    def __init__(self):
        super().__init__()
        self.seen = set()

    def _process(self, number):
        self.write("output", number)
        if number not in self.seen:
            self.seen.add(number)
            raise_for(number)


def each_of_them_is_tried_again():
    graph = WorkflowGraph()
    graph.connect(Numbers(24), "output", RaisesAtFirst(), "input")
    return graph, {"RaisesAtFirst.output": list(range(24))}


class RaisesInGenerator(IterativePE):
    on_failure = "skip"

    def _process(self, number):
        yield "first"
        raise_for(number)
        yield "second"


def each_of_them_ends_a_generator():
    graph = WorkflowGraph()
    graph.connect(Numbers(24), "output", RaisesInGenerator(), "input")
    return graph, {"RaisesInGenerator.output": ["first", "second"] * 16, "failures": 8}


class Deals(Numbers):
    on_failure = "skip"


class Sum(IterativePE):
    numprocesses = 2

    def __init__(self):
        super().__init__()
        self.sum = 0

    def _process(self, number):
        self.sum += number

    def _postprocess(self):
        self.write("output", self.sum)


def each_of_them_refuses_a_key():
    graph = WorkflowGraph()
    graph.connect(Deals(24), "output", Sum(), "input", by_number)
    return graph, {"Sum.output": [sum(n for n in range(24) if n % 3)], "spread": 2, "failures": 8}


class BreaksOff(ProducerPE):
    on_failure = "skip"

    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def _process(self, inputs):
        yield 1
        yield 2
        raise self.kind


class BreaksOffWithoutAGenerator(BreaksOff):
    def _process(self, inputs):
        self.write("output", 3)
        raise self.kind


class Passes(IterativePE):
    def _process(self, data):
        return data


def each_of_them_breaks_off_a_source():
    graph = WorkflowGraph()
    passes = Passes()
    for kind in RAISED:
        graph.connect(BreaksOff(kind), "output", passes, "input")
        graph.connect(BreaksOffWithoutAGenerator(kind), "output", passes, "input")
    return graph, {"Passes.output": [1, 2, 3] * len(RAISED), "failures": 2 * len(RAISED)}


class FailsAtTheEnd(IterativePE):
    on_failure = "skip"

    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def _process(self, data):
        return data

    def _postprocess(self):
        self.write("output", "never")
        raise self.kind


def each_of_them_fails_postprocess():
    graph = WorkflowGraph()
    pes = [Numbers(3), *map(FailsAtTheEnd, RAISED)]
    for before, after in zip(pes, pes[1:], strict=False):
        graph.connect(before, "output", after, "input")
    return graph, {"FailsAtTheEnd4.output": [0, 1, 2], "failures": len(RAISED)}


class FailsOnce(ProducerPE):
    """A source whose `every` fails the first time, and that goes on until it has come again."""

    on_failure = "skip"

    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        self.ticks = 0

    @every(0.01)
    def tick(self):
        self.ticks += 1
        if self.ticks == 1:
            raise self.kind

    def _process(self, inputs):
        while self.ticks < 2:
            self.wait(0.01)
        self.write("output", "came again")


def each_of_them_fails_an_every():
    graph = WorkflowGraph()
    passes = Passes()
    for kind in RAISED:
        graph.connect(FailsOnce(kind), "output", passes, "input")
    return graph, {"Passes.output": ["came again"] * len(RAISED), "failures": len(RAISED)}


class ClosesLate(GenericPE):
    """What a generator writes when it is closed belongs to its item, and goes with it."""

    on_failure = "skip"

    def __init__(self):
        super().__init__()
        self.add_input("in")
        self.add_output("out")

    def process(self, inputs):
        try:
            yield {"out": inputs["in"]}
            if inputs["in"] % 3 == 0:
                yield "no dict"
        finally:
            self.write("out", "closed")


def a_generator_is_closed_before_its_item_has_failed():
    graph = WorkflowGraph()
    graph.connect(Numbers(24), "output", ClosesLate(), "in")
    expected = [part for n in range(24) if n % 3 for part in (n, "closed")]
    return graph, {"ClosesLate.out": expected, "failures": 8}


CASES = [
    a_generator_is_closed_before_its_item_has_failed,
    each_of_them_fails_its_item,
    each_of_them_is_tried_again,
    each_of_them_ends_a_generator,
    each_of_them_refuses_a_key,
    each_of_them_breaks_off_a_source,
    each_of_them_fails_postprocess,
    each_of_them_fails_an_every,
]
