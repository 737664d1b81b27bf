"""The logical graph: PEs with checked settings, connections with their grouping. Frozen; passes make new ones."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import TopologicalSorter

from sferic.runtime.location import Location
from sferic.runtime.plan import Routing
from sferic.runtime.settings import Settings


@dataclass(frozen=True, slots=True)
class Node:
    """A PE. `instances` is chosen by the parallelism pass, with the reason for it."""

    path: str
    type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    settings: Settings
    location: Location
    source: bool
    optional: tuple[str, ...] = ()
    instances: int = 1
    instances_why: str = ""
    has_postprocess: bool = False
    has_every: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """A connection; `index` is its place in the definition."""

    index: int
    source: str
    source_port: str
    target: str
    target_port: str
    routing: Routing
    location: Location


@dataclass(frozen=True, slots=True)
class Graph:
    """PEs in topological order, and connections."""

    name: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    partitions: tuple[tuple[str, ...], ...] = ()

    def node(self, path: str) -> Node:
        """The PE with this path; KeyError if there is none."""
        return self.by_path()[path]

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
