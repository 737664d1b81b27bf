"""A definition without composites: every PE under its path, every connection between two of them.

The compiler makes the plan from it; a worker finds its PEs in it again.
"""

import hashlib
import json
from dataclasses import dataclass

from sferic.runtime.outline import Edge, Element, Outline, Wiring, groupings, outline
from sferic.runtime.pe import Grouping
from sferic.runtime.workflow import WorkflowGraph

__all__ = ["Definition", "Edge", "Element", "definition_of", "digest", "expand"]


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """A workflow without composites."""

    name: str
    elements: tuple[Element, ...]
    edges: tuple[Edge, ...]


def expand(graph: WorkflowGraph) -> Definition:
    """Take `graph`'s composites apart. Gives each PE its `name` and `id`; the same graph gives the same paths."""
    return definition_of(outline(graph))


def definition_of(whole: Outline) -> Definition:
    """The outline without its composites."""
    own = {(e.path, port): grouping for e in whole.elements for port, grouping in groupings(e.pe)}
    wiring = Wiring(whole.composites, own)
    edges = (
        Edge(*source, *target, grouping, edge.location)
        for edge in whole.edges
        for source, target, grouping in wiring.inside(
            (edge.source, edge.source_port), (edge.target, edge.target_port), edge.grouping
        )
    )
    return Definition(whole.name, whole.elements, tuple(edges))


def digest(definition: Definition) -> str:
    """sha256 (hex) over names, classes, ports, settings and connections; independent of folder and hash seed."""
    elements = [
        [
            element.path,
            type(element.pe).__name__,  # the qualified one does not survive a class that travels by value
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
    if callable(grouping):
        return f"function {getattr(grouping, '__qualname__', type(grouping).__qualname__)}"
    return repr(grouping)
