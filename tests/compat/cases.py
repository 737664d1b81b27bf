"""Workflows as users of dispel4py write them, each with what a plain loop says comes of it.

Read twice: by the tests, where sferic answers for dispel4py, and by `record.py`, with the installed one. A case gives a
graph whose PEs have names, its inputs, and the expected results: {name: {port: [items]}}; where these depend on how many
instances there are, those of one instance each come after them.
"""

from collections import Counter

from dispel4py.base import (
    BasePE,
    CompositePE,
    ConsumerPE,
    IterativePE,
    ProducerPE,
    SimpleFunctionPE,
    create_iterative_chain,
)
from dispel4py.core import GROUPING, NAME, GenericPE
from dispel4py.workflow_graph import WorkflowGraph

CASES = {}
WRONGS = {}
ERRORS = {}
WORDS = "to be or not to be that is the question whether tis nobler in the mind to suffer".split()


def case(function):
    CASES[function.__name__] = function
    return function


def wrong(function):
    """A case where dispel4py is known to be wrong."""
    WRONGS[function.__name__] = function
    return function


class Spread:
    """So many items of a PE, however they were dealt out to its instances; their sums, column by column."""

    def __init__(self, items, *sums):
        self.items = items
        self.sums = sums


def error(function):
    """A case that cannot end well; `expected` is a part of what is to be said."""
    ERRORS[function.__name__] = function
    return function


def named(pe, name):
    pe.name = name
    return pe


class Numbers(ProducerPE):
    def __init__(self, count, start=0):
        ProducerPE.__init__(self)
        self.count = count
        self.start = start

    def _process(self, inputs):
        for number in range(self.start, self.start + self.count):
            self.write("output", number)


class Items(ProducerPE):
    def __init__(self, items):
        ProducerPE.__init__(self)
        self.items = items

    def _process(self, inputs):
        for item in self.items:
            self.write(Items.OUTPUT_NAME, item)


class Counting(GenericPE):
    """One number a call, with more than one output if asked to."""

    def __init__(self, outputs=("output",)):
        GenericPE.__init__(self)
        for name in outputs:
            self._add_output(name, tuple_type=["number"])
        self.counter = 0

    def _process(self, inputs):
        self.counter += 1
        return {name: self.counter for name in self.outputconnections}


class Same(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)

    def _process(self, data):
        return data


class Plus(IterativePE):
    def __init__(self, number):
        IterativePE.__init__(self)
        self.number = number

    def _process(self, data):
        return data + self.number


class Joined(GenericPE):
    """Two inputs; says of each item where it came in."""

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("left")
        self._add_input("right")
        self._add_output("output")

    def process(self, inputs):
        for name in inputs:
            self.write("output", (name, inputs[name]))


class CountByKey(GenericPE):
    """(key, how often) at the end."""

    def __init__(self, fields):
        GenericPE.__init__(self)
        self._add_input("input", grouping=fields)
        self._add_output("output")
        self.fields = fields
        self.seen = {}

    def _process(self, inputs):
        key = tuple(inputs["input"][field] for field in self.fields)
        self.seen[key] = self.seen.get(key, 0) + 1

    def _postprocess(self):
        for key in self.seen:
            self.write("output", (key, self.seen[key]))


class Total(IterativePE):
    """How many items and their sum, at the end."""

    def __init__(self, grouping=None):
        IterativePE.__init__(self)
        if grouping is not None:
            self.inputconnections["input"]["grouping"] = grouping
        self.count = 0
        self.sum = 0

    def _process(self, data):
        self.count += 1
        self.sum += data

    def _postprocess(self):
        self.write("output", (self.count, self.sum))


def line(*pes):
    graph = WorkflowGraph()
    for source, target in zip(pes, pes[1:]):
        graph.connect(source, "output", target, "input")
    return graph


@case
def pipeline():
    source = named(Numbers(10), "numbers")
    return (
        line(source, named(Plus(1), "one"), named(Plus(10), "ten")),
        {source: 1},
        {"ten": {"output": [number + 11 for number in range(10)]}},
    )


@case
def a_source_is_called_so_often():
    source = named(Counting(), "counting")
    return line(source, named(Same(), "same")), {source: 7}, {"same": {"output": [1, 2, 3, 4, 5, 6, 7]}}


@case
def inputs_by_name():
    root = named(Plus(5), "root")
    return line(root, named(Same(), "same")), {"root": [{"input": 1}, {"input": 2}]}, {"same": {"output": [6, 7]}}


@case
def fork():
    source = named(Numbers(6), "numbers")
    graph = WorkflowGraph()
    graph.connect(source, "output", named(Plus(1), "one"), "input")
    graph.connect(source, "output", named(Plus(2), "two"), "input")
    return graph, {source: 1}, {"one": {"output": [1, 2, 3, 4, 5, 6]}, "two": {"output": [2, 3, 4, 5, 6, 7]}}


@case
def several_outputs():
    source = named(Counting(("a", "b", "c")), "counting")
    graph = WorkflowGraph()
    graph.connect(source, "a", named(Plus(0), "first"), "input")
    graph.connect(source, "b", named(Plus(100), "second"), "input")
    return (
        graph,
        {source: 3},
        {"first": {"output": [1, 2, 3]}, "second": {"output": [101, 102, 103]}, "counting": {"c": [1, 2, 3]}},
    )


@case
def join_of_two_branches():
    source, join = named(Counting(("a", "b")), "counting"), named(Joined(), "joined")
    one, two = named(Plus(10), "one"), named(Plus(20), "two")
    graph = WorkflowGraph()
    graph.connect(source, "a", one, "input")
    graph.connect(source, "b", two, "input")
    graph.connect(one, "output", join, "left")
    graph.connect(two, "output", join, "right")
    expected = [("left", n + 10) for n in (1, 2, 3)] + [("right", n + 20) for n in (1, 2, 3)]
    return graph, {source: 3}, {"joined": {"output": expected}}


@case
def two_workflows_in_one_graph():
    graph = WorkflowGraph()
    one, two = named(Numbers(3), "one"), named(Numbers(2, 7), "two")
    graph.connect(one, "output", named(Same(), "same one"), "input")
    graph.connect(two, "output", named(Same(), "same two"), "input")
    return graph, {one: 1, two: 1}, {"same one": {"output": [0, 1, 2]}, "same two": {"output": [7, 8]}}


@case
def group_by_one_field():
    source, count = named(Items([[word, 1] for word in WORDS]), "words"), named(CountByKey([0]), "count")
    count.numprocesses = 3
    return (
        line(source, count),
        {source: 1},
        {"count": {"output": [((word,), times) for word, times in Counter(WORDS).items()]}},
    )


@case
def group_by_two_fields():
    items = [(number % 3, "x", number % 2) for number in range(20)]
    source, count = named(Items(items), "items"), named(CountByKey([0, 2]), "count")
    count.numprocesses = 3
    expected = Counter((item[0], item[2]) for item in items)
    return line(source, count), {source: 1}, {"count": {"output": list(expected.items())}}


@case
def group_by_the_first_letter():
    """Whatever can be indexed has positions."""
    source, count = named(Items(WORDS), "words"), named(CountByKey([0]), "count")
    count.numprocesses = 2
    expected = Counter((word[0],) for word in WORDS)
    return line(source, count), {source: 1}, {"count": {"output": list(expected.items())}}


@case
def group_by_a_name():
    items = [{"place": "roof", "degrees": 1}, {"place": "cellar", "degrees": 2}, {"place": "roof", "degrees": 3}]
    source, count = named(Items(items), "items"), named(CountByKey(["place"]), "count")
    count.numprocesses = 2
    return line(source, count), {source: 1}, {"count": {"output": [(("roof",), 2), (("cellar",), 1)]}}


@case
def group_by_a_list():
    """A list is a key."""
    items = [([number % 2, "k"], number) for number in range(8)]

    class CountLists(CountByKey):
        def _process(self, inputs):
            key = tuple(inputs["input"][0])
            self.seen[key] = self.seen.get(key, 0) + 1

    source, count = named(Items(items), "items"), named(CountLists([0]), "count")
    count.numprocesses = 3
    return line(source, count), {source: 1}, {"count": {"output": [((0, "k"), 4), ((1, "k"), 4)]}}


@case
def all_to_all_instances():
    source, total = named(Numbers(5), "numbers"), named(Total("all"), "total")
    total.numprocesses = 3
    return line(source, total), {source: 1}, {"total": {"output": [(5, 10)] * 3}}, {"total": {"output": [(5, 10)]}}


@case
def all_to_the_first_instance():
    source, total = named(Numbers(5), "numbers"), named(Total("global"), "total")
    total.numprocesses = 3
    expected = {"total": {"output": [(5, 10), (0, 0), (0, 0)]}}
    return line(source, total), {source: 1}, expected, {"total": {"output": [(5, 10)]}}


@case
def shuffled():
    source, total = named(Numbers(9), "numbers"), named(Total(), "total")
    total.numprocesses = 3
    expected = {"total": {"output": [(3, 9), (3, 12), (3, 15)]}}
    return line(source, total), {source: 1}, expected, {"total": {"output": [(9, 36)]}}


@case
def one_process_may_be_several():
    """-n 7: one for the root, three each for the two others, though these keep something."""
    source, total = named(Numbers(9), "numbers"), named(Total(), "total")
    expected = {"total": {"output": Spread(3, 9, 36)}}
    return line(source, named(Same(), "same"), total), {source: 1}, expected, {"total": {"output": [(9, 36)]}}


@case
def single_stays_one():
    source, total = named(Numbers(9), "numbers"), named(Total(), "total")
    total.single = True
    return line(source, named(Same(), "same"), total), {source: 1}, {"total": {"output": [(9, 36)]}}


@case
def a_root_is_one():
    source, total = named(Numbers(4), "numbers"), named(Total("global"), "total")
    total.single = True
    source.numprocesses = 3
    return line(source, total), {source: 1}, {"total": {"output": [(4, 6)]}}


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


# Where dispel4py is known to be wrong: what comes of it there is in recorded.json.


@wrong
def two_sources_into_one_input():
    graph = WorkflowGraph()
    one, two, total = named(Numbers(3), "one"), named(Numbers(3, 10), "two"), named(Same(), "same")
    total.numprocesses = 2
    graph.connect(one, "output", total, "input")
    graph.connect(two, "output", total, "input")
    return graph, {one: 1, two: 1}, {"same": {"output": [0, 1, 2, 10, 11, 12]}}


@case
def two_connections_between_one_pair():
    source, join = named(Counting(("a", "b")), "counting"), named(Joined(), "joined")
    graph = WorkflowGraph()
    graph.connect(source, "a", join, "left")
    graph.connect(source, "b", join, "right")
    return graph, {source: 2}, {"joined": {"output": [("left", 1), ("left", 2), ("right", 1), ("right", 2)]}}


@wrong
def a_root_without_an_input_of_its_own():
    """It is not given anything: it has nothing to do, and the rest ends."""
    graph = WorkflowGraph()
    source, idle = named(Numbers(2), "numbers"), named(Total(), "idle")
    graph.connect(source, "output", named(Same(), "same"), "input")
    graph.add(idle)
    return graph, {source: 1, idle: []}, {"same": {"output": [0, 1]}, "idle": {"output": [(0, 0)]}}


@wrong
def many_results():
    source = named(Numbers(200_000), "numbers")
    return line(source, named(Same(), "same")), {source: 1}, {"same": {"output": list(range(200_000))}}


@wrong
def a_tuple_of_fields():
    class Tuples(CountByKey):
        def _process(self, inputs):
            CountByKey._process(self, inputs)

    items = [(number % 3, number) for number in range(12)]
    source, count = named(Items(items), "items"), named(Tuples((0,)), "count")
    count.numprocesses = 2
    return line(source, count), {source: 1}, {"count": {"output": [((0,), 4), ((1,), 4), ((2,), 4)]}}


@wrong
def a_group_by_inside_a_partition():
    """-s: the PEs that are no roots share a process, and that has copies: a key must still reach one."""
    source, count = named(Items([[word, 1] for word in WORDS]), "words"), named(CountByKey([0]), "count")
    same = named(Same(), "same")
    return (
        line(source, same, count),
        {source: 1},
        {"count": {"output": [((word,), times) for word, times in Counter(WORDS).items()]}},
    )


class Failing(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)

    def _process(self, data):
        if data == 3:
            raise ValueError("three")
        return data


class Elsewhere(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)

    def _process(self, data):
        self.write("outptu", data)


@error
def an_item_that_fails():
    source = named(Numbers(6), "numbers")
    return line(source, named(Failing(), "failing"), named(Same(), "same")), {source: 1}, "ValueError: three"


@error
def a_write_to_an_unknown_port():
    source = named(Numbers(2), "numbers")
    text = "elsewhere has no output port 'outptu'"
    return line(source, named(Elsewhere(), "elsewhere"), named(Same(), "same")), {source: 1}, text


@error
def a_root_that_needs_data():
    graph = WorkflowGraph()
    source, root = named(Numbers(2), "numbers"), named(Plus(1), "root")
    graph.connect(source, "output", named(Same(), "same"), "input")
    graph.connect(root, "output", named(Same(), "other"), "input")
    return graph, {source: 1}, "root needs data"
