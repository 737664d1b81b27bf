"""From groupings as users write them to routings."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from sferic.compiler.graph import Edge, Graph
from sferic.runtime.plan import Routing

WORDS = {"all": Routing("all"), "global": Routing("global"), "shuffle": Routing("shuffle")}


@dataclass(frozen=True, slots=True)
class LowerGroupings:
    """Holds after: every connection has a routing."""

    name: ClassVar[str] = "lower"

    def apply(self, graph: Graph) -> Graph:
        """The graph with routings."""
        return replace(graph, edges=tuple(_routed(edge, graph.rules) for edge in graph.edges))


def _routed(edge: Edge, rules: str) -> Edge:
    routing = routing_of(edge.grouping)
    assert routing is not None, "check refuses other groupings"
    if routing.fields and rules == "dispel4py":
        routing = replace(routing, function=True)
    return replace(edge, routing=routing)


def routing_of(grouping: Any) -> Routing | None:
    """What a grouping means; None where it is none. One position may come bare, several as a tuple or a list.

    A bare text is one of the words: a field of that name would hide their misspellings.
    """
    if grouping is None:
        return WORDS["shuffle"]
    if isinstance(grouping, str):
        return WORDS.get(grouping)
    if isinstance(grouping, Callable):
        return Routing("key", function=True)
    fields: tuple[Any, ...] = tuple(grouping) if isinstance(grouping, (list, tuple)) else (grouping,)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - users' own
    return Routing("key", fields) if fields and all(map(_is_field, fields)) else None


def _is_field(field: Any) -> bool:
    return isinstance(field, str) or (isinstance(field, int) and not isinstance(field, bool))
