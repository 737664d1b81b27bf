"""Every promise of every pass: a graph or plan that breaks one is caught, and the fault names the pass."""

from dataclasses import replace

import pytest

import sferic
from sferic.compiler.diagnostics import InternalError, Problem
from sferic.compiler.frontend.python import graph_of
from sferic.compiler.graph import ResultPort
from sferic.compiler.passes.emit import Emit
from sferic.compiler.passes.expand import Expand
from sferic.compiler.pipeline import Options, compile_plan, passes, run_passes
from sferic.compiler.verify import verify_graph, verify_plan
from sferic.runtime.definition import definition_of
from sferic.runtime.location import UNKNOWN
from sferic.runtime.outline import Composite, Partition, outline
from sferic.runtime.plan import Hop, RootInput, Routing


class Numbers(sferic.ProducerPE):
    def _process(self, inputs):
        return 1


class Same(sferic.IterativePE):
    def _process(self, data):
        return data


class Join(sferic.GenericPE):
    def __init__(self):
        super().__init__()
        self.add_input("left")
        self.add_input("right")
        self.add_output("output")

    def _process(self, inputs):
        return inputs


def workflow():
    """Numbers → Same → Join → Same2, and Numbers → Join; the last two share a process, two instances of each."""
    graph = sferic.WorkflowGraph("w")
    source, same, join, last = Numbers(), Same(), Join(), Same()
    graph.connect(source, "output", same, "input")
    graph.connect(same, "output", join, "left", [0])
    graph.connect(source, "output", join, "right")
    graph.connect(join, "output", last, "input")
    for pe in (join, last):
        graph.add(pe, numprocesses=2)
    graph.partitions = [[source], [same], [join, last]]
    return graph


def good():
    """What the passes leave behind; every test breaks one thing of it."""
    return run_passes(graph_of(outline(workflow())), passes(Options(target="multi")))[-1].graph


def with_node(graph, path, /, **changes):
    return replace(graph, nodes=tuple(replace(n, **changes) if n.path == path else n for n in graph.nodes))


def with_edge(graph, number, /, **changes):
    return replace(graph, edges=tuple(replace(e, **changes) if e.index == number else e for e in graph.edges))


def node(graph, path):
    return graph.by_path()[path]


COMPOSITE = Composite("C", (), (), (), UNKNOWN)

BROKEN = {
    "expand": [
        (lambda g: replace(g, composites=(COMPOSITE,)), "composites are left: ['C']"),
        (lambda g: with_edge(g, 1, index=7), "connection 1 says that it is number 7"),
        (lambda g: with_edge(g, 1, target="gone"), "leads from 'Same' to 'gone', which are no PEs"),
        (lambda g: replace(g, partitions=(Partition(("gone",), "", UNKNOWN),)), "names ['gone'], which are no PEs"),
    ],
    "check": [
        (lambda g: replace(g, problems=(Problem("x"),)), "1 problems were not told"),
        (lambda g: replace(g, nodes=(*g.nodes, g.nodes[-1])), "two PEs have one path"),
        (lambda g: replace(g, nodes=g.nodes[::-1]), "Numbers → Same leads backward"),
        (lambda g: with_edge(g, 0, source_port="no"), "Numbers.no → Same.input joins unknown ports"),
        (lambda g: with_edge(g, 0, target_port="no"), "Numbers.output → Same.no joins unknown ports"),
        (lambda g: with_node(g, "Numbers", source=False), "Numbers is no source with 0 connected inputs"),
        (lambda g: with_node(g, "Same", source=True), "Same is a source with 1 connected inputs"),
        (lambda g: with_node(g, "Join", inputs=("left", "right", "more")), "Join has an input that nothing feeds"),
        (lambda g: replace(g, inputs=(("Same", RootInput()),)), "inputs for PEs that are no roots"),
        (lambda g: replace(g, partitions=g.partitions * 2), "2 partitions name Numbers"),
    ],
    "lower": [
        (lambda g: with_edge(g, 0, routing=None), "connection 0 has no routing"),
        (lambda g: with_edge(g, 0, routing=Routing("key")), "connection 0 has the routing"),
        (lambda g: with_edge(g, 0, routing=Routing("all", (1,))), "connection 0 has the routing"),
    ],
    "parallelism": [
        (lambda g: with_node(g, "Same", instances=0), "Same has 0 instances"),
        (lambda g: with_node(g, "Same", instances_why=""), "Same has 1 instances because ''"),
        (
            lambda g: with_node(g, "Same", instances=2, settings=replace(node(g, "Same").settings, single=True)),
            "Same is single and has 2 instances",
        ),
        (lambda g: with_node(g, "Join", instances=3), "Join has 3 instances, its user wrote 2"),
    ],
    "fuse": [
        (lambda g: replace(g, stages=g.stages[1:]), "the stages are no partition of the PEs"),
        (lambda g: replace(g, stages=(*g.stages, g.stages[0])), "the stages are no partition of the PEs"),
        (lambda g: with_edge(g, 0, why=""), "Numbers → Same is not fused because ''"),
        (lambda g: with_edge(g, 0, fused=True), "Numbers → Same is fused because"),
        (lambda g: with_edge(g, 3, fused=False), "Join → Same2 is not fused because"),
        (lambda g: replace(g, stages=g.stages[::-1]), "Numbers → Same leads to an earlier stage"),
        (lambda g: with_edge(g, 3, routing=Routing("global")), "fusing Join → Same2 cuts a global grouping"),
        (
            lambda g: replace(with_edge(g, 1, fused=True, why="x"), stages=(("Numbers",), ("Same", "Join", "Same2"))),
            "the stage of Same has PEs of different instances",
        ),
        (
            lambda g: replace(with_edge(g, 2, fused=True, why="x"), stages=(("Numbers", "Join", "Same2"), ("Same",))),
            "the stage of Numbers has 1 sources, and input from another stage",
        ),
    ],
    "codecs": [
        (lambda g: with_edge(g, 0, codec=""), "connection 0 has the codec ''"),
        (lambda g: with_edge(g, 0, batch=None), "the batch limits None"),
        (lambda g: replace(g, results=()), "the results are not the unconnected output ports"),
        (
            lambda g: replace(g, results=(*g.results, ResultPort("Same", "output", "general"))),
            "the results are not the unconnected output ports",
        ),
    ],
}
EACH = [(name, number) for name, broken in BROKEN.items() for number in range(len(broken))]


@pytest.mark.parametrize(("name", "number"), EACH)
def test_a_broken_graph_is_caught_after_its_pass_and_every_later_one(name, number):
    change, text = BROKEN[name][number]
    broken = change(good())
    order = list(BROKEN)
    for after in order[order.index(name) :]:
        with pytest.raises(InternalError) as fault:
            verify_graph(broken, after)
        assert any(text in one for one in fault.value.broken), fault.value.broken
        assert fault.value.place == after
        assert "This is a fault of sferic" in str(fault.value)


def test_a_promise_is_not_asked_for_before_its_pass():
    graph = good()
    verify_graph(replace(graph, results=()), "fuse")
    verify_graph(with_edge(graph, 0, routing=None), "check")


def test_a_good_graph_passes_all():
    for name in BROKEN:
        verify_graph(good(), name)


def test_the_fault_of_a_pass_is_found_right_after_it():
    class Forgets(Expand):
        def apply(self, graph):
            return with_edge(super().apply(graph), 0, index=3)

    with pytest.raises(InternalError, match="after the pass 'expand'"):
        run_passes(graph_of(outline(workflow())), [Forgets()])


def stage_changed(plan, number, **changes):
    return replace(plan, stages=tuple(replace(s, **changes) if i == number else s for i, s in enumerate(plan.stages)))


def link_changed(plan, number, **changes):
    return replace(plan, links=tuple(replace(s, **changes) if i == number else s for i, s in enumerate(plan.links)))


PLANS = [
    (lambda p: stage_changed(p, 1, id="Numbers"), "two stages share an id"),
    (lambda p: replace(p, stages=p.stages[:-1]), "the plan's stages are not the graph's"),
    (lambda p: stage_changed(p, 2, pes=p.stages[2].pes[::-1]), "the plan's stages are not the graph's"),
    (lambda p: stage_changed(p, 2, hops=()), "calls and fused connections differ"),
    (lambda p: stage_changed(p, 0, hops=(Hop("Numbers", "output", "Same", "input"),)), "calls and fused connections"),
    (lambda p: link_changed(p, 0, id=5), "link 5 does not start where it says"),
    (lambda p: link_changed(p, 0, from_stage="Same"), "link 0 does not start where it says"),
    (lambda p: link_changed(p, 0, to_stage="Join"), "link 0 does not lead forward to its PE"),
    (lambda p: replace(p, stages=(p.stages[1], p.stages[0], p.stages[2])), "link 0 does not lead forward"),
    (
        lambda p: link_changed(p, 1, to_stage="Numbers", to_pe="Numbers"),
        "link 1 leads into a stage of sources",
    ),
    (lambda p: replace(p, links=p.links[1:]), "links and connections between stages differ"),
    (lambda p: link_changed(p, 0, connection=1), "links and connections between stages differ"),
    (lambda p: link_changed(p, 1, to_port="right"), "links and connections between stages differ"),
]


@pytest.mark.parametrize("number", range(len(PLANS)))
def test_a_broken_plan_is_caught(number):
    change, text = PLANS[number]
    whole = compile_plan(workflow(), Options(target="multi"))
    verify_plan(whole.plan, whole.graph, whole.definition)
    with pytest.raises(InternalError) as fault:
        verify_plan(change(whole.plan), whole.graph, whole.definition)
    assert any(text in one for one in fault.value.broken), fault.value.broken


def test_a_worker_that_would_find_other_connections_is_caught():
    graph = good()
    other = workflow()
    other.connections.reverse()
    plan = Emit().apply(graph)
    with pytest.raises(InternalError, match="the graph's connections are not the definition's"):
        verify_plan(plan, graph, definition_of(outline(other)))
