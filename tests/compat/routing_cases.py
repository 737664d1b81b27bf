"""Which instance an item reaches; read as cases.py says."""

from collections import Counter

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
    Spread,
    Total,
    case,
    line,
    named,
)


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
