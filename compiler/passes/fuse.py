"""Which PEs share a process."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from sferic.compiler.diagnostics import Problem, WrongInput
from sferic.compiler.graph import Edge, Graph, Node
from sferic.compiler.passes.groups import Bar, Groups, downstream

Mode = Literal["auto", "hints", "none", "all"]
_Wanted = Callable[[Edge], tuple[bool, str]]


def can_fuse(source: Node, target: Node, edge: Edge) -> tuple[bool, str]:
    """Would a call in place of this edge keep the meaning? With the reason."""
    if source.instances != target.instances:
        return False, f"{source.instances} instance{'s' * (source.instances != 1)} against {target.instances}"
    if source.instances > 1 and edge.routed.kind != "shuffle":
        kind = "group-by" if edge.routed.kind == "key" else repr(edge.routed.kind)
        return False, f"{kind} between {source.instances} instances must be routed"
    return True, "equal instances, and nothing to route"


@dataclass(frozen=True, slots=True)
class Fuse:
    """Joins PEs into stages: the user's partitions first, then (auto) plain functions with what feeds them, then
    (auto) as much as it takes to come down to `processes`.

    Holds after: every connection has a verdict; the stages form no cycle; no group-by, all or global connection
    between several instances is cut short; a stage with a source has no input from another stage.
    """

    name: ClassVar[str] = "fuse"

    mode: Mode = "auto"
    processes: int | None = None

    def apply(self, graph: Graph) -> Graph:
        """The graph with stages; WrongInput where `processes` are too few."""
        nodes = graph.by_path()
        groups, why = self._by_wish(graph, nodes)
        self._come_down(graph, nodes, groups, why)
        return replace(
            graph,
            edges=tuple(_judged(edge, groups, *why[edge.index]) for edge in graph.edges),
            stages=tuple(groups.members()),
        )

    def needed(self, graph: Graph) -> int:
        """Processes that the stages would take, were these not too many."""
        nodes = graph.by_path()
        return sum(nodes[stage[0]].instances for stage in self._by_wish(graph, nodes)[0].members())

    def _by_wish(self, graph: Graph, nodes: dict[str, Node]) -> tuple[Groups, dict[int, tuple[bool, str]]]:
        groups, why = self._joined(graph, nodes, self._wish(graph, nodes))
        if self._idle(groups, graph):
            groups, why = self._joined(graph, nodes, self._wish(graph, nodes, sources_alone=True))
        return groups, why

    def _wish(self, graph: Graph, nodes: dict[str, Node], *, sources_alone: bool = False) -> _Wanted:
        """Which connections are to become calls, where they can, and why."""
        partition_of = {path: number for number, one in enumerate(graph.partitions) for path in one.paths}

        def wanted(edge: Edge) -> tuple[bool, str]:
            source, target = nodes[edge.source], nodes[edge.target]
            if self.mode == "none":
                return False, "--fuse none"
            if self.mode == "all":
                return True, "everything runs in one process"
            if partition_of:
                same = partition_of.get(source.path, -1) == partition_of.get(target.path, -2)
                return same, "one partition" if same else "different partitions"
            fit, reason = can_fuse(source, target, edge)
            if not fit:
                return False, reason
            if self.mode == "hints":
                return False, "no partition joins them"
            if target.function and sources_alone and source.source:
                return False, "the source keeps a process to itself, so that not all runs on one core"
            if target.function:
                return True, f"{target.path} is a plain function"
            return False, "so that they can run at the same time"

        return wanted

    def _idle(self, groups: Groups, graph: Graph) -> bool:
        """Has the automatic way put a whole pipeline on one core?"""
        by_itself = self.mode == "auto" and not graph.partitions and self.processes != 1
        return by_itself and len(graph.nodes) > 1 and len(groups.members()) == 1

    def _joined(
        self, graph: Graph, nodes: dict[str, Node], wanted: _Wanted
    ) -> tuple[Groups, dict[int, tuple[bool, str]]]:
        """(groups, by edge index whether it was joined and why)."""
        why = {edge.index: wanted(edge) for edge in graph.edges}

        def bar(edge: Edge) -> Bar:
            fit, _ = can_fuse(nodes[edge.source], nodes[edge.target], edge)
            return (Bar.NONE if fit else Bar.ROUTED) | (Bar.NONE if why[edge.index][0] else Bar.UNWISHED)

        groups = Groups(graph, bar)
        _join([edge for edge in downstream(graph) if why[edge.index][0]], nodes, groups, why)
        return groups, why

    def _come_down(
        self, graph: Graph, nodes: dict[str, Node], groups: Groups, why: dict[int, tuple[bool, str]]
    ) -> None:
        """Join more until there are no more than `processes`; WrongInput if that cannot be."""
        if self.processes is None:
            return
        needed = sum(nodes[stage[0]].instances for stage in groups.members())
        for edge in downstream(graph) if self.mode == "auto" else ():
            if needed <= self.processes:
                return
            fit, reason = can_fuse(nodes[edge.source], nodes[edge.target], edge)
            if fit and not groups.together(edge) and not (reason := groups.join(edge)):
                needed -= nodes[edge.source].instances
                reason = f"-n {self.processes} are fewer processes than stages"
                why[edge.index] = (True, reason)
        if needed > self.processes:
            text = f"-n {self.processes} is fewer than the {needed} instances that this workflow needs"
            remedy = f"use -n {needed} or more" + ("" if self.mode in ("auto", "all") else ", or --fuse auto")
            raise WrongInput([Problem(text, remedy=remedy)])


def _join(waiting: list[Edge], nodes: dict[str, Node], groups: Groups, why: dict[int, tuple[bool, str]]) -> None:
    """Join what can be; again while that helps, since one connection may only fit once another is joined."""
    wished = {edge.index: why[edge.index] for edge in waiting}
    progress = True
    while progress:
        progress = False
        refused: list[Edge] = []
        for edge in waiting:
            fit, reason = can_fuse(nodes[edge.source], nodes[edge.target], edge)
            if not fit:
                why[edge.index] = (False, reason)
            elif groups.together(edge):
                continue
            elif reason := groups.join(edge):
                why[edge.index] = (False, reason)
                refused.append(edge)
            else:
                progress = True
                why[edge.index] = wished[edge.index]
        waiting = refused


def _judged(edge: Edge, groups: Groups, joined: bool, why: str) -> Edge:
    fused = groups.together(edge)
    if fused and not joined:
        why = "the other connections put both into one stage"
    return replace(edge, fused=fused, why=why)
