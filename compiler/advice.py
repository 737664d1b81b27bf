"""What is no error, and still worth knowing before a run: where it would be weak, where it stays slow."""

import difflib
import inspect
from collections.abc import Iterator, MutableMapping, MutableSequence, MutableSet
from typing import Any, cast

from sferic.compiler.diagnostics import Problem
from sferic.compiler.frontend.hints import clash, item_hints
from sferic.compiler.frontend.python import handles_items
from sferic.compiler.graph import OF_FUNCTION, Graph
from sferic.compiler.inputs import needs_items
from sferic.compiler.partitions import fates
from sferic.runtime.definition import Definition
from sferic.runtime.location import UNKNOWN
from sferic.runtime.pe import GenericPE, ProducerPE
from sferic.runtime.settings import SETTING_NAMES

_LIKE = 0.87  # as alike as numprocesses and numproceses; `retried` and `retries` are less
_KNOWN = (*SETTING_NAMES, "optional")


def suspicions(definition: Definition) -> Iterator[Problem]:
    """What makes sense to Python and is hardly meant, once a class."""
    seen: set[type] = set()
    for element in definition.elements:
        kind = type(element.pe)
        if kind in seen:
            continue
        seen.add(kind)
        if not handles_items(element.pe):  # a source, or one of dispel4py's: of others it is an error
            what = f"every item at {element.path}" if element.pe.inputconnections else f"every call of {element.path}"
            text = f"class {kind.__name__} defines neither process nor _process: {what} fails"
            yield Problem(text, element.location)
        for method in _without_an_argument(kind):
            what = "`inputs`, which is empty" if issubclass(kind, ProducerPE) else "the item"
            text = f"`{method}` in class {kind.__name__} must take one argument beside self: {what}"
            yield Problem(text, element.location)
        for name, value in (*_written_by_users(kind), *((name, None) for name in vars(element.pe))):
            if name in _KNOWN:
                continue
            if near := difflib.get_close_matches(name, _KNOWN, 1, _LIKE):
                text = f"`{name}` of {kind.__name__} is no setting, it only looks like one"
                yield Problem(text, element.location, f"Did you mean `{near[0]}`?")
            elif isinstance(value, MutableMapping | MutableSequence | MutableSet) and not name.isupper():
                what = type(cast(object, value)).__name__
                text = f"`{name}` in the body of class {kind.__name__} is one {what} for all instances "
                text += "in a process: if it changes, results depend on the target"
                yield Problem(text, element.location, f"Make it in __init__: self.{name} = …")


def _without_an_argument(kind: type[GenericPE]) -> Iterator[str]:
    for name in ("process", "_process"):
        method = inspect.getattr_static(kind, name)
        if inspect.isfunction(method):
            try:
                inspect.signature(method).bind(None, None)
            except TypeError:
                yield name


def _written_by_users(kind: type) -> Iterator[tuple[str, Any]]:
    for base in kind.__mro__:
        if not _is_ours(base):
            yield from (pair for pair in vars(base).items() if not pair[0].startswith("__"))


def _is_ours(kind: type) -> bool:
    return kind is object or kind.__module__.partition(".")[0] == "sferic"


def weaknesses(graph: Graph) -> Iterator[Problem]:
    """Sources that cannot go on where they were when their process dies; `graph` has been checked."""
    for node in graph.nodes:
        if not node.source or node.positions or needs_items(node):
            continue
        if node.settings.endless:
            text = f"{node.path} does not know its position: what is not yet acked when its process dies is lost"
        else:
            text = f"{node.path} does not know its position, so it counts as having state: if its process dies, "
            text += "the run begins again from the start, once"
        module, _, kind = node.type.partition(":")
        remedy = f"`def read(self, position)` in class {kind}, in place of `process`, mends it"
        if module == OF_FUNCTION:
            remedy = "a PE with positions in place of the function mends it, such as sferic.sources.Lines"
        yield Problem(text, node.location, remedy)


def wrong_hints(definition: Definition) -> Iterator[Problem]:
    """Connections between functions whose type hints say that no item of the one is one for the other."""
    hints = {element.path: item_hints(element.pe) for element in definition.elements}
    for edge in definition.edges:
        gives, takes = hints[edge.source][1], hints[edge.target][0]
        if gives is not None and takes is not None and clash(gives, takes):
            text = (
                f"{edge.source} says that it gives {gives.__name__}, and {edge.target} that it takes {takes.__name__}"
            )
            yield Problem(text, edge.location, "mend the type hints, or put a step between them")


def came_apart(graph: Graph) -> Iterator[Problem]:
    """Partitions that become several processes because nothing connects their PEs; `graph` is what the plan says."""
    for fate in fates(graph):
        said = fate.partition.location != UNKNOWN  # and not one of those that dispel4py makes
        if said and len(fate.parts) > 1 and len(fate.stages) > 1:
            text = f"the PEs of this partition do not share a process: {fate.why}"
            yield Problem(text, fate.partition.location, "connect them, or give each part a partition of its own")


def stayed_at_one(graph: Graph, processes: int | None) -> Iterator[Problem]:
    """PEs that have one instance although -n `processes` asked for more; `graph` is what the plan says."""
    nodes = graph.by_path()
    fixed = [stage for stage in graph.stages if nodes[stage[0]].instances == 1 or nodes[stage[0]].said_instances]
    least = sum(nodes[stage[0]].instances for stage in fixed) + len(graph.stages) - len(fixed)
    if processes is None or processes <= least:
        return
    for node in graph.nodes:
        if node.instances == 1 and node.instances_remedy:
            text = f"{node.path} stays at one instance: {node.instances_why}"
            yield Problem(text, node.location, f"changed by {node.instances_remedy}")
