"""Finds all that is wrong with a definition and with what a run hands to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from graphlib import CycleError
from typing import Any, ClassVar

from sferic.compiler.diagnostics import Problem, WrongInput, nearest
from sferic.compiler.graph import Edge, Graph, Node, topological
from sferic.compiler.inputs import NamedInputs, root_inputs
from sferic.compiler.passes.lower import WORDS, routing_of
from sferic.runtime.location import UNKNOWN
from sferic.runtime.settings import SETTING_NAMES, Settings, check_setting

_LONGEST_NAME = 20_000


@dataclass(frozen=True, slots=True)
class Check:
    """Tells every problem there is, together: those found on the way here, and its own.

    Holds after: every connection joins two known ports and has a grouping, there is no cycle and PEs are in
    topological order; every input port is connected, optional or a root's, and roots have their inputs; settings are
    valid; every PE is in at most one partition.
    """

    name: ClassVar[str] = "check"

    inputs: NamedInputs = None
    needs_data: bool = True  # False: roots that lack their data are no problem yet
    found: tuple[Problem, ...] = ()  # by whoever read the files

    def apply(self, graph: Graph) -> Graph:
        """The graph with settings read and PEs sorted; WrongInput with every problem."""
        problems = [*self.found, *graph.problems]
        by_path = graph.by_path()
        edges = [edge for edge in graph.edges if _ports_exist(edge, by_path, problems)]
        for edge in edges:
            _check_grouping(edge, problems)
        kept = {id(edge) for edge in edges}
        doubtful = {*graph.doubtful, *(edge.target for edge in graph.edges if id(edge) not in kept)}
        connected = {(edge.target, edge.target_port) for edge in edges}
        connected |= {(path, port) for path in doubtful for port in by_path[path].inputs}
        warnings: list[Problem] = []
        missing = warnings if graph.rules == "dispel4py" else problems
        nodes = {path: _checked(node, connected, problems, missing, graph.rules) for path, node in by_path.items()}
        problems += _partition_problems(graph)
        problems += _name_problems(graph)
        order = _order(graph, edges, problems)
        if not nodes:
            problems.append(Problem("the workflow has no PE", UNKNOWN, "give it some with add() or connect()"))
        given, wrong = root_inputs(nodes, self.inputs, needs_data=self.needs_data)
        problems += wrong
        if problems:
            raise WrongInput(list(dict.fromkeys(problems)))
        return replace(graph, nodes=tuple(nodes[path] for path in order), inputs=given, warnings=tuple(warnings))


def _ports_exist(edge: Edge, nodes: Mapping[str, Node], problems: list[Problem]) -> bool:
    before = len(problems)
    for path, port, kind, ports in (
        (edge.source, edge.source_port, "output", nodes[edge.source].outputs),
        (edge.target, edge.target_port, "input", nodes[edge.target].inputs),
    ):
        if port not in ports:
            text = f"{path} has no {kind} port {port!r}"
            problems.append(Problem(text, edge.location, nearest(str(port), ports)))
    return len(problems) == before


def _check_grouping(edge: Edge, problems: list[Problem]) -> None:
    if routing_of(edge.grouping) is None:
        text = f"{edge.grouping!r} of {edge.target}.{edge.target_port} is no grouping"
        remedy = "use None (shuffle), fields as [0, 2] or ['name'], 'all', 'global' or a key function"
        if isinstance(edge.grouping, str):
            remedy = f"a field is written [{edge.grouping!r}]; {nearest(edge.grouping, WORDS)}"
        problems.append(Problem(text, edge.location, remedy))


def _checked(
    node: Node, connected: set[tuple[str, str]], problems: list[Problem], missing: list[Problem], rules: str
) -> Node:
    """`missing` gets the input ports that nothing is connected to: an error, or something to warn of."""
    source = not any((node.path, port) in connected for port in node.inputs)
    for port in node.inputs:
        if not source and (node.path, port) not in connected and port not in node.optional:
            text = f"nothing is connected to input {port!r} of {node.path}"
            missing.append(
                Problem(text, node.location, "connect it, or list it in `optional` (of the class, or of add())")
            )
    for port in node.optional:
        if port not in node.inputs:
            text = f"{node.path} has no input port {port!r} that could be optional"
            problems.append(Problem(text, node.location, nearest(port, node.inputs)))
    if node.inputs and not node.handles and rules != "dispel4py":  # which builds such a graph, and fails on its items
        kind = node.type.rpartition(":")[2]
        text = f"class {kind} defines neither process nor _process: every item at {node.path} would fail"
        problems.append(Problem(text, node.location, "write `def _process(self, …)` in it"))
    settings = _settings(node, problems)
    if rules == "dispel4py":
        if settings.numprocesses == 1:  # its default, which says nothing
            settings = replace(settings, numprocesses=None)
        loose = () if source else (port for port in node.inputs if (node.path, port) not in connected)
        node = replace(node, optional=tuple(sorted({*node.optional, *loose})))
    return replace(node, settings=settings, source=source)


def _settings(node: Node, problems: list[Problem]) -> Settings:
    values: dict[str, Any] = {}
    for name, value in node.said:
        if name not in SETTING_NAMES:
            text = f"{node.path} has no setting {name!r}"
            problems.append(Problem(text, node.location, nearest(name, (*SETTING_NAMES, "name", "optional"))))
            continue
        try:
            values[name] = check_setting(name, value)
        except (TypeError, ValueError) as error:
            problems.append(Problem(f"{name} of {node.path} {error}, not {value!r}", node.location))
    if values.get("single") and (values.get("numprocesses") or 1) > 1:
        text = f"{node.path} is `single` and asks for {values['numprocesses']} processes"
        problems.append(Problem(text, node.location, "drop one of the two"))
    return Settings(**values)


def _partition_problems(graph: Graph) -> Iterable[Problem]:
    named: set[str] = set()
    for partition in graph.partitions:
        for path in partition.paths:
            if path in named:
                text = f"two partitions name {path}, or one names it twice"
                yield Problem(text, partition.location, "name it once")
            named.add(path)
    if graph.rules == "dispel4py":  # which looks at partitions only when it uses them
        return
    # A workflow or composite that says partitions says them for all its PEs.
    scopes = {partition.scope: partition.location for partition in graph.partitions}
    for node in graph.nodes:
        for scope, location in scopes.items():
            if node.path not in named and node.path.startswith(scope):
                yield Problem(f"no partition names {node.path}", location, "add it to one, or give it one of its own")
                break


def _name_problems(graph: Graph) -> Iterable[Problem]:
    named = [("the workflow", graph.name, UNKNOWN)]
    for node in graph.nodes:
        named.append(("a PE", node.path, node.location))
        named += [("a port", str(port), node.location) for port in (*node.inputs, *node.outputs)]
    for what, name, location in named:
        if len(name) > _LONGEST_NAME:
            text = f"the name of {what} has {len(name):,} characters, it begins {name[:40]!r}"
            yield Problem(text, location, f"names have at most {_LONGEST_NAME:,}")


def _order(graph: Graph, edges: list[Edge], problems: list[Problem]) -> list[str]:
    paths = [node.path for node in graph.nodes]
    try:
        return topological(paths, ((edge.source, edge.target) for edge in edges))
    except CycleError as error:
        cycle: list[str] = list(reversed(error.args[1]))
        at = {(edge.source, edge.target): edge.location for edge in edges}
        where = at.get((cycle[0], cycle[1]), UNKNOWN) if len(cycle) > 1 else UNKNOWN
        problems.append(Problem(f"a cycle: {' → '.join(cycle)}", where, "a workflow has no way back"))
        return paths
