"""How many instances each PE gets."""

from dataclasses import dataclass, replace

from sferic.compiler.diagnostics import Problem, WrongInput
from sferic.compiler.graph import Graph, Node
from sferic.runtime.location import UNKNOWN


@dataclass(frozen=True, slots=True)
class Parallelism:
    """What the user wrote is exact; the rest is scaled to fill `processes`, where that cannot change results.

    Holds after: every node has `instances` ≥ 1 and the reason.
    """

    processes: int | None = None

    def apply(self, graph: Graph) -> Graph:
        """The graph with instances chosen."""
        nodes = [self._given(node) for node in graph.nodes]
        if self.processes is None:
            return replace(graph, nodes=tuple(nodes))
        free = [index for index, node in enumerate(nodes) if not node.instances_why]
        keyed = {node.path: _all_keyed(node, graph) for node in nodes}
        able = [index for index in free if _scales(nodes[index], keyed=keyed[nodes[index].path])]
        spare = self.processes - sum(node.instances for node in nodes)
        if spare < 0:
            least = sum(node.instances for node in nodes)
            text = f"-n {self.processes} is fewer than the {least} instances that this workflow needs"
            raise WrongInput([Problem(text, UNKNOWN, f"use -n {least} or more, or --fuse auto")])
        for turn in range(spare if able else 0):
            index = able[turn % len(able)]
            nodes[index] = replace(nodes[index], instances=nodes[index].instances + 1)
        return replace(graph, nodes=tuple(map(_explained, nodes)))

    def _given(self, node: Node) -> Node:
        wanted = node.settings.numprocesses
        if node.settings.single:
            return replace(node, instances=1, instances_why="it is `single`")
        if wanted is not None:
            return replace(node, instances=wanted, instances_why="numprocesses says so")
        return node


def _all_keyed(node: Node, graph: Graph) -> bool:
    kinds = {edge.routing.kind for edge in graph.edges if edge.target == node.path}
    return bool(kinds) and kinds == {"key"}


def _scales(node: Node, *, keyed: bool) -> bool:
    if node.source:
        return False
    if node.settings.stateless or node.settings.per_key:
        return True
    return keyed and not node.has_postprocess and not node.has_every


def _explained(node: Node) -> Node:
    if node.instances_why:
        return node
    if node.instances > 1:
        return replace(node, instances_why="scaled to fill -n")
    if node.source:
        why = "a source has one instance unless it says how it splits (`splits = True`)"
    else:
        why = "more instances could change its results; mark the class `stateless = True` or `per_key = True` if not"
    return replace(node, instances_why=why)
