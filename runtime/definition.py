"""A definition without composites: every PE under its path, every connection between two of them.

The compiler makes the plan from it; a worker finds its PEs in it again.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from sferic.runtime.location import UNKNOWN, Location
from sferic.runtime.pe import GenericPE, Grouping
from sferic.runtime.settings import SETTING_NAMES
from sferic.runtime.workflow import Added, CompositePE, Connected, WorkflowGraph


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """One PE. `settings` as the user said them, unchecked: the class's attributes, then the keywords of add()."""

    path: str
    pe: GenericPE
    settings: dict[str, Any]
    location: Location


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """One connection between two ports. `source` and `target` are paths; `grouping` is as the user wrote it."""

    source: str
    source_port: str
    target: str
    target_port: str
    grouping: Grouping
    location: Location


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that keeps a definition from being expanded: what, where, and what to do."""

    text: str
    location: Location
    remedy: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """A workflow without composites. `flaws` are what expansion could not make sense of."""

    name: str
    elements: tuple[Element, ...]
    edges: tuple[Edge, ...]
    partitions: tuple[tuple[str, ...], ...] = ()
    partitions_at: Location = UNKNOWN
    flaws: tuple[Flaw, ...] = ()


@dataclass
class _Expansion:
    elements: list[Element] = field(default_factory=list[Element])
    edges: list[Edge] = field(default_factory=list[Edge])
    partitions: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])
    flaws: list[Flaw] = field(default_factory=list[Flaw])
    paths: dict[int, str] = field(default_factory=dict[int, str])
    inside: dict[int, list[str]] = field(default_factory=dict[int, list[str]])  # composite -> paths of its PEs

    def graph(self, graph: WorkflowGraph, prefix: str) -> list[str]:
        mine: list[str] = []
        for added, name in zip(graph.added.values(), self._names(list(graph.added.values())), strict=True):
            pe = added.pe
            path = prefix + quote(name, safe=" !#$&'()*+,-.:;<=>?@[]^_`{|}~\"\\\n\t")
            pe.id = pe.name = name
            if id(pe) in self.paths or id(pe) in self.inside:
                self.flaws.append(Flaw(f"{name} is used in two places of the workflow", added.location,
                                       "make one PE object for each place"))  # fmt: skip
                continue
            if isinstance(pe, CompositePE):
                inner = self.graph(pe.subgraph, path + "/")
                self.inside[id(pe)] = inner
                mine += inner
            else:
                self.paths[id(pe)] = path
                self.elements.append(Element(path, pe, _settings(pe, added), added.location))
                mine.append(path)
        for connected in graph.connections:
            self._connect(connected)
        for partition in graph.partitions:
            paths = tuple(path for pe in partition for path in self._members(pe, graph))
            self.partitions.append(paths)
        return mine

    def _members(self, pe: GenericPE, graph: WorkflowGraph) -> list[str]:
        if id(pe) in self.inside:
            return self.inside[id(pe)]
        path = self.paths.get(id(pe))
        if path is not None:
            return [path]
        where = graph.partitions_at or UNKNOWN
        self.flaws.append(Flaw(f"a partition names {pe!r}, which is not a PE of the workflow", where,
                               "add() or connect() it first"))  # fmt: skip
        return []

    def _names(self, added: list[Added]) -> list[str]:
        """Names the user set stay; those taken from the class get a number when they repeat."""
        names: list[str] = []
        taken: set[str] = set()
        for one in added:
            given = one.settings.get("name") or one.pe.name
            own_class = _base(one.pe)
            if given and not _numbered(str(given), own_class):
                if given in taken:
                    self.flaws.append(Flaw(f"the name {given!r} is set twice", one.location, "give one another name"))
                taken.add(str(given))
        used = set(taken)
        last: dict[str, int] = {}
        for one in added:
            given = str(one.settings.get("name") or one.pe.name)
            base = _base(one.pe)
            if given and not _numbered(given, base):
                names.append(given)
                continue
            number = last.get(base, 0) + 1
            name = base if number == 1 else f"{base}{number}"
            while name in used:
                number += 1
                name = f"{base}{number}"
            last[base] = number
            used.add(name)
            names.append(name)
        return names

    def _connect(self, connected: Connected) -> None:
        ends = self._outer_to_inner(connected.source, connected.source_port, "outputmappings")
        targets = self._outer_to_inner(connected.target, connected.target_port, "inputmappings")
        for source, source_port in ends:
            for target, target_port in targets:
                grouping = connected.grouping
                if grouping is None:
                    grouping = connected.target.inputconnections.get(connected.target_port, {}).get("grouping")
                if grouping is None:
                    grouping = target.inputconnections.get(target_port, {}).get("grouping")
                self.edges.append(
                    Edge(
                        self.paths.get(id(source), ""),
                        source_port,
                        self.paths.get(id(target), ""),
                        target_port,
                        grouping,
                        connected.location,
                    )
                )

    def _outer_to_inner(self, pe: GenericPE, port: str, kind: str) -> list[tuple[GenericPE, str]]:
        if not isinstance(pe, CompositePE):
            return [(pe, port)]
        mapped: list[tuple[GenericPE, str]] = getattr(pe, kind).get(port, [])
        if not mapped:
            what = "output" if kind == "outputmappings" else "input"
            known = ", ".join(getattr(pe, kind)) or "none"
            self.flaws.append(Flaw(f"composite {pe.name or type(pe).__name__} has no {what} port {port!r}",
                                   pe._made_at, f"its {what}s are: {known}"))  # pyright: ignore[reportPrivateUsage]  # fmt: skip
        return [inner for one, name in mapped for inner in self._outer_to_inner(one, name, kind)]


def _base(pe: GenericPE) -> str:
    return pe.base_name or type(pe).__name__


def _numbered(name: str, base: str) -> bool:
    """True for a name that an earlier expansion took from the class."""
    return name == base or (name.startswith(base) and name[len(base) :].isdigit())


def _settings(pe: GenericPE, added: Added) -> dict[str, Any]:
    said = {name: getattr(pe, name) for name in SETTING_NAMES}
    return {**said, **{name: value for name, value in added.settings.items() if name != "name"}}


def expand(graph: WorkflowGraph) -> Definition:
    """Take `graph`'s composites apart. Gives each PE its `name` and `id`; the same graph gives the same paths."""
    expansion = _Expansion()
    expansion.graph(graph, "")
    return Definition(
        graph.name,
        tuple(expansion.elements),
        tuple(expansion.edges),
        tuple(expansion.partitions),
        graph.partitions_at or UNKNOWN,
        tuple(expansion.flaws),
    )


def digest(definition: Definition) -> str:
    """sha256 (hex) over names, classes, ports, settings and connections; independent of folder and hash seed."""
    elements = [
        [
            element.path,
            type(element.pe).__qualname__,
            sorted(element.pe.inputconnections),
            sorted(element.pe.outputconnections),
            {name: repr(value) for name, value in sorted(element.settings.items()) if value is not None},
        ]
        for element in definition.elements
    ]
    edges = [
        [edge.source, edge.source_port, edge.target, edge.target_port, _grouping_name(edge.grouping)]
        for edge in definition.edges
    ]
    text = json.dumps([elements, edges], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _grouping_name(grouping: Grouping) -> str:
    if isinstance(grouping, Callable):
        return f"function {getattr(grouping, '__qualname__', type(grouping).__qualname__)}"
    return repr(grouping)
