"""The logical graph: PEs and connections, as read and as the passes complete them. Frozen; passes make new ones."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

from sferic.compiler.diagnostics import Problem
from sferic.runtime.location import Location
from sferic.runtime.outline import Composite, Partition
from sferic.runtime.pe import Grouping
from sferic.runtime.plan import RootInput, Routing
from sferic.runtime.settings import BatchLimits, Settings

OF_FUNCTION = "sferic.runtime.functions"  # the module of PEs that are made of a user's function


@dataclass(frozen=True, slots=True)
class Node:
    """A PE."""

    path: str
    type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    location: Location
    said: tuple[tuple[str, Any], ...] = ()  # settings as the user said them
    groupings: tuple[tuple[str, Grouping], ...] = ()  # of its input ports, as the user said them
    optional: tuple[str, ...] = ()
    function: bool = False  # a plain function: nothing of it lives from one item to the next
    positions: bool = False  # a source that can begin again where it was
    generator: bool = False  # `process` is a generator function, or it is a source that knows its position
    has_postprocess: bool = False
    has_every: bool = False
    handles: bool = True  # it has code for its items
    # By check:
    settings: Settings = field(default_factory=Settings)
    source: bool = False
    # By parallelism:
    instances: int = 0
    instances_why: str = ""
    instances_remedy: str = ""  # what changes it, where that is the user's to say

    @property
    def said_instances(self) -> bool:
        """Has its user said how many?"""
        return self.settings.single or self.settings.numprocesses is not None


@dataclass(frozen=True, slots=True)
class Edge:
    """A connection; `index` is its place in the expanded definition."""

    index: int
    source: str
    source_port: str
    target: str
    target_port: str
    location: Location
    grouping: Grouping = None  # as the user said it
    # By lowering; None before:
    routing: Routing | None = None
    # By fusion:
    fused: bool = False
    why: str = ""
    # By the choice of codecs, for edges that are not fused:
    codec: str = ""
    batch: BatchLimits | None = None

    @property
    def routed(self) -> Routing:
        """The routing, after lowering."""
        assert self.routing is not None
        return self.routing


@dataclass(frozen=True, slots=True)
class ResultPort:
    """An output port that nothing is connected to."""

    path: str
    port: str
    codec: str


@dataclass(frozen=True, slots=True)
class Graph:
    """PEs and connections. After check the PEs are in topological order."""

    name: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    partitions: tuple[Partition, ...] = ()
    composites: tuple[Composite, ...] = ()  # none after expand
    problems: tuple[Problem, ...] = ()  # found on the way to check, which tells them all
    doubtful: tuple[str, ...] = ()  # PEs to which a wrong connection may have been meant to lead
    inputs: tuple[tuple[str, RootInput], ...] = ()  # by check: what each root gets
    stages: tuple[tuple[str, ...], ...] = ()  # by fusion: PEs that share a process, in topological order
    results: tuple[ResultPort, ...] = ()  # by the choice of codecs
    rules: str = "sferic"  # or "dispel4py": how PEs are scaled, what is only a warning, what a key may be
    warnings: tuple[Problem, ...] = ()  # by check: what is no error under these rules

    def by_path(self) -> dict[str, Node]:
        """All PEs by path."""
        return {node.path: node for node in self.nodes}


def topological(paths: Iterable[str], edges: Iterable[tuple[str, str]]) -> list[str]:
    """Paths so that every source of an edge comes before its target, otherwise in the given order.

    graphlib.CycleError where there is a cycle.
    """
    order = {path: index for index, path in enumerate(paths)}
    before: dict[str, set[str]] = defaultdict(set)
    for source, target in edges:
        before[target].add(source)
    sorter = TopologicalSorter({path: before[path] for path in order})
    sorter.prepare()
    out: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=order.__getitem__)
        out += ready
        sorter.done(*ready)
    return out


def receivers(graph: Graph) -> Counter[tuple[str, str]]:
    """How many connections leave each output port."""
    return Counter((edge.source, edge.source_port) for edge in graph.edges)
