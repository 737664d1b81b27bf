"""From a definition to the logical graph, or to all that is wrong with it."""

import difflib
from collections.abc import Callable, Iterable
from graphlib import CycleError
from typing import Any

from sferic.compiler.diagnostics import Problem, WrongInput
from sferic.compiler.graph import Edge, Graph, Node, topological
from sferic.runtime.definition import Definition, Element
from sferic.runtime.definition import Edge as RawEdge
from sferic.runtime.location import UNKNOWN
from sferic.runtime.pe import GenericPE
from sferic.runtime.plan import Routing
from sferic.runtime.settings import SETTING_NAMES, Settings, check_setting

_WORDS = {"all": Routing("all"), "global": Routing("global"), "shuffle": Routing("shuffle")}


def check(definition: Definition) -> Graph:
    """The logical graph of a definition; WrongInput with every problem found.

    Holds after: every edge joins two known ports, no cycle, every input port is connected, optional or a root's,
    every setting is valid, every PE is in at most one partition.
    """
    problems = [Problem(flaw.text, flaw.location, flaw.remedy) for flaw in definition.flaws]
    elements = {element.path: element for element in definition.elements}
    edges = [edge for edge in definition.edges if _ports_exist(edge, elements, problems)]
    connected = {(edge.target, edge.target_port) for edge in edges}
    nodes = {path: _node(element, connected, problems) for path, element in elements.items()}
    routings = [(edge, _routing(edge, problems)) for edge in edges]
    _check_partitions(definition, elements, problems)
    order = _order(definition, edges, problems)
    if not nodes:
        problems.append(Problem("the workflow has no PE", UNKNOWN, "add() or connect() some"))
    if problems:
        raise WrongInput(problems)
    index = {id(edge): number for number, edge in enumerate(definition.edges)}
    return Graph(
        definition.name,
        tuple(nodes[path] for path in order),
        tuple(
            Edge(
                index[id(raw)], raw.source, raw.source_port, raw.target, raw.target_port, routing, raw.location
            )
            for raw, routing in routings
        ),
        definition.partitions,
    )  # fmt: skip


def nearest(name: str, known: Iterable[str]) -> str:
    """A remedy that names what was probably meant, or all there is."""
    known = list(known)
    near = difflib.get_close_matches(name, known, 1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known are {', '.join(map(repr, known))}" if known else "it has none"


def _ports_exist(edge: RawEdge, elements: dict[str, Element], problems: list[Problem]) -> bool:
    if not edge.source or not edge.target:
        return False  # a flaw of the expansion, already told
    before = len(problems)
    for path, port, kind in (
        (edge.source, edge.source_port, "output"),
        (edge.target, edge.target_port, "input"),
    ):
        pe = elements[path].pe
        ports = pe.outputconnections if kind == "output" else pe.inputconnections
        if port not in ports:
            text = f"{path} has no {kind} port {port!r}"
            problems.append(Problem(text, edge.location, nearest(str(port), ports)))
    return len(problems) == before


def _overrides(pe: GenericPE, *names: str) -> bool:
    return any(getattr(type(pe), name) is not getattr(GenericPE, name) for name in names)


def _node(element: Element, connected: set[tuple[str, str]], problems: list[Problem]) -> Node:
    pe = element.pe
    settings = _settings(element, problems)
    optional = {name for name, port in pe.inputconnections.items() if port.get("optional")} | set(pe.optional)
    source = not any((element.path, port) in connected for port in pe.inputconnections)
    for port in pe.inputconnections:
        if not source and (element.path, port) not in connected and port not in optional:
            text = f"nothing is connected to input {port!r} of {element.path}"
            problems.append(Problem(text, element.location, "connect it, or list it in the class's `optional`"))
    every = any(hasattr(getattr(type(pe), name, None), "__sferic_every__") for name in dir(type(pe)))
    return Node(
        element.path,
        f"{type(pe).__module__}:{type(pe).__qualname__}",
        tuple(pe.inputconnections),
        tuple(pe.outputconnections),
        settings,
        element.location,
        source,
        tuple(sorted(optional)),
        has_postprocess=_overrides(pe, "postprocess", "_postprocess"),
        has_every=every,
    )


def _settings(element: Element, problems: list[Problem]) -> Settings:
    values: dict[str, Any] = {}
    for name, value in element.settings.items():
        if name not in SETTING_NAMES:
            text = f"{element.path} has no setting {name!r}"
            problems.append(Problem(text, element.location, nearest(name, SETTING_NAMES)))
            continue
        try:
            values[name] = check_setting(name, value)
        except (TypeError, ValueError) as error:
            problems.append(Problem(f"{name} of {element.path} {error}, not {value!r}", element.location))
    if values.get("single") and (values.get("numprocesses") or 1) > 1:
        text = f"{element.path} is `single` and asks for {values['numprocesses']} processes"
        problems.append(Problem(text, element.location, "drop one of the two"))
    return Settings(**values)


def _routing(edge: RawEdge, problems: list[Problem]) -> Routing:
    given = edge.grouping
    if given is None:
        return Routing("shuffle")
    if isinstance(given, str) and given in _WORDS:
        return _WORDS[given]
    if isinstance(given, Callable):
        return Routing("key", function=True)
    fields = tuple(given) if isinstance(given, (list, tuple)) else (given,)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if fields and all(_is_field(field) for field in fields):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        return Routing("key", fields)
    text = f"{given!r} of {edge.target}.{edge.target_port} is no grouping"
    remedy = "use None (shuffle), fields as [0, 2] or ['name'], 'all', 'global' or a key function"
    problems.append(Problem(text, edge.location, remedy))
    return Routing("shuffle")


def _is_field(field: Any) -> bool:
    return isinstance(field, str) or (isinstance(field, int) and not isinstance(field, bool))


def _check_partitions(definition: Definition, elements: dict[str, Element], problems: list[Problem]) -> None:
    named: set[str] = set()
    for partition in definition.partitions:
        for path in partition:
            if path in named:
                text = f"two partitions name {path}, or one names it twice"
                problems.append(Problem(text, definition.partitions_at, "name it once"))
            named.add(path)
    if definition.partitions:
        for path in elements:
            if path not in named and "/" not in path:
                text = f"no partition names {path}"
                problems.append(Problem(text, definition.partitions_at, "add it to one, or give it one of its own"))


def _order(definition: Definition, edges: list[RawEdge], problems: list[Problem]) -> list[str]:
    paths = [element.path for element in definition.elements]
    try:
        return topological(paths, ((edge.source, edge.target) for edge in edges))
    except CycleError as error:
        cycle: list[str] = list(reversed(error.args[1]))
        at = {(edge.source, edge.target): edge.location for edge in edges}
        where = at.get((cycle[0], cycle[1]), UNKNOWN) if len(cycle) > 1 else UNKNOWN
        problems.append(Problem(f"a cycle: {' → '.join(cycle)}", where, "a workflow has no way back"))
        return paths
