"""Takes composites apart."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from sferic.compiler.diagnostics import Problem, nearest
from sferic.compiler.graph import Edge, Graph
from sferic.runtime.outline import Partition, Wiring


@dataclass(frozen=True, slots=True)
class Expand:
    """Connections to and from a composite become connections of the PEs inside.

    Holds after: no composite is left, and every connection and partition names PEs only. A connection to a port that
    a composite does not have is a problem, and is dropped.
    """

    name: ClassVar[str] = "expand"

    def apply(self, graph: Graph) -> Graph:
        """The graph without composites."""
        own = {(node.path, port): grouping for node in graph.nodes for port, grouping in node.groupings}
        wiring = Wiring(graph.composites, own)
        edges: list[Edge] = []
        problems: list[Problem] = []
        doubtful: list[str] = []
        for edge in graph.edges:
            source, target = (edge.source, edge.source_port), (edge.target, edge.target_port)
            missing = list(_missing_ports(edge, wiring))
            if missing:
                problems += missing
                doubtful += [node.path for node in graph.nodes if f"{node.path}/".startswith(f"{edge.target}/")]
            for start, end, grouping in wiring.inside(source, target, edge.grouping):
                edges.append(Edge(len(edges), *start, *end, edge.location, grouping))
        return replace(
            graph,
            edges=tuple(edges),
            composites=(),
            partitions=_partitions(graph),
            problems=(*graph.problems, *problems),
            doubtful=tuple(doubtful),
        )


def _missing_ports(edge: Edge, wiring: Wiring) -> Iterator[Problem]:
    for path, port, kind, mapped in (
        (edge.source, edge.source_port, "output", wiring.outputs),
        (edge.target, edge.target_port, "input", wiring.inputs),
    ):
        if path in wiring.composites and (path, port) not in mapped:
            known = [name for composite, name in mapped if composite == path]
            text = f"composite {path} has no {kind} port {port!r}"
            yield Problem(text, edge.location, nearest(str(port), known))


def _partitions(graph: Graph) -> tuple[Partition, ...]:
    if not graph.partitions:
        return ()
    inside: dict[str, list[str]] = defaultdict(list)
    for node in graph.nodes:
        parts = node.path.split("/")
        for depth in range(1, len(parts)):
            inside["/".join(parts[:depth])].append(node.path)
    return tuple(
        replace(partition, paths=tuple(path for one in partition.paths for path in inside.get(one, [one])))
        for partition in graph.partitions
    )
