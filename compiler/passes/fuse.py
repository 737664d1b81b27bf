"""Which PEs share a process."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from graphlib import CycleError
from typing import Literal

from sferic.compiler.graph import Edge, Graph, Node, topological

Mode = Literal["auto", "hints", "none", "all"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an edge became a call inside a stage, and why."""

    edge: Edge
    fused: bool
    why: str


@dataclass(frozen=True, slots=True)
class Fused:
    """Stages as groups of paths, in topological order, and the verdict on every edge."""

    groups: tuple[tuple[str, ...], ...]
    verdicts: tuple[Verdict, ...]


def can_fuse(source: Node, target: Node, edge: Edge) -> tuple[bool, str]:
    """Would a call in place of this edge keep the meaning? With the reason."""
    if source.instances != target.instances:
        return False, f"{source.instances} instances against {target.instances}"
    if source.instances > 1 and edge.routing.kind != "shuffle":
        return False, f"a {edge.routing.kind} grouping between {source.instances} instances must be routed"
    return True, "equal instances, and nothing to route"


@dataclass(frozen=True, slots=True)
class Fuse:
    """Joins PEs into stages: the user's partitions first, then (auto) plain functions with what feeds them.

    Holds after: the stages form no cycle; no group-by, all or global connection between several instances is cut
    short; a stage with a source has no input from another stage.
    """

    mode: Mode = "auto"

    def apply(self, graph: Graph) -> Fused:
        """Groups of PEs."""
        nodes = graph.by_path()
        group_of = {path: path for path in nodes}
        partition_of = {path: number for number, paths in enumerate(graph.partitions) for path in paths}
        verdicts: list[Verdict] = []
        for edge in graph.edges:
            fused, why = self._wanted(nodes[edge.source], nodes[edge.target], partition_of)
            if fused:
                fused, why = can_fuse(nodes[edge.source], nodes[edge.target], edge)
            if fused and group_of[edge.source] != group_of[edge.target]:
                fused, why = _join(graph, nodes, group_of, edge)
            verdicts.append(Verdict(edge, fused, why))
        final = tuple(
            Verdict(verdict.edge, group_of[verdict.edge.source] == group_of[verdict.edge.target], verdict.why)
            for verdict in verdicts
        )
        return Fused(_groups(graph, group_of), final)

    def _wanted(self, source: Node, target: Node, partition_of: dict[str, int]) -> tuple[bool, str]:
        if self.mode == "none":
            return False, "--fuse none"
        if self.mode == "all":
            return True, "everything runs in one process"
        if partition_of:
            same = partition_of.get(source.path, -1) == partition_of.get(target.path, -2)
            return same, "one partition" if same else "different partitions"
        if self.mode == "hints":
            return False, "no partition joins them"
        if target.type == "sferic.runtime.pe:SimpleFunctionPE":
            return True, "a plain function"
        return False, "apart, so that they can run at the same time"


def _join(graph: Graph, nodes: dict[str, Node], group_of: dict[str, str], edge: Edge) -> tuple[bool, str]:
    """Merge the two groups of an edge in `group_of`, unless that breaks what has to hold."""
    old, new = group_of[edge.target], group_of[edge.source]
    merged = {path for path, group in group_of.items() if group in (old, new)}
    trial = {path: new if path in merged else group for path, group in group_of.items()}
    outside = [e for e in graph.edges if e.target in merged and e.source not in merged]
    if outside and any(nodes[path].source for path in merged):
        return False, "a source's process takes no input from another stage"
    inner = [e for e in graph.edges if e.source in merged and e.target in merged]
    if any(not can_fuse(nodes[e.source], nodes[e.target], e)[0] for e in inner):
        return False, "another connection between the same stages has to be routed"
    if sum(nodes[path].source for path in merged) > 1:
        return False, "two sources need a process each, to run at the same time"
    try:
        topological(dict.fromkeys(trial.values()), _between(graph, trial))
    except CycleError:
        return False, "the way around through another stage would become a cycle"
    group_of.update(trial)
    return True, "joined"


def _between(graph: Graph, group_of: dict[str, str]) -> list[tuple[str, str]]:
    pairs = ((group_of[edge.source], group_of[edge.target]) for edge in graph.edges)
    return [(source, target) for source, target in pairs if source != target]


def _groups(graph: Graph, group_of: dict[str, str]) -> tuple[tuple[str, ...], ...]:
    members: dict[str, list[str]] = defaultdict(list)
    for node in graph.nodes:
        members[group_of[node.path]].append(node.path)
    order = topological(members, _between(graph, group_of))
    return tuple(tuple(members[group]) for group in order)


def receivers(graph: Graph) -> Counter[tuple[str, str]]:
    """How many connections leave each output port."""
    return Counter((edge.source, edge.source_port) for edge in graph.edges)
