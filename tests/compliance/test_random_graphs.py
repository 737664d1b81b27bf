"""Random workflows give, on every way to run them, the multiset that a plain loop gives.

A workflow is drawn as data (`Drawn`); `loop` runs that data by itself and `built` makes a graph of it. Items are
lists ``[key, value]``, so that a PE that changes what it got would show in its siblings.
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import sferic
from sferic.compiler.diagnostics import WrongInput
from sferic.compiler.explain import explain_json
from sferic.compiler.pipeline import Options, compile_plan
from sferic.runtime.plan import RESULTS, plan_from_json

# What a PE of a kind does with one item that came by a port: items by output port.
STEPS = {
    "same": lambda port, item: {"output": [item]},
    "more": lambda port, item: {"output": [[item[0], item[1] + 1]]},
    "few": lambda port, item: {"output": [item] if item[1] % 2 else []},
    "two": lambda port, item: {"output": [item, [item[0] + 1, item[1]]]},
    "sides": lambda port, item: {"odd" if item[1] % 2 else "even": [[item[0], -item[1]]]},
    "join": lambda port, item: {"output": [[item[0], item[1] + {"left": 10, "right": 100}[port]]]},
}
SUMS = ("sum_by_key", "sum")  # what is known only at the end
KINDS = ("function", "readonly", *STEPS, *SUMS, *SUMS)
INPUTS = {"join": ("left", "right")}
OUTPUTS = {"sides": ("odd", "even")}


@dataclass(frozen=True)
class Node:
    name: str
    kind: str
    items: tuple = ()  # of a source
    instances: int | None = None
    place: tuple = ()  # names of the composites around it, from the outside in
    partition: int = 0


@dataclass(frozen=True)
class Drawn:
    nodes: tuple  # so that connections lead forward
    edges: tuple  # (source, port, target, port, grouping of the connection)
    partitions: bool
    shared: bool  # a composite has one input port for all that comes from one output port
    order: tuple  # in which PEs are added to the graph


@st.composite
def drawn(draw, most=8):
    nodes, edges = [], []
    partitions = draw(st.booleans())
    for number in range(draw(st.integers(2, most))):
        name = f"p{number}"
        source = number == 0 or draw(st.integers(0, 5)) == 0
        kind = "source" if source else draw(st.sampled_from(KINDS))
        items = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=6)) if source else ()
        instances = None if source else draw(st.sampled_from([None, None, 1, 2, 3]))
        place = draw(st.sampled_from([(), (), ("A",), ("A", "B"), ("C",)]))
        for port in () if source else INPUTS.get(kind, ("input",)):
            for _ in range(draw(st.integers(1, 2))):
                sender = draw(st.sampled_from(nodes))
                outputs = OUTPUTS.get(sender.kind, ("output",))
                how = (
                    None
                    if kind in SUMS
                    else draw(st.sampled_from([None, None, None, "shuffle", "all", "global", 0, "f"]))
                )
                edges.append((sender.name, draw(st.sampled_from(outputs)), name, port, how))
        nodes.append(Node(name, kind, tuple(items), instances, place, draw(st.integers(0, 2)) if partitions else 0))
    order = tuple(draw(st.permutations([node.name for node in nodes])))
    whole = Drawn(tuple(nodes), tuple(draw(st.permutations(edges))), partitions, draw(st.booleans()), order)
    assume(sum(map(len, loop(whole).values())) < 500)
    return whole


def loop(whole):
    """{(PE, port): items} of the ports that nothing is connected to."""
    arrived, left = defaultdict(list), {}
    for node in whole.nodes:
        out = {port: [] for port in OUTPUTS.get(node.kind, ("output",))}
        if node.kind == "source":
            out["output"] = [list(item) for item in node.items]
        elif node.kind == "sum_by_key":
            sums = Counter()
            for _, (key, value) in arrived[node.name]:
                sums[key] += value
            out["output"] = [[key, sums[key]] for key in {key for _, (key, _) in arrived[node.name]}]
        elif node.kind == "sum":
            if arrived[node.name]:
                out["output"] = [[-1, sum(value for _, (_, value) in arrived[node.name])]]
        else:
            step = STEPS[{"function": "more", "readonly": "same"}.get(node.kind, node.kind)]
            for port, item in arrived[node.name]:
                for to, items in step(port, item).items():
                    out[to] += items
        assume(sum(map(len, out.values())) < 500)
        for port, items in out.items():
            followers = [edge for edge in whole.edges if edge[:2] == (node.name, port)]
            for _, _, target, into, how in followers:
                [receiver] = [one for one in whole.nodes if one.name == target]
                copies = (receiver.instances or 1) if how == "all" else 1
                arrived[target] += [(into, item) for item in items for _ in range(copies)]
            if not followers:
                left[node.name, port] = items
    return left


class Source(sferic.ProducerPE):
    def __init__(self, items):
        super().__init__()
        self.items = items

    def _process(self, inputs):
        for item in self.items:
            self.write("output", list(item))


class Step(sferic.GenericPE):
    """Changes its item in place and writes what the kind says."""

    stateless = True

    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        for port in INPUTS.get(kind, ("input",)):
            self.add_input(port)
        for port in OUTPUTS.get(kind, ("output",)):
            self.add_output(port)

    def process(self, inputs):
        for port, item in inputs.items():
            for to, items in STEPS[self.kind](port, list(item)).items():
                for one in items:
                    self.write(to, one)
            item[:] = ["changed", "in place"]


class Looks(sferic.IterativePE):
    readonly = True
    stateless = True

    def _process(self, item):
        return item


class SumByKey(sferic.IterativePE):
    def __init__(self):
        super().__init__()
        self.inputconnections["input"]["grouping"] = [0]
        self.sums = Counter()

    def _process(self, item):
        self.sums[item[0]] += item[1]

    def _postprocess(self):
        for key, value in self.sums.items():
            self.write("output", [key, value])


class Sum(SumByKey):
    def __init__(self):
        super().__init__()
        self.inputconnections["input"]["grouping"] = "global"
        self.any = False

    def _process(self, item):
        self.any = True
        self.sums[-1] += item[1]

    def _postprocess(self):
        if self.any:
            super()._postprocess()


def function(item):
    return [item[0], item[1] + 1]


def key_of(item):
    return item[0]


def made(node):
    pe = {
        "source": lambda: Source(node.items),
        "function": lambda: sferic.SimpleFunctionPE(function),
        "readonly": Looks,
        "sum_by_key": SumByKey,
        "sum": Sum,
    }.get(node.kind, lambda: Step(node.kind))()
    pe.name = node.name
    return pe


def built(whole):
    """The same workflow with the product's builder."""
    graph = sferic.WorkflowGraph("random")
    composites = {}
    pes = {node.name: made(node) for node in whole.nodes}
    places = {node.name: node.place for node in whole.nodes}

    def holder(place):
        if not place:
            return graph
        if place not in composites:
            composites[place] = sferic.CompositePE()
            composites[place].name = place[-1]
            holder(place[:-1]).add(composites[place])
        return composites[place]

    instances = {node.name: node.instances for node in whole.nodes}
    for name in whole.order:
        said = {} if instances[name] is None else {"numprocesses": instances[name]}
        holder(places[name]).add(pes[name], **said)
    connected = set()
    for source, port, target, into, how in whole.edges:
        grouping = {0: [0], "f": key_of}.get(how, how)
        common = 0
        while places[source][common : common + 1] == places[target][common : common + 1] != ():
            common += 1
        start, end, label = (pes[source], port), (pes[target], into), f"to {target}.{into}"
        for depth in range(len(places[source]), common, -1):
            composite, name = holder(places[source][:depth]), f"{source}.{port}"
            if start not in composite.outputmappings.get(name, []):
                composite.map_output(name, *start)
            start = (composite, name)
        shared = whole.shared and how is None
        if shared:
            label = f"from {source}.{port}"
        for depth in range(len(places[target]), common, -1):
            composite = holder(places[target][:depth])
            # A shared port leads to each inner port as often as there are connections to it.
            if (depth == len(places[target]) and shared) or end not in composite.inputmappings.get(label, []):
                composite.map_input(label, *end)
            end = (composite, label)
        if shared and common < len(places[target]):
            if (start, end) in connected:
                continue
            connected.add((start, end))
        holder(places[source][:common]).connect(*start, *end, grouping)
    if whole.partitions:
        graph.partitions = [
            [pes[node.name] for node in whole.nodes if node.partition == number]
            for number in sorted({node.partition for node in whole.nodes})
        ]
    return graph


def multiset(by_port):
    """{(PE, port): how often each item}, without what is empty."""
    found = {end: Counter((type(item), *map(repr, item)) for item in items) for end, items in by_port.items()}
    return {end: counts for end, counts in found.items() if counts}


def ran(whole, on, **said):
    results = sferic.run(built(whole), on=on, **said)
    assert not results.failures
    return multiset({(path.rpartition("/")[2], port): v for path in results for port, v in results[path].items()})


core = settings(max_examples=80, deadline=None, derandomize=True)
long = settings(max_examples=1500, deadline=None)


@given(drawn())
@core
def test_in_process_fused_and_unfused(whole):
    in_process(whole)


@given(drawn(most=14))
@long
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_in_process_fused_and_unfused_long(whole):
    in_process(whole)


def in_process(whole):
    expected = multiset(loop(whole))
    for fuse in ("auto", "hints", "none"):
        assert ran(whole, "local", fuse=fuse) == expected
        assert ran(whole, "local", fuse=fuse, processes=40) == expected
    assert ran(whole, "local", check_items=True) == expected


@given(drawn(most=5), st.sampled_from(["auto", "none"]), st.sampled_from([None, 12]))
@settings(max_examples=8, deadline=None, derandomize=True)
def test_multi(whole, fuse, processes):
    in_processes(whole, fuse, processes)


@given(drawn(), st.sampled_from(["auto", "hints", "none"]), st.sampled_from([None, 30]))
@settings(max_examples=150, deadline=None)
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_multi_long(whole, fuse, processes):
    in_processes(whole, fuse, processes)


@pytest.mark.parametrize("mode", ["batch", "dstream"])
@given(drawn(most=5), st.sampled_from(["auto", "none"]))
@settings(max_examples=3, deadline=None, derandomize=True)
def test_spark(spark, mode, whole, fuse):
    assert ran(whole, "spark", mode=mode, fuse=fuse) == multiset(loop(whole))


@pytest.mark.parametrize("mode", ["batch", "dstream"])
@given(drawn(most=7), st.sampled_from(["auto", "hints", "none"]), st.sampled_from([None, 20]))
@settings(max_examples=40, deadline=None)
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_spark_long(spark, mode, whole, fuse, processes):
    try:
        got = ran(whole, "spark", mode=mode, fuse=fuse, processes=processes)
    except WrongInput as wrong:
        assert "fewer than the" in str(wrong)
        return
    assert got == multiset(loop(whole))


def in_processes(whole, fuse, processes):
    try:
        got = ran(whole, "multi", fuse=fuse, processes=processes)
    except WrongInput as wrong:
        assert "fewer than the" in str(wrong)
        return
    assert got == multiset(loop(whole))


@given(drawn(), st.sampled_from(["auto", "hints", "none"]), st.sampled_from([None, 40]))
@core
def test_explained_connections_are_all_there_are_each_with_a_verdict(whole, fuse, processes):
    options = Options(target="storm", fuse=fuse, processes=processes)
    compiled = compile_plan(built(whole), options)
    told = explain_json(compiled, options)
    pairs = Counter(
        (
            one["from"]["pe"].rpartition("/")[2],
            one["from"]["port"],
            one["to"]["pe"].rpartition("/")[2],
            one["to"]["port"],
        )
        for one in told["connections"]
    )
    assert pairs == Counter(edge[:4] for edge in whole.edges)
    stage_of = {pe: number for number, stage in enumerate(told["stages"]) for pe in stage}
    for one in told["connections"]:
        assert one["fused"] == (stage_of[one["from"]["pe"]] == stage_of[one["to"]["pe"]])
        assert one["why"]
    links = Counter((ends(one["from"]), ends(one["to"])) for one in told["links"] if one["to"])
    assert links == Counter((ends(one["from"]), ends(one["to"])) for one in told["connections"] if not one["fused"])
    assert plan_from_json(compiled.plan.to_json()) == compiled.plan


def ends(end):
    return end["pe"], end["port"]


@given(drawn())
@core
def test_what_is_compiled_depends_on_nothing_but_the_definition(whole):
    one, other = (compile_plan(built(whole), Options(target="storm")).plan.to_json() for _ in range(2))
    assert one == other


@given(drawn(), st.integers(1, 40))
@settings(max_examples=400, deadline=None, derandomize=True)
def test_no_more_processes_than_asked_for(whole, processes):
    try:
        plan = compile_plan(built(whole), Options(target="multi", processes=processes)).plan
    except WrongInput as wrong:
        found = re.fullmatch(rf"-n {processes} is fewer than the (\d+) instances .* Use -n (\d+) or more.*", str(wrong))
        assert found
        assert found[1] == found[2]
        least = int(found[1])
        assert least > processes
        plan = compile_plan(built(whole), Options(target="multi", processes=least)).plan
        assert sum(stage.instances for stage in plan.stages) <= least
    else:
        assert sum(stage.instances for stage in plan.stages) <= processes
        assert all(link.to_stage == RESULTS or link.from_stage != link.to_stage for link in plan.links)
