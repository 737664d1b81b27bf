"""What `dispel4py.workflow_graph` has."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

from sferic.runtime import workflow as ours
from sferic.runtime.compat.core import GenericPE
from sferic.runtime.compat.dot import draw, drawDot, write_image
from sferic.runtime.pe import Grouping

__all__ = [
    "DIRECTION",
    "FROM_CONNECTION",
    "TO_CONNECTION",
    "GenericPE",
    "WorkflowGraph",
    "WorkflowNode",
    "draw",
    "drawDot",
    "write_image",
]

FROM_CONNECTION = "from_connection"
TO_CONNECTION = "to_connection"
DIRECTION = "direction"

Mappings = dict[str, tuple[Any, str]]


class WorkflowNode:
    """A PE's or a composite's place in a graph. It gives a PE its id: its name and a number."""

    WORKFLOW_NODE_PE = 0
    WORKFLOW_NODE_FN = 1
    WORKFLOW_NODE_CP = 2
    node_counter = 0

    def __init__(self, obj: Any) -> None:
        self.obj = obj
        if isinstance(obj, WorkflowGraph):
            self.nodeType = self.WORKFLOW_NODE_CP
            inputs, outputs = obj.inputmappings, obj.outputmappings
        elif isinstance(obj, ours.GenericPE):
            self.nodeType = self.WORKFLOW_NODE_PE
            inputs, outputs = obj.inputconnections, obj.outputconnections
            obj.id = f"{obj.name or type(obj).__name__}{WorkflowNode.node_counter}"
            WorkflowNode.node_counter += 1
        else:
            raise TypeError(f"{obj!r} is neither a PE nor a graph, so it cannot be in a workflow")
        self.inputs: list[dict[str, Any]] = [{} for _ in inputs]
        self.outputs: list[dict[str, Any]] = [{} for _ in outputs]

    def get_contained_object(self) -> Any:
        """The PE or the composite."""
        return self.obj

    getContainedObject = get_contained_object  # noqa: N815 - dispel4py's first spelling


class _Part(ours.CompositePE):
    """A graph that is used as a PE of another one, as the compiler sees it."""

    def __new__(cls, *_graph: Any) -> Self:
        # Not as a composite of ours, which is made with a graph and mappings of its own.
        return ours.GenericPE.__new__(cls)

    def __init__(self, graph: "WorkflowGraph") -> None:  # pyright: ignore[reportInconsistentConstructor] - pickle makes one without
        ours.GenericPE.__init__(self)
        self.subgraph = self._graph = graph

    def called_after(self) -> str:
        """Its graph's name, or its class."""
        return self._graph.name or type(self._graph).__name__

    @property
    def inputmappings(self) -> dict[str, list[tuple[Any, str]]]:  # pyright: ignore[reportIncompatibleVariableOverride] - its graph's, which users go on filling
        return _inner(self._graph.inputmappings)

    @property
    def outputmappings(self) -> dict[str, list[tuple[Any, str]]]:  # pyright: ignore[reportIncompatibleVariableOverride] - likewise
        return _inner(self._graph.outputmappings)


def _inner(mappings: Mappings) -> dict[str, list[tuple[Any, str]]]:
    return {name: [(_as_pe(inner), port)] for name, (inner, port) in mappings.items()}


def _as_pe(what: Any) -> Any:
    return what.part if isinstance(what, WorkflowGraph) else what


def _as_said(pe: Any) -> Any:
    return pe.subgraph if isinstance(pe, _Part) else pe


class WorkflowGraph(ours.WorkflowGraph):
    """A workflow as dispel4py builds it. One with `inputmappings` and `outputmappings` can be used as a PE."""

    rules = "dispel4py"

    def __init__(self, name: str = "") -> None:
        super().__init__(name)
        self.inputmappings: Mappings = {}
        self.outputmappings: Mappings = {}
        self.objToNode: dict[Any, WorkflowNode] = {}
        self.part = _Part(self)

    @property
    def inner(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride] - follows what users fill
        """Whether it has ports of its own, to be used as a PE."""
        return bool(self.inputmappings or self.outputmappings)

    def add(self, pe: Any, **settings: Any) -> Any:
        """Add a PE or a composite; returns its node."""
        if pe not in self.objToNode:
            self.objToNode[pe] = WorkflowNode(pe)
        super().add(_as_pe(pe), **settings)
        return self.objToNode[pe]

    def connect(self, source: Any, source_port: str, target: Any, target_port: str, grouping: Grouping = None) -> None:
        """Connect an output port to an input port."""
        self.add(source)
        self.add(target)
        self._join(_as_pe(source), source_port, _as_pe(target), target_port, grouping)

    @ours.WorkflowGraph.partitions.setter
    def partitions(self, partitions: Iterable[Sequence[Any]]) -> None:
        """Lists of PEs and composites that are to share one process."""
        self._part_into([[_as_pe(pe) for pe in partition] for partition in partitions])

    def get_contained_objects(self) -> list[Any]:
        """The PEs and composites, sorted by their ids."""
        return sorted(
            (_as_said(pe) for pe in super().get_contained_objects()), key=lambda pe: str(getattr(pe, "id", ""))
        )

    getContainedObjects = get_contained_objects  # noqa: N815 - dispel4py's first spelling

    @property
    def graph(self) -> "NodesAndEdges":
        """The nodes and edges, as the graph library that dispel4py used shows them."""
        return NodesAndEdges(self)

    def propagate_types(self) -> None:
        """Tell every PE the types of what is connected to it, those before it first."""
        types: dict[Any, dict[str, Any]] = {}
        told: set[Any] = set()

        def tell(pe: Any) -> None:
            told.add(pe)
            incoming = [made for made in self.connections if made.target is pe]
            for made in incoming:
                if made.source not in told:
                    tell(made.source)
            pe.setInputTypes({made.target_port: types[made.source][made.source_port] for made in incoming})
            types[pe] = pe.getOutputTypes() if any(made.source is pe for made in self.connections) else {}

        for added in list(self.added.values()):
            if added.pe not in told:
                tell(added.pe)

    def flatten(self) -> None:
        """Put what is inside composites in their place."""
        while parts := [added.pe for added in self.added.values() if isinstance(added.pe, _Part)]:
            for part in parts:
                self._dissolve(part)

    def _dissolve(self, part: _Part) -> None:
        inner = part.subgraph
        assert isinstance(inner, WorkflowGraph)
        del self.added[id(part)], self.objToNode[inner]
        self.added |= inner.added
        self.objToNode |= inner.objToNode
        joined: list[ours.Connected] = []
        for made in self.connections:
            sources = (
                part.outputmappings.get(made.source_port, [])
                if made.source is part
                else [(made.source, made.source_port)]
            )
            targets = (
                part.inputmappings.get(made.target_port, [])
                if made.target is part
                else [(made.target, made.target_port)]
            )
            joined += [
                ours.Connected(*source, *target, made.location, made.grouping)
                for source in sources
                for target in targets
            ]
        self.connections = [*joined, *inner.connections]
        whole = [
            [one for pe in partition for one in (inner.partition_members() if pe is part else [pe])]
            for partition in self._partitions
        ]
        self._partitions = whole

    def partition_members(self) -> list[Any]:
        """Its PEs and parts."""
        return [added.pe for added in self.added.values()]


class _Nodes(list[WorkflowNode]):
    """Both spellings of the graph library: `graph.nodes` and `graph.nodes()`."""

    def __call__(self, data: bool = False) -> list[Any]:
        return [(node, {}) for node in self] if data else list(self)


class NodesAndEdges:
    """The graph as nodes with undirected edges, each with its direction and ports."""

    def __init__(self, whole: WorkflowGraph) -> None:
        self._whole = whole

    @property
    def nodes(self) -> _Nodes:
        """In the order in which they were added."""
        return _Nodes(self._whole.objToNode.values())

    def number_of_nodes(self) -> int:
        """How many there are."""
        return len(self._whole.objToNode)

    def __len__(self) -> int:
        return self.number_of_nodes()

    def __iter__(self) -> Iterator[WorkflowNode]:
        return iter(self.nodes)

    def __contains__(self, node: object) -> bool:
        return node in self.nodes

    def __getitem__(self, node: WorkflowNode) -> dict[WorkflowNode, dict[str, Any]]:
        """The node's neighbours, each with its edge."""
        return {(b if a is node else a): edge for a, b, edge in self._edges() if node in (a, b)}

    def has_edge(self, one: WorkflowNode, other: WorkflowNode) -> bool:
        """Whether the two are connected, either way."""
        return other in self[one]

    def edges(self, node: WorkflowNode | None = None, data: bool = False) -> list[tuple[Any, ...]]:
        """All edges, or those of a node, which comes first in each."""
        found = [(b, a, edge) if b is node else (a, b, edge) for a, b, edge in self._edges() if node in (None, a, b)]
        return [each if data else each[:2] for each in found]

    def _edges(self) -> list[tuple[WorkflowNode, WorkflowNode, dict[str, Any]]]:
        edges: dict[tuple[int, int], tuple[WorkflowNode, WorkflowNode, dict[str, Any]]] = {}
        for made in self._whole.connections:
            source, target = _as_said(made.source), _as_said(made.target)
            ports = (made.source_port, made.target_port)
            edge = {"FROM_CONNECTION": ports[0], "TO_CONNECTION": ports[1], "DIRECTION": (source, target)}
            nodes = self._whole.objToNode[source], self._whole.objToNode[target]
            known = edges.setdefault((id(source), id(target)), (*nodes, {**edge, "ALL_CONNECTIONS": []}))
            known[2]["ALL_CONNECTIONS"].append(ports)
        return list(edges.values())
