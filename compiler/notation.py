"""A graph as text, line by line, for people; the fixtures of the passes are written in it, too."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sferic.compiler.graph import Edge, Graph, Node
from sferic.runtime.location import UNKNOWN, Location
from sferic.runtime.pe import GenericPE, Grouping
from sferic.runtime.plan import RESULTS, Hop, Link, Plan, RootInput, Routing
from sferic.runtime.settings import BatchLimits

_PLAIN = re.compile(r"[\w/-]+")
Place = Callable[[Location], Location]


def graph_text(graph: Graph, place: Place = lambda location: location) -> str:
    """All that is known of `graph` at its stage of the way; `place` makes places relative."""
    lines = [f"workflow {name_text(graph.name or 'workflow')}"]
    lines += columns(_node_row(node, place) for node in graph.nodes)
    for composite in graph.composites:
        lines.append(f"composite {name_text(composite.path)}  {_at(composite.location, place)}")
        for kind, arrow, ports in (("in", "->", composite.inputs), ("out", "<-", composite.outputs)):
            lines += [f"  {kind} {name_text(port)} {arrow} {end_text(*end)}" for port, ends in ports for end in ends]
        lines += [f"  by {name_text(port)} {grouping_text(grouping)}" for port, grouping in composite.groupings]
    lines += columns(_edge_row(edge, place) for edge in graph.edges)
    for partition in graph.partitions:
        scope = f"  in {name_text(partition.scope)}" if partition.scope else ""
        lines.append(f"partition {_names(partition.paths)}{scope}  {_at(partition.location, place)}")
    lines += [f"stage {_names(stage)}" for stage in graph.stages]
    lines += [f"result {end_text(result.path, result.port)}  {result.codec}" for result in graph.results]
    lines += [f"input {name_text(path)}  {input_text(given)}" for path, given in graph.inputs]
    lines += [f"problem {problem.text}  {_at(problem.location, place)}" for problem in graph.problems]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def plan_text(plan: Plan) -> str:
    """Stages with the calls inside, then the links between them."""
    lines = [f"plan {name_text(plan.name)}"]
    for stage in plan.stages:
        source = "  source" if stage.source else ""
        lines.append(f"stage {stage.id} × {stage.instances}{source}  {_names(pe.path for pe in stage.pes)}")
        lines += [f"  {row}" for row in columns(map(_hop_row, stage.hops))]
    lines += columns(_link_row(link, plan) for link in plan.links)
    lines += [f"input {name_text(path)}  {input_text(given)}" for path, given in plan.inputs]
    return "\n".join(lines) + "\n"


def name_text(name: str) -> str:
    """`name`, quoted unless it is plain."""
    return name if _PLAIN.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def end_text(path: str, port: str) -> str:
    """A port of a PE."""
    return f"{name_text(path)}.{name_text(str(port))}"


def grouping_text(grouping: Grouping) -> str:
    """A grouping as its user wrote it; a function by its name."""
    if callable(grouping):
        return f"{getattr(grouping, '__name__', type(grouping).__name__)}()"
    return repr(grouping)


def routing_text(routing: Routing) -> str:
    """How items choose the instance."""
    if routing.kind == "key":
        return "key function" if routing.function and not routing.fields else f"key {list(routing.fields)}"
    return routing.kind


def input_text(given: RootInput) -> str:
    """What a root gets."""
    if given.items is not None:
        return f"{len(given.items)} item{'s' * (len(given.items) != 1)}"
    return f"{given.calls} call{'s' * (given.calls != 1)}"


def batch_text(batch: BatchLimits | None) -> str:
    """What differs from the usual limits."""
    if batch is None:
        return ""
    usual = BatchLimits()
    said = {name: getattr(batch, name) for name in ("items", "bytes", "linger")}
    differs = [f"{name}={value}" for name, value in said.items() if value != getattr(usual, name)]
    return f" batch({', '.join(differs)})" if differs else ""


def _node_row(node: Node, place: Place) -> list[str]:
    groupings = dict(node.groupings)
    inputs: list[str] = []
    for port in node.inputs:
        by = f" by {grouping_text(groupings[port])}" if port in groupings else ""
        inputs.append(f"{name_text(str(port))}{'?' * (port in node.optional)}{by}")
    outputs = (name_text(str(port)) for port in node.outputs)
    ports = " ".join(filter(None, [", ".join(inputs), "->" if node.outputs else "", ", ".join(outputs)]))
    traits = [name for name in ("function", "generator") if getattr(node, name)]
    traits += [name for name in ("postprocess", "every") if getattr(node, f"has_{name}")]
    said = [f"[{', '.join(traits)}]"] if traits else []
    said += [_setting(name, value) for name, value in node.said if value != getattr(GenericPE, name, None)]
    chosen = f"× {node.instances} ({node.instances_why})" if node.instances else ""
    return [f"pe {name_text(node.path)}", ports, " ".join(said), chosen, _at(node.location, place)]


def _hop_row(hop: Hop) -> list[str]:
    ends = f"{end_text(hop.from_pe, hop.from_port)} -> {end_text(hop.to_pe, hop.to_port)}"
    return [f"call {ends}", "copy" if hop.copy else "original"]


def _link_row(link: Link, plan: Plan) -> list[str]:
    to = "results" if link.to_stage == RESULTS else end_text(link.to_pe, link.to_port)
    ends = f"{end_text(link.from_pe, link.from_port)} -> {to}"
    how = f"{routing_text(link.routing)} of {plan.instances_of(link)}"
    return [f"link {link.id}", ends, how, f"{link.codec}{batch_text(link.batch)}"]


def _setting(name: str, value: Any) -> str:
    return name if value is True else f"{name}={value!r}"


def _edge_row(edge: Edge, place: Place) -> list[str]:
    ends = f"{end_text(edge.source, edge.source_port)} -> {end_text(edge.target, edge.target_port)}"
    if edge.routing is not None:
        how = routing_text(edge.routing)
    else:
        how = "" if edge.grouping is None else f"by {grouping_text(edge.grouping)}"
    fused = f"{'fused' if edge.fused else 'apart'} ({edge.why})" if edge.why else ""
    return [f"connect {ends}", how, fused, f"{edge.codec}{batch_text(edge.batch)}", _at(edge.location, place)]


def _at(location: Location, place: Place) -> str:
    return "" if location == UNKNOWN else f"# {place(location)}"


def _names(paths: Iterable[str]) -> str:
    return ", ".join(map(name_text, paths))


def columns(rows: Iterable[Sequence[str]], *, between: str = "  ") -> Iterator[str]:
    """Rows with their cells below each other; columns that are empty everywhere take no room."""
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width)
        yield between.join(cells).rstrip()
