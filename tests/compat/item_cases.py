"""What is written, when, and where it goes; read as cases.py says."""

from dispel4py.base import (
    IterativePE,
)
from dispel4py.core import GROUPING, NAME, GenericPE
from pes import (
    Items,
    Numbers,
    Same,
    Total,
    case,
    line,
    named,
)


class Odd(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)

    def _process(self, data):
        if data % 2:
            return data


@case
def none_is_not_written():
    source = named(Numbers(6), "numbers")
    return line(source, named(Odd(), "odd")), {source: 1}, {"odd": {"output": [1, 3, 5]}}


@case
def what_is_false_is_written():
    source = named(Items([0, "", [], False, 0.0, {}]), "items")
    return line(source, named(Same(), "same")), {source: 1}, {"same": {"output": [0, "", [], False, 0.0, {}]}}


class Nothing(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)

    def _process(self, data):
        self.write("output", None)


class Ports(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self.inputconnections["input"] = {NAME: "input", GROUPING: "global"}
        self.outputconnections["some"] = {NAME: "some"}
        self.outputconnections["none"] = {NAME: "none"}

    def process(self, inputs):
        return {"some": inputs["input"], "none": None}


@case
def none_that_is_written_is():
    source = named(Numbers(2), "numbers")
    return (
        line(source, named(Nothing(), "nothing"), named(Ports(), "ports")),
        {source: 1},
        {"ports": {"some": [None, None], "none": [None, None]}},
    )


class Both(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)

    def _process(self, data):
        self.write("output", data * 10)
        return data


@case
def written_and_returned():
    source = named(Numbers(3), "numbers")
    return line(source, named(Both(), "both")), {source: 1}, {"both": {"output": [0, 0, 10, 1, 20, 2]}}


@case
def process_of_an_iterative_pe_returns_ports():
    class Shout(IterativePE):
        def __init__(self):
            IterativePE.__init__(self)

        def process(self, inputs):
            return {"output": inputs["input"] * 2}

    source = named(Numbers(3), "numbers")
    return line(source, named(Shout(), "shout")), {source: 1}, {"shout": {"output": [0, 2, 4]}}


@case
def what_postprocess_writes_goes_on():
    source = named(Numbers(5), "numbers")
    total, items = named(Total("global"), "total"), named(Same(), "same")
    total.single = items.single = True
    return line(source, total, items), {source: 1}, {"same": {"output": [(5, 10)]}}


@case
def postprocess_after_postprocess():
    class Pairs(IterativePE):
        def __init__(self):
            IterativePE.__init__(self)
            self.inputconnections["input"]["grouping"] = "global"
            self.pairs = []

        def _process(self, data):
            self.pairs.append(data)

        def _postprocess(self):
            self.write("output", len(self.pairs))

    source, total, pairs = named(Numbers(5), "numbers"), named(Total("global"), "total"), named(Pairs(), "pairs")
    total.single = pairs.single = True
    return line(source, total, pairs), {source: 1}, {"pairs": {"output": [1]}}


@case
def preprocess_comes_first():
    class Prepared(IterativePE):
        def __init__(self):
            IterativePE.__init__(self)

        def _preprocess(self):
            self.offset = 100

        def _process(self, data):
            return data + self.offset

    source = named(Numbers(3), "numbers")
    return line(source, named(Prepared(), "prepared")), {source: 1}, {"prepared": {"output": [100, 101, 102]}}
