"""Where dispel4py is known to be wrong (what comes of it there is in recorded.json), and what cannot end well."""

from collections import Counter

from dispel4py.base import (
    IterativePE,
)
from dispel4py.workflow_graph import WorkflowGraph
from pes import (
    WORDS,
    CountByKey,
    Counting,
    Items,
    Joined,
    Numbers,
    Plus,
    Same,
    Total,
    case,
    error,
    line,
    named,
    wrong,
)


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
