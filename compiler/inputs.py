"""What a run hands to the roots of its workflow."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sferic.compiler.diagnostics import Problem, nearest
from sferic.compiler.graph import Node
from sferic.runtime.outline import Outline, paths_called
from sferic.runtime.pe import GenericPE
from sferic.runtime.plan import RootInput

Inputs = Mapping[Any, Any] | int | None
NamedInputs = Mapping[str, Any] | int | None


def named_inputs(inputs: Inputs, outline: Outline) -> NamedInputs:
    """The same inputs with paths in place of PE objects."""
    if not isinstance(inputs, Mapping):
        return inputs
    paths = {id(element.pe): element.path for element in outline.elements}
    by_id = {each.pe.id: each.path for each in outline.elements if each.pe.id != each.pe.name}  # PEs of dispel4py's
    return {
        paths.get(id(who), repr(who)) if isinstance(who, GenericPE) else by_id.get(str(who), str(who)): what
        for who, what in inputs.items()
    }


def root_inputs(
    nodes: Mapping[str, Node], inputs: NamedInputs, *, needs_data: bool = True
) -> tuple[tuple[tuple[str, RootInput], ...], list[Problem]]:
    """(what each root gets, what is wrong). `inputs`: calls of every source, or by PE's name or path calls or items."""
    problems: list[Problem] = []
    given: dict[str, RootInput] = {}
    calls = inputs if isinstance(inputs, int) else 1
    if calls < 0 or isinstance(inputs, bool):
        problems.append(Problem(f"-i {inputs}: not a number of calls"))
    if isinstance(inputs, Mapping):
        for who, what in inputs.items():
            node = _root(nodes, who, problems)
            if node is not None:
                given[node.path] = _read(node, what, problems)
    for node in nodes.values():
        if node.source and node.path not in given:
            if needs_data and needs_items(node):
                text = f"{node.path} needs data: nothing is connected to its input {node.inputs[0]!r}"
                problems.append(Problem(text, node.location, f"connect it, or {_items_remedy(node)}"))
            else:
                given[node.path] = _calls(node, calls, problems)
    return tuple(sorted(given.items())), problems


def needs_items(node: Node) -> bool:
    """Has this root an input that a call could not do without?"""
    return not set(node.inputs) <= set(node.optional)


def _items_remedy(node: Node) -> str:
    return f'give it items with -d \'{{"{node.path}": [{{"{node.inputs[0]}": …}}]}}\''


def _root(nodes: Mapping[str, Node], who: str, problems: list[Problem]) -> Node | None:
    paths = paths_called(who, nodes)
    if len(paths) > 1:
        text = f"an input for {who!r}, which is the name of {' and '.join(paths)}"
        problems.append(Problem(text, remedy="use the whole path"))
        return None
    if not paths:
        problems.append(Problem(f"an input for {who!r}, which is no PE", remedy=nearest(who, nodes)))
        return None
    node = nodes[paths[0]]
    if not node.source:
        text = f"an input for {node.path}, which is not a root: it gets its items from other PEs"
        problems.append(Problem(text, node.location, "give it to a PE without connected inputs"))
        return None
    return node


def _calls(node: Node, calls: int, problems: list[Problem]) -> RootInput:
    if calls != 1 and (node.settings.endless or node.generator):
        what = "endless" if node.settings.endless else "a generator: it says itself when it ends"
        text = f"{calls} calls are not for {node.path}, which is {what}"
        problems.append(Problem(text, node.location, "leave -i out, or give that source no number"))
    return RootInput(calls)


def _read(node: Node, what: Any, problems: list[Problem]) -> RootInput:
    if isinstance(what, int) and not isinstance(what, bool) and what >= 0:
        if needs_items(node):
            text = f"{node.path} is to be called {what} times without data for its input {node.inputs[0]!r}"
            problems.append(Problem(text, node.location, _items_remedy(node)))
        return _calls(node, what, problems)
    if not isinstance(what, Sequence) or isinstance(what, (str, bytes)):
        text = f"the input of {node.path} is a {type(what).__name__}"
        problems.append(Problem(text, node.location, "it must be a number of calls or a list of {port: item}"))
        return RootInput()
    items = cast(Sequence[Any], what)
    for item in items:
        unknown = set(cast(dict[Any, Any], item)) - set(node.inputs) if isinstance(item, dict) else None
        if unknown is None or (unknown and node.inputs):
            text = f"{item!r} is no input for {node.path}"
            problems.append(Problem(text, node.location, f"each item is {{port: item}} with ports {list(node.inputs)}"))
            break
    return RootInput(items=tuple(items))
