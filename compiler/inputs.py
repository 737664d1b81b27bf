"""What a run hands to the roots of its workflow."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sferic.compiler.diagnostics import Problem, WrongInput
from sferic.compiler.graph import Graph, Node
from sferic.compiler.passes.check import nearest
from sferic.runtime.definition import Definition
from sferic.runtime.pe import GenericPE
from sferic.runtime.plan import RootInput

Inputs = Mapping[Any, Any] | int | None


def root_inputs(
    graph: Graph, definition: Definition, inputs: Inputs, *, needs_data: bool = True
) -> tuple[tuple[str, RootInput], ...]:
    """What each root gets. `inputs`: calls of every source, or by PE (object, name or path) calls or items."""
    problems: list[Problem] = []
    given: dict[str, RootInput] = {}
    calls = inputs if isinstance(inputs, int) else 1
    if calls < 0 or isinstance(inputs, bool):
        problems.append(Problem(f"-i {inputs}: not a number of calls"))
    if isinstance(inputs, Mapping):
        for who, what in inputs.items():
            node = _root(graph, definition, who, problems)
            if node is not None:
                given[node.path] = _read(node, what, problems)
    for node in graph.nodes:
        if node.source and node.path not in given:
            if needs_data and node.inputs and not set(node.inputs) <= set(node.optional):
                text = f"{node.path} needs data: nothing is connected to its input {node.inputs[0]!r}"
                remedy = f'connect it, or give it items with -d \'{{"{node.path}": [{{"{node.inputs[0]}": …}}]}}\''
                problems.append(Problem(text, node.location, remedy))
            elif isinstance(inputs, int) and inputs != 1 and node.settings.endless:
                text = f"-i {inputs} is not for {node.path}, which is endless"
                problems.append(Problem(text, node.location, "leave -i out"))
            else:
                given[node.path] = RootInput(calls)
    if problems:
        raise WrongInput(problems)
    return tuple(sorted(given.items()))


def _root(graph: Graph, definition: Definition, who: Any, problems: list[Problem]) -> Node | None:
    if isinstance(who, GenericPE):
        paths = [element.path for element in definition.elements if element.pe is who]
    else:
        paths = [e.path for e in definition.elements if who == e.path]
        paths = paths or [e.path for e in definition.elements if who == e.path.rpartition("/")[2]]
    if len(paths) > 1:
        text = f"an input for {who!r}, which is the name of {' and '.join(paths)}"
        problems.append(Problem(text, remedy="use the whole path"))
        return None
    if not paths:
        problems.append(Problem(f"an input for {who!r}, which is no PE", remedy=nearest(str(who), graph.by_path())))
        return None
    node = graph.node(paths[0])
    if not node.source:
        text = f"an input for {node.path}, which is not a root: it gets its items from other PEs"
        problems.append(Problem(text, node.location, "give it to a PE without connected inputs"))
        return None
    return node


def _read(node: Node, what: Any, problems: list[Problem]) -> RootInput:
    if isinstance(what, int) and not isinstance(what, bool) and what >= 0:
        return RootInput(what)
    if not isinstance(what, Sequence) or isinstance(what, (str, bytes)):
        text = f"the input of {node.path} is a {type(what).__name__}"
        problems.append(Problem(text, node.location, "it must be a number of calls or a list of {port: item}"))
        return RootInput()
    items = cast(Sequence[Any], what)
    for item in items:
        unknown = set(item) - set(node.inputs) if isinstance(item, dict) else None
        if unknown is None or (unknown and node.inputs):
            text = f"{item!r} is no input for {node.path}"
            problems.append(Problem(text, node.location, f"each item is {{port: item}} with ports {list(node.inputs)}"))
            break
    return RootInput(items=tuple(items))
