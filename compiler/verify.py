"""What has to hold of a graph after each pass, and of every plan. A failure is a fault of the compiler."""

from collections import Counter
from collections.abc import Callable, Iterator

from sferic.compiler.diagnostics import InternalError
from sferic.compiler.graph import Graph, receivers
from sferic.runtime.definition import Definition
from sferic.runtime.plan import RESULTS, Link, Plan

Broken = Iterator[str]
_CODECS = ("general", "trusted")


def verify_graph(graph: Graph, after: str) -> None:
    """InternalError, naming the pass `after`, unless all that it and those before it promise holds."""
    broken: list[str] = []
    for name, invariant in _INVARIANTS:
        broken += invariant(graph)
        if broken or name == after:  # what comes later builds on what came before
            break
    if broken:
        raise InternalError(after, broken)


def verify_plan(plan: Plan, graph: Graph, definition: Definition) -> None:
    """InternalError unless the plan says what the graph says, and a worker will find the same connections."""
    broken = [*_plan_stages(plan, graph), *_plan_links(plan, graph), *_found_again(graph, definition)]
    if broken:
        raise InternalError("plan", broken)


def _expanded(graph: Graph) -> Broken:
    known = {node.path for node in graph.nodes}
    if graph.composites:
        yield f"composites are left: {[composite.path for composite in graph.composites]}"
    for number, edge in enumerate(graph.edges):
        if edge.index != number:
            yield f"connection {number} says that it is number {edge.index}"
        if edge.source not in known or edge.target not in known:
            yield f"connection {number} leads from {edge.source!r} to {edge.target!r}, which are no PEs"
    for partition in graph.partitions:
        if not known.issuperset(partition.paths):
            yield f"a partition names {sorted(set(partition.paths) - known)}, which are no PEs"


def _checked(graph: Graph) -> Broken:
    if graph.problems:
        yield f"{len(graph.problems)} problems were not told"
    nodes = graph.by_path()
    if len(nodes) < len(graph.nodes):
        yield "two PEs have one path"
    place = {node.path: number for number, node in enumerate(graph.nodes)}
    connected = {(edge.target, edge.target_port) for edge in graph.edges}
    for edge in graph.edges:
        if place[edge.source] >= place[edge.target]:
            yield f"{edge.source} → {edge.target} leads backward"
        if edge.source_port not in nodes[edge.source].outputs or edge.target_port not in nodes[edge.target].inputs:
            yield f"{edge.source}.{edge.source_port} → {edge.target}.{edge.target_port} joins unknown ports"
    for node in graph.nodes:
        fed = {port for port in node.inputs if (node.path, port) in connected}
        if node.source != (not fed):
            yield f"{node.path} is {'a' if node.source else 'no'} source with {len(fed)} connected inputs"
        if not node.source and not fed.issuperset(set(node.inputs) - set(node.optional)):
            yield f"{node.path} has an input that nothing feeds"
    roots = {node.path for node in graph.nodes if node.source}
    if not roots.issuperset(path for path, _ in graph.inputs):
        yield "there are inputs for PEs that are no roots"
    named = Counter(path for partition in graph.partitions for path in partition.paths)
    yield from (f"{count} partitions name {path}" for path, count in named.items() if count > 1)


def _lowered(graph: Graph) -> Broken:
    for edge in graph.edges:
        routing = edge.routing
        if routing is None:
            yield f"connection {edge.index} has no routing"
        elif (routing.kind == "key") != (bool(routing.fields) or routing.function):
            yield f"connection {edge.index} has the routing {routing}"


def _numbered(graph: Graph) -> Broken:
    for node in graph.nodes:
        settings = node.settings
        if node.instances < 1 or not node.instances_why:
            yield f"{node.path} has {node.instances} instances because {node.instances_why!r}"
        if settings.single and node.instances > 1:
            yield f"{node.path} is single and has {node.instances} instances"
        if settings.numprocesses not in (None, node.instances):
            yield f"{node.path} has {node.instances} instances, its user wrote {settings.numprocesses}"


def _fused(graph: Graph) -> Broken:
    stage_of = {path: number for number, stage in enumerate(graph.stages) for path in stage}
    in_stages = [path for stage in graph.stages for path in stage]
    if sorted(in_stages) != sorted(node.path for node in graph.nodes):
        yield "the stages are no partition of the PEs"
        return
    nodes = graph.by_path()
    entered: set[int] = set()
    for edge in graph.edges:
        source, target = stage_of[edge.source], stage_of[edge.target]
        if not edge.why or edge.fused != (source == target):
            yield f"{edge.source} → {edge.target} is {'' if edge.fused else 'not '}fused because {edge.why!r}"
        if source > target:
            yield f"{edge.source} → {edge.target} leads to an earlier stage"
        if source != target:
            entered.add(target)
        elif nodes[edge.source].instances > 1 and edge.routed.kind != "shuffle":
            yield f"fusing {edge.source} → {edge.target} cuts a {edge.routed.kind} grouping"
    for number, stage in enumerate(graph.stages):
        if len({nodes[path].instances for path in stage}) > 1:
            yield f"the stage of {stage[0]} has PEs of different instances"
        sources = sum(nodes[path].source for path in stage)
        if sources and number in entered:
            enters = "input from another stage" if number in entered else "no other input"
            yield f"the stage of {stage[0]} has {sources} sources, and {enters}"


def _coded(graph: Graph) -> Broken:
    for edge in graph.edges:
        if not edge.fused and (edge.codec not in _CODECS or edge.batch is None):
            yield f"connection {edge.index} has the codec {edge.codec!r} and the batch limits {edge.batch}"
    connected = receivers(graph)
    free = [(node.path, port) for node in graph.nodes for port in node.outputs if not connected[node.path, port]]
    if free != [(result.path, result.port) for result in graph.results]:
        yield "the results are not the unconnected output ports"


_INVARIANTS: tuple[tuple[str, Callable[[Graph], Broken]], ...] = (
    ("expand", _expanded),
    ("check", _checked),
    ("lower", _lowered),
    ("parallelism", _numbered),
    ("fuse", _fused),
    ("codecs", _coded),
)


def _plan_stages(plan: Plan, graph: Graph) -> Broken:
    if len({stage.id for stage in plan.stages}) < len(plan.stages):
        yield "two stages share an id"
    if [tuple(pe.path for pe in stage.pes) for stage in plan.stages] != list(graph.stages):
        yield "the plan's stages are not the graph's"
    calls = Counter((hop.from_pe, hop.from_port, hop.to_pe, hop.to_port) for s in plan.stages for hop in s.hops)
    fused = Counter((e.source, e.source_port, e.target, e.target_port) for e in graph.edges if e.fused)
    if calls != fused:
        yield f"calls and fused connections differ: {list((calls - fused) + (fused - calls))}"


def _plan_links(plan: Plan, graph: Graph) -> Broken:
    where = {pe.path: stage.id for stage in plan.stages for pe in stage.pes}
    order = {stage.id: number for number, stage in enumerate(plan.stages)}
    sources = {stage.id for stage in plan.stages if stage.source}
    for number, link in enumerate(plan.links):
        if link.id != number or where.get(link.from_pe) != link.from_stage:
            yield f"link {link.id} does not start where it says"
        elif link.to_stage != RESULTS:
            if where.get(link.to_pe) != link.to_stage or order[link.from_stage] >= order[link.to_stage]:
                yield f"link {link.id} does not lead forward to its PE"
            if link.to_stage in sources:
                yield f"link {link.id} leads into a stage of sources"
    hops = [_ends(link) for link in plan.links if link.to_stage != RESULTS]
    if hops != [(e.index, e.source, e.target, e.target_port) for e in graph.edges if not e.fused]:
        yield "links and connections between stages differ"


def _ends(link: Link) -> tuple[int, str, str, str]:
    return link.connection, link.from_pe, link.to_pe, link.to_port


def _found_again(graph: Graph, definition: Definition) -> Broken:
    """A worker expands the definition by itself, and looks for a link's key function by the connection's place."""
    ours = [(e.source, e.source_port, e.target, e.target_port) for e in graph.edges]
    if ours != [(e.source, e.source_port, e.target, e.target_port) for e in definition.edges]:
        yield "the graph's connections are not the definition's"
