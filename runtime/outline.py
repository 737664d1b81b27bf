"""A definition as the user wrote it: every PE and composite under its path, connections between them as they were made.

Read alike by the compiler and by a worker, so that both give a PE the same path and a connection the same place.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from sferic.runtime.location import UNKNOWN, Location
from sferic.runtime.pe import GenericPE, Grouping
from sferic.runtime.settings import SETTING_NAMES
from sferic.runtime.workflow import Added, CompositePE, Connected, Flaw, WorkflowGraph

End = tuple[str, str]  # (path, port)
_SAFE = " !#$&'()*+,-.:;<=>?@[]^_`{|}~\"\\\n\t"


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """One PE. `settings` as the user said them, unchecked: the class's attributes, then the keywords of add();
    `optional` likewise."""

    path: str
    pe: GenericPE
    settings: dict[str, Any]
    optional: Any
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
class Composite:
    """A sub-workflow: which inner ports its own lead to, and the groupings of its input ports."""

    path: str
    inputs: tuple[tuple[str, tuple[End, ...]], ...]
    outputs: tuple[tuple[str, tuple[End, ...]], ...]
    groupings: tuple[tuple[str, Grouping], ...]
    location: Location


@dataclass(frozen=True, slots=True)
class Partition:
    """Paths (of composites, too) that are to share a process. `scope`: the composite that says so, with "/", or ""."""

    paths: tuple[str, ...]
    scope: str
    location: Location


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """A workflow with its composites."""

    name: str
    elements: tuple[Element, ...]
    composites: tuple[Composite, ...]
    edges: tuple[Edge, ...]
    partitions: tuple[Partition, ...]
    flaws: tuple[Flaw, ...]
    rules: str = "sferic"


def outline(graph: WorkflowGraph) -> Outline:
    """Read `graph`. Gives each PE its `name` and `id`; the same graph gives the same paths."""
    reading = _Reading()
    reading.graph(graph, "")
    return Outline(
        graph.name,
        tuple(reading.elements),
        tuple(reading.composites),
        tuple(reading.edges),
        tuple(reading.partitions),
        tuple(reading.flaws),
        graph.rules,
    )


class Wiring:
    """Where connections lead inside composites. `own` holds the groupings of PEs' input ports."""

    def __init__(self, composites: tuple[Composite, ...], own: Mapping[End, Grouping]) -> None:
        self.composites = {composite.path for composite in composites}
        self.inputs = {(c.path, port): ends for c in composites for port, ends in c.inputs}
        self.outputs = {(c.path, port): ends for c in composites for port, ends in c.outputs}
        self._groupings = {**own, **{(c.path, port): g for c in composites for port, g in c.groupings}}

    def inside(self, source: End, target: End, grouping: Grouping) -> list[tuple[End, End, Grouping]]:
        """The connections between PEs that one connection stands for; none where a composite lacks the port.

        The outermost grouping counts: the connection's, then the ports' from the outside in.
        """
        targets = self._targets(target, grouping)
        return [(one, other, how) for one in self._sources(source) for other, how in targets]

    def _sources(self, end: End) -> list[End]:
        if end[0] not in self.composites:
            return [end]
        return [inner for mapped in self.outputs.get(end, ()) for inner in self._sources(mapped)]

    def _targets(self, end: End, grouping: Grouping) -> list[tuple[End, Grouping]]:
        if grouping is None:
            grouping = self._groupings.get(end)
        if end[0] not in self.composites:
            return [(end, grouping)]
        return [inner for mapped in self.inputs.get(end, ()) for inner in self._targets(mapped, grouping)]


@dataclass
class _Reading:
    elements: list[Element] = field(default_factory=list[Element])
    composites: list[Composite] = field(default_factory=list[Composite])
    edges: list[Edge] = field(default_factory=list[Edge])
    partitions: list[Partition] = field(default_factory=list[Partition])
    flaws: list[Flaw] = field(default_factory=list[Flaw])
    paths: dict[int, str] = field(default_factory=dict[int, str])

    def graph(self, graph: WorkflowGraph, prefix: str) -> None:
        self.flaws += graph.flaws
        all_added = [added for added in graph.added.values() if self._is_pe(added)]
        for added, name in zip(all_added, self._names(all_added), strict=True):
            pe = added.pe
            path = prefix + quote(name, safe=_SAFE)
            pe._take_name(name)  # pyright: ignore[reportPrivateUsage] - users' classes are full of public names
            if id(pe) in self.paths:
                self.flaws.append(Flaw(f"{name} is used in two places of the workflow", added.location,
                                       "make one PE object for each place"))  # fmt: skip
                continue
            self.paths[id(pe)] = path
            if isinstance(pe, CompositePE):
                for setting in added.settings.keys() - {"name"}:
                    text = f"{name} is a composite, and {setting!r} is a setting of PEs"
                    self.flaws.append(Flaw(text, added.location, "give it to the PEs inside"))
                self.graph(pe.subgraph, path + "/")
                self._composite(pe, path, added.location)
            else:
                optional = added.settings.get("optional", pe.optional)
                self.elements.append(Element(path, pe, _settings(pe, added), optional, added.location))
        for made in graph.connections:
            if not self._joins(made):
                continue
            source, target = self.paths[id(made.source)], self.paths[id(made.target)]
            self.edges.append(
                Edge(source, made.source_port, target, made.target_port, made.grouping, made.location)
            )  # fmt: skip
        where = graph.partitions_at or UNKNOWN
        for partition in graph.partitions:
            paths = (self._member(pe, where) for pe in partition)
            self.partitions.append(Partition(tuple(filter(None, paths)), prefix, where))

    def _is_pe(self, added: Added) -> bool:
        what: Any = added.pe
        if isinstance(what, type) and issubclass(what, GenericPE):
            text = f"{what.__name__} is a class of PEs, not a PE"
            self.flaws.append(Flaw(text, added.location, f"make one: {what.__name__}(…)"))
        elif not isinstance(what, GenericPE):
            self.flaws.append(Flaw(f"{what!r} is no PE", added.location, "a workflow is made of objects of GenericPE"))
        return isinstance(what, GenericPE)

    def _joins(self, made: Connected) -> bool:
        ports: list[Any] = [made.source_port, made.target_port]
        wrong = [port for port in ports if not isinstance(port, str)]
        for port in wrong:
            self.flaws.append(Flaw(f"{port!r} is no name of a port", made.location, "ports have texts as names"))
        return not wrong and id(made.source) in self.paths and id(made.target) in self.paths

    def _composite(self, pe: CompositePE, path: str, location: Location) -> None:
        ports = [
            tuple(
                (port, tuple((self.paths[id(inner)], name) for inner, name in ends)) for port, ends in mapping.items()
            )
            for mapping in (pe.inputmappings, pe.outputmappings)
        ]
        self.composites.append(Composite(path, ports[0], ports[1], groupings(pe), location))

    def _member(self, pe: GenericPE, where: Location) -> str:
        path = self.paths.get(id(pe), "")
        if not path:
            text = f"a partition names {_called(pe)}, which is not a PE of the workflow"
            self.flaws.append(Flaw(text, where, "add() or connect() it first"))
        return path

    def _names(self, added: list[Added]) -> list[str]:
        """Names the user set stay; those taken from the class get a number when they repeat."""
        given = [str(one.settings.get("name") or one.pe.name) for one in added]
        own = [bool(name) and not _numbered(name, _base(one.pe)) for one, name in zip(added, given, strict=True)]
        used: set[str] = set()
        for one, name, is_own in zip(added, given, own, strict=True):
            if is_own and name in used:
                self.flaws.append(Flaw(f"the name {name!r} is set twice", one.location, "give one another name"))
            if is_own:
                used.add(name)
        last: dict[str, int] = {}
        for index, one in enumerate(added):
            if own[index]:
                continue
            base = _base(one.pe)
            number = last.get(base, 0) + 1
            while (name := base if number == 1 else f"{base}{number}") in used:
                number += 1
            last[base] = number
            used.add(name)
            given[index] = name
        return given


def paths_called(name: str, paths: Iterable[str]) -> list[str]:
    """The paths that `name` stands for: the one that it is, or else those whose last part it is."""
    known = list(paths)
    return [name] if name in known else [path for path in known if path.rpartition("/")[2] == name]


def groupings(pe: GenericPE) -> tuple[tuple[str, Grouping], ...]:
    """The groupings that `pe` says of its input ports."""
    said = ((port, connection.get("grouping")) for port, connection in pe.inputconnections.items())
    return tuple((port, grouping) for port, grouping in said if grouping is not None)


def _called(what: Any) -> str:
    return f"a {_base(what)}" if isinstance(what, GenericPE) else repr(what)


def _base(pe: GenericPE) -> str:
    return pe.called_after()


def _numbered(name: str, base: str) -> bool:
    """True for a name that an earlier reading took from the class."""
    return name == base or (name.startswith(base) and name[len(base) :].isdigit())


def _settings(pe: GenericPE, added: Added) -> dict[str, Any]:
    said = {name: getattr(pe, name) for name in SETTING_NAMES}
    return {**said, **{name: value for name, value in added.settings.items() if name not in ("name", "optional")}}
