"""How items are written where they leave a process."""

from dataclasses import dataclass, replace
from typing import ClassVar

from sferic.compiler.graph import Edge, Graph, Node, ResultPort
from sferic.runtime.settings import BatchLimits


@dataclass(frozen=True, slots=True)
class ChooseCodecs:
    """What the receiver says goes first, then what the sender says, then the command's `default`.

    Holds after: every connection between stages has a codec and batch limits, every unconnected output port is among
    the results with its codec.
    """

    name: ClassVar[str] = "codecs"

    default: str = "general"

    def apply(self, graph: Graph) -> Graph:
        """The graph with codecs."""
        nodes = graph.by_path()
        connected = {(edge.source, edge.source_port) for edge in graph.edges}
        results = tuple(
            ResultPort(node.path, port, node.settings.codec or self.default)
            for node in graph.nodes
            for port in node.outputs
            if (node.path, port) not in connected
        )
        edges = tuple(edge if edge.fused else self._chosen(edge, nodes) for edge in graph.edges)
        return replace(graph, edges=edges, results=results)

    def _chosen(self, edge: Edge, nodes: dict[str, Node]) -> Edge:
        source, target = nodes[edge.source].settings, nodes[edge.target].settings
        return replace(
            edge,
            codec=target.codec or source.codec or self.default,
            batch=target.batch or source.batch or BatchLimits(),
        )
