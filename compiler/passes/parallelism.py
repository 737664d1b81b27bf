"""How many instances each PE gets."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from sferic.compiler.diagnostics import Problem, WrongInput
from sferic.compiler.graph import OF_FUNCTION, Edge, Graph, Node
from sferic.compiler.passes.fuse import Fuse
from sferic.compiler.passes.groups import Bar, Groups, downstream
from sferic.runtime.location import UNKNOWN
from sferic.runtime.outline import Partition

MOST_INSTANCES = 10_000


@dataclass(frozen=True, slots=True)
class Parallelism:
    """What the user wrote is exact; the rest is scaled to fill `processes`, where that cannot change results.

    PEs that `fuse` is to put into one process (the user's partitions, chains of plain functions) are scaled together.
    Holds after: every PE has at least one instance, and the reason for the number; where some have more than the
    least, `fuse` makes no more than `processes` of them.
    """

    name: ClassVar[str] = "parallelism"

    processes: int | None = None
    fuse: Fuse = field(default_factory=Fuse)
    single: bool = False  # one instance of each

    def apply(self, graph: Graph) -> Graph:
        """The graph with instances chosen; WrongInput where they are absurdly many."""
        kinds: dict[str, set[str]] = defaultdict(set)
        for edge in graph.edges:
            kinds[edge.target].add(edge.routed.kind)
        if graph.rules == "dispel4py" and self.fuse.mode == "hints" and not graph.partitions:
            graph = replace(graph, partitions=_roots_and_others(graph))
        if self.single:
            nodes = {node.path: _with(node, None, "--single") for node in graph.nodes}
        elif graph.rules == "dispel4py":
            nodes = _of_dispel4py(graph, self.processes)
        else:
            nodes = {node.path: _least(node, kinds[node.path]) for node in graph.nodes}
        able = {path for path, node in nodes.items() if not node.instances_why}
        told = self._scaled(graph, nodes, able)
        wanted = sum(node.instances for node in told)
        if wanted > MOST_INSTANCES:
            most = max(told, key=lambda node: node.instances)
            text = f"the workflow asks for {wanted:,} instances, {most.instances:,} of them of {most.path}"
            raise WrongInput([Problem(text, most.location, f"at most {MOST_INSTANCES:,} can be started")])
        return replace(graph, nodes=told)

    def _scaled(self, graph: Graph, nodes: dict[str, Node], able: set[str]) -> tuple[Node, ...]:
        units = self._units(graph, nodes, able)
        spare = (self.processes or 0) - sum(nodes[unit[0]].instances for unit in units)
        while True:
            growing = [unit for unit in units if able.issuperset(unit)]
            extra = _dealt(spare, growing) if graph.rules == "sferic" else _shared(spare, growing, units, nodes)
            told = tuple(self._told(node, extra.get(node.path)) for node in nodes.values())
            if self.processes is None or not any(extra.values()):
                return told
            # With these numbers of instances, PEs that were to share a process may have to stay apart.
            over = self.fuse.needed(replace(graph, nodes=told)) - self.processes
            if over <= 0:
                return told
            spare -= over

    def _units(self, graph: Graph, nodes: dict[str, Node], able: set[str]) -> list[tuple[str, ...]]:
        if graph.rules == "dispel4py" and self.fuse.mode != "hints":  # which looks at partitions with -s only
            return [(path,) for path in nodes]
        functions = self.fuse.mode in ("auto", "all")
        partition_of = {path: number for number, one in enumerate(graph.partitions) for path in one.paths}

        def meant(edge: Edge) -> bool:
            source, target = nodes[edge.source], nodes[edge.target]
            if edge.routed.kind != "shuffle" or source.instances != target.instances:
                return False
            one_partition = partition_of.get(source.path, -1) == partition_of.get(target.path, -2)
            chain = functions and not partition_of and target.function and {source.path, target.path} <= able
            return one_partition or chain

        def bar(edge: Edge) -> Bar:
            """What would keep the ends of this connection apart, once these are several?"""
            several = nodes[edge.source].instances > 1 or {edge.source, edge.target} <= able
            routed = several and edge.routed.kind != "shuffle"
            return (Bar.ROUTED if routed else Bar.NONE) | (Bar.NONE if meant(edge) else Bar.UNWISHED)

        groups = Groups(graph, bar)
        for edge in downstream(graph) if self.fuse.mode != "none" else ():
            if meant(edge):
                groups.join(edge)
        return groups.members()

    def _told(self, node: Node, extra: int | None) -> Node:
        if extra is None:
            # Its partners in a partition keep it at one, or it cannot grow by itself.
            if node.instances_why:
                return node
            why = "it shares a partition with a PE that stays at one instance"
            return replace(node, instances_why=why, instances_remedy="give it a partition of its own")
        if self.processes is None:
            return replace(node, instances_why="nothing asks for more", instances_remedy="-n or `numprocesses`")
        why = f"scaled to fill -n {self.processes}" if extra else f"-n {self.processes} leaves no more"
        return replace(node, instances=node.instances + extra, instances_why=why)


def _dealt(spare: int, growing: list[tuple[str, ...]]) -> dict[str, int]:
    """Instances beyond the least, of the PEs that may have some: dealt out in turn, a process each."""
    share, rest = divmod(max(0, spare), len(growing)) if growing else (0, 0)
    return {path: share + (number < rest) for number, unit in enumerate(growing) for path in unit}


def _of_dispel4py(graph: Graph, processes: int | None) -> dict[str, Node]:
    """As its multiprocessing does: roots have one instance, and 1 may be scaled, whatever the PE keeps."""
    asked = sum(1 if node.source else node.settings.numprocesses or 1 for node in graph.nodes)
    short = processes is not None and processes < asked
    nodes: dict[str, Node] = {}
    for node in graph.nodes:
        said = node.settings.numprocesses
        why = ""
        if node.source:
            said, why = 1, "a root has one instance in dispel4py"
        elif node.settings.single:
            said, why = 1, "it is `single`"
        elif short:
            said, why = 1, f"-n {processes} is less than the {asked} that the PEs ask for"
        elif said is not None:
            why = "numprocesses says so"
        nodes[node.path] = _with(node, said, why)
    return nodes


def _with(node: Node, said: int | None, why: str) -> Node:
    """With so many instances, whatever its user wrote."""
    settings = replace(node.settings, numprocesses=said)
    return replace(node, settings=settings, instances=said or 1, instances_why=why)


def _roots_and_others(graph: Graph) -> tuple[Partition, ...]:
    """The partitions that dispel4py makes where a workflow says none."""
    roots = tuple(node.path for node in graph.nodes if node.source)
    others = tuple(node.path for node in graph.nodes if not node.source)
    return tuple(Partition(paths, "", UNKNOWN) for paths in (roots, others) if paths)


def _shared(
    spare: int, growing: list[tuple[str, ...]], units: list[tuple[str, ...]], nodes: Mapping[str, Node]
) -> dict[str, int]:
    """Instances beyond the first as dispel4py deals them: what roots leave over all others, equal and rounded down."""
    of_roots = sum(nodes[unit[0]].source for unit in units)
    others = sum(nodes[unit[0]].instances for unit in units) - of_roots
    each = (spare + others) // max(1, others)
    return {path: max(1, each) - 1 for unit in growing for path in unit}


def _least(node: Node, kinds: set[str]) -> Node:
    """The instances that it has at least; with the reason where it may not have more."""
    settings = node.settings
    if settings.single:
        return replace(node, instances=1, instances_why="it is `single`")
    if settings.numprocesses is not None:
        return replace(node, instances=settings.numprocesses, instances_why="numprocesses says so")
    why = remedy = ""
    if node.source and not settings.splits:
        why = "a source reads once"
        remedy = f"`splits = True` in {_class(node)}, where each instance reads a part of its own"
    elif "all" in kinds:
        why, remedy = (
            "'all' brings every item to each instance: more would write more",
            f"`numprocesses` of {node.path}",
        )
    elif kinds == {"global"}:
        why, remedy = "'global' brings all its items to one instance", "another grouping"
    elif not (node.source or settings.stateless or settings.per_key or node.function):
        why = _state(node, kinds)
        remedy = f"`stateless = True` or `per_key = True` in {_class(node)}, where that is so"
    return replace(node, instances=1, instances_why=why, instances_remedy=remedy if why else "")


def _class(node: Node) -> str:
    module, _, name = node.type.partition(":")
    return f"the settings of {node.path}" if module == OF_FUNCTION else f"class {name}"


def _state(node: Node, kinds: set[str]) -> str:
    """Why more instances could give other results; empty where they could not."""
    if kinds != {"key"}:
        return "it may keep state, and its items come without a key"
    if node.has_postprocess:
        return "its postprocess may say something about all keys together"
    return "what it does `every` so often may be about all keys together" if node.has_every else ""
