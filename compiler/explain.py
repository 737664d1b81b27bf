"""What a workflow was compiled to, and why, for people and for programs."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from sferic.compiler.diagnostics import Problem, WrongInput, nearest
from sferic.compiler.graph import Edge, Graph, Node
from sferic.compiler.notation import batch_text, columns, graph_text, grouping_text, input_text, plan_text, routing_text
from sferic.compiler.partitions import Fate, fates
from sferic.compiler.passes.emit import Emit, relative
from sferic.compiler.pipeline import Compiled, Options, Step
from sferic.compiler.resources import NOTHING_ASKED, Asked, Need, Resources, resources
from sferic.runtime.location import Location
from sferic.runtime.plan import RESULTS, Link, Plan, Stage

SCHEMA = 1  # of explain's JSON; keys are added without a new number, never renamed or taken away
_Row = Sequence[str]


def explain_text(compiled: Compiled, options: Options, wanted: Asked = NOTHING_ASKED) -> str:
    """Sections: passes, PEs, connections, partitions (if any), stages, links, inputs, files, what is pickled."""
    plan, graph = compiled.plan, compiled.graph
    asked = f" -n {options.processes}" if options.processes else ""
    lines = [f"Workflow {plan.name} for {options.target}{asked} --fuse {options.fuse}"]

    def section(title: str, rows: Iterable[_Row]) -> None:
        found = list(rows)
        lines.extend(["", title, *(f"  {line}" for line in (columns(found) if found else ("none",)))])

    place = _place(options.root)
    section("Passes (the graph after one: --pass NAME)", _pass_rows(compiled.steps))
    section("PEs: instances, and why so many", (_pe_row(node, place) for node in graph.nodes))
    section("Connections: fused to a call, or apart", (_connection_row(edge) for edge in graph.edges))
    if graph.partitions:
        section("Partitions: PEs that are to share a process", map(_partition_row, fates(graph)))
    section("Stages: a process for each instance", _stage_rows(plan))
    section("Links: hops between processes", (_link_row(link) for link in plan.links))
    if options.target == "storm":
        section("Resources: of each instance, and of all", _resource_rows(plan, resources(plan, wanted)))
    section("Inputs of the roots", ([path, input_text(given)] for path, given in plan.inputs))
    section("Files that travel", ([path, digest[:12]] for path, digest in plan.definition.files))
    section("Pickled", ([what] for what in _pickled(plan)))
    return "\n".join(lines)


def explain_json(compiled: Compiled, options: Options, wanted: Asked = NOTHING_ASKED) -> dict[str, Any]:
    """The same as data; `docs` and tests hold its keys."""
    plan, place = compiled.plan, _place(options.root)
    return {
        "schema": SCHEMA,
        "workflow": plan.name,
        "target": options.target,
        "passes": [
            {"name": step.name, "pes": len(step.graph.nodes), "connections": len(step.graph.edges), "changed": changed}
            for step, changed in zip(compiled.steps, _changes(compiled.steps), strict=True)
        ],
        **_graph_json(compiled.graph, place),
        "partition_stages": [
            {"pes": list(fate.partition.paths), "stages": [list(stage) for stage in fate.stages], "why": fate.why}
            for fate in fates(compiled.graph)
        ],
        "links": [_link_json(link, plan) for link in plan.links],
        "inputs": [{"pe": path, "calls": given.calls, "items": given.items} for path, given in plan.inputs],
        "files": [{"path": path, "sha256": digest} for path, digest in plan.definition.files],
        "pickled": _pickled(plan),
        "definition": {"target": plan.definition.target, "digest": plan.definition.digest},
        **({"resources": _resources_json(plan, resources(plan, wanted))} if options.target == "storm" else {}),
    }


def explain_pass(compiled: Compiled, options: Options, name: str, *, as_json: bool) -> str | dict[str, Any]:
    """The graph as a pass left it, or the plan; WrongInput for an unknown one."""
    graphs = {step.name: step.graph for step in compiled.steps}
    if name == Emit.name:
        data = {"schema": SCHEMA, "pass": name, "plan": asdict(compiled.plan)}
        return data if as_json else plan_text(compiled.plan).rstrip("\n")
    if name not in graphs:
        raise WrongInput([Problem(f"there is no pass {name!r}", remedy=nearest(name, [*graphs, Emit.name]))])
    if as_json:
        return {"schema": SCHEMA, "pass": name, **_graph_json(graphs[name], _place(options.root))}
    return graph_text(graphs[name], _place(options.root)).rstrip("\n")


def _place(root: str) -> Callable[[Location], Location]:
    return lambda location: relative(location, root)


def _pass_rows(steps: Sequence[Step]) -> Iterator[_Row]:
    for step, changed in zip(steps, _changes(steps), strict=True):
        pes, edges = len(step.graph.nodes), len(step.graph.edges)
        yield [step.name, f"{pes} PE{'s' * (pes != 1)}", f"{edges} connection{'s' * (edges != 1)}", changed]


def _changes(steps: Sequence[Step]) -> list[str]:
    """What each pass did, in a few words."""
    return [_CHANGES[step.name](before.graph, step.graph) for before, step in zip((steps[0], *steps), steps)]  # noqa: B905


def _read(_: Graph, after: Graph) -> str:
    return f"{len(after.composites)} composites, {len(after.partitions)} partitions"


def _expanded(before: Graph, after: Graph) -> str:
    return f"{len(before.composites)} composites gone, {len(before.edges)} → {len(after.edges)} connections"


def _checked(before: Graph, after: Graph) -> str:
    moved = sum(one.path != other.path for one, other in zip(before.nodes, after.nodes, strict=True))
    roots = sum(node.source for node in after.nodes)
    return f"nothing wrong; {roots} root{'s' * (roots != 1)}, {moved} PEs moved into topological order"


def _lowered(_: Graph, after: Graph) -> str:
    kinds = Counter(edge.routed.kind for edge in after.edges)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "nothing to route"


def _numbered(_: Graph, after: Graph) -> str:
    return f"{len(after.nodes)} → {sum(node.instances for node in after.nodes)} instances"


def _fused(_: Graph, after: Graph) -> str:
    calls = sum(edge.fused for edge in after.edges)
    nodes = after.by_path()
    processes = sum(nodes[stage[0]].instances for stage in after.stages)
    return f"{len(after.nodes)} PEs → {len(after.stages)} stages, {calls} connections fused; {processes} processes"


def _coded(_: Graph, after: Graph) -> str:
    codecs = Counter([edge.codec for edge in after.edges if not edge.fused] + [one.codec for one in after.results])
    return ", ".join(f"{count} links {codec}" for codec, count in sorted(codecs.items())) or "nothing leaves a process"


_CHANGES: dict[str, Callable[[Graph, Graph], str]] = {
    "read": _read,
    "expand": _expanded,
    "check": _checked,
    "lower": _lowered,
    "parallelism": _numbered,
    "fuse": _fused,
    "codecs": _coded,
}


def _pe_row(node: Node, place: Callable[[Location], Location]) -> _Row:
    change = f". Changed by {node.instances_remedy}" if node.instances_remedy else ""
    return [node.path, f"× {node.instances}", str(place(node.location)), f"{node.instances_why}{change}"]


def _connection_row(edge: Edge) -> _Row:
    ends = f"{edge.source}.{edge.source_port} → {edge.target}.{edge.target_port}"
    return [ends, "fused" if edge.fused else "apart", edge.why]


def _partition_row(fate: Fate) -> _Row:
    stages = " | ".join(", ".join(stage) if len(stage) < 9 else f"{len(stage)} PEs" for stage in fate.stages)
    count = len(fate.stages)
    return [stages, "one stage" if count == 1 else f"{count} stages", fate.why]


def _stage_rows(plan: Plan) -> Iterator[_Row]:
    for stage in plan.stages:
        pes = " → ".join(pe.path for pe in stage.pes) if len(stage.pes) < 9 else f"{len(stage.pes)} PEs"
        yield [stage.id, f"× {stage.instances}", "source" if stage.source else "", pes]


def _resource_rows(plan: Plan, needs: Resources) -> Iterator[_Row]:
    for stage in plan.stages:
        yield [stage.id, f"× {stage.instances}", *_need_cells(needs.stages[stage.id]), _why(stage, needs.asked)]
    if needs.results is not None:
        yield ["results", "× 1", *_need_cells(needs.results), ""]
    count = needs.workers
    workers = f"{count} worker{'s' * (count != 1)}, a JVM with a heap up to {needs.heap} MiB{' each' * (count != 1)}"
    why = "" if needs.asked.workers is None else ", as asked"
    yield ["all", "", *_need_cells(needs.total(plan)), f"{workers}{why}"]


def _why(stage: Stage, asked: Asked) -> str:
    said = [name for name in ("memory", "cpu") if any(getattr(pe, name) is not None for pe in stage.pes)]
    given = [name for name in ("memory", "cpu") if name not in said and getattr(asked, name) is not None]
    told = [f"as its PEs say: {', '.join(said)}"] if said else []
    told += [f"as asked: {', '.join(given)}"] if given else []
    return "; ".join(told) or "its PEs do not say"


def _need_cells(need: Need) -> list[str]:
    return [f"{need.on_heap} MiB of a JVM", f"{need.off_heap} MiB", f"{need.cores:g} cores"]


def _resources_json(plan: Plan, needs: Resources) -> dict[str, Any]:
    return {
        "stages": {stage: asdict(need) for stage, need in needs.stages.items()},
        "results": None if needs.results is None else asdict(needs.results),
        "total": asdict(needs.total(plan)),
        "workers": needs.workers,
        "heap": needs.heap,
        "queue": needs.queue,
        "asked": asdict(needs.asked),
    }


def _link_row(link: Link) -> _Row:
    to = "results" if link.to_stage == RESULTS else f"{link.to_pe}.{link.to_port}"
    codec = f"{link.codec} codec{batch_text(link.batch)}"
    return [str(link.id), f"{link.from_pe}.{link.from_port} → {to}", routing_text(link.routing), codec]


def _pickled(plan: Plan) -> list[str]:
    found = ["the definition: it lives only in this process"] if plan.definition.pickled else []
    trusted = [str(link.id) for link in plan.links if link.codec == "trusted"]
    return found + ([f"the items of links {', '.join(trusted)}: their codec is trusted"] if trusted else [])


def _graph_json(graph: Graph, place: Callable[[Location], Location]) -> dict[str, Any]:
    return {
        "pes": [_node_json(node, place) for node in graph.nodes],
        "connections": [_edge_json(edge, place) for edge in graph.edges],
        "composites": [composite.path for composite in graph.composites],
        "partitions": [list(partition.paths) for partition in graph.partitions],
        "stages": [list(stage) for stage in graph.stages],
    }


def _node_json(node: Node, place: Callable[[Location], Location]) -> dict[str, Any]:
    return {
        "path": node.path,
        "type": node.type,
        "inputs": list(node.inputs),
        "outputs": list(node.outputs),
        "source": node.source,
        "instances": node.instances,
        "why": node.instances_why,
        "remedy": node.instances_remedy,
        "location": str(place(node.location)),
    }


def _edge_json(edge: Edge, place: Callable[[Location], Location]) -> dict[str, Any]:
    return {
        "from": {"pe": edge.source, "port": edge.source_port},
        "to": {"pe": edge.target, "port": edge.target_port},
        "grouping": None if edge.grouping is None else grouping_text(edge.grouping),
        "routing": None if edge.routing is None else routing_text(edge.routing),
        "fused": edge.fused,
        "why": edge.why,
        "location": str(place(edge.location)),
    }


def _link_json(link: Link, plan: Plan) -> dict[str, Any]:
    return {
        "id": link.id,
        "from": {"stage": link.from_stage, "pe": link.from_pe, "port": link.from_port},
        "to": None if link.to_stage == RESULTS else {"stage": link.to_stage, "pe": link.to_pe, "port": link.to_port},
        "routing": {**asdict(link.routing), "fields": list(link.routing.fields)},
        "instances": plan.instances_of(link),
        "codec": link.codec,
        "batch": asdict(link.batch),
    }
