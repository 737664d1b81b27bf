"""Groups of PEs that grow together and never form a cycle."""

from collections.abc import Callable
from enum import Flag, auto

from sferic.compiler.graph import Edge, Graph


class Bar(Flag):
    """What is against a call in place of a connection."""

    NONE = 0
    ROUTED = auto()  # it would change the meaning
    UNWISHED = auto()  # nobody asked for it


class Groups:
    """A partition of a graph's PEs, at first each by itself; the groups always have a topological order.

    Joining costs what lies between the two groups in that order, not the whole graph.
    """

    def __init__(self, graph: Graph, bar: Callable[[Edge], Bar] = lambda _: Bar.NONE) -> None:
        """`bar` says which connections cannot become calls, or are not meant to."""
        self._leader = {node.path: node.path for node in graph.nodes}
        self._sources = {node.path for node in graph.nodes if node.source}
        self._order = [node.path for node in graph.nodes]
        self._place = {path: place for place, path in enumerate(self._order)}
        self._next: dict[str, dict[str, Bar]] = {path: {} for path in self._order}  # of all that is between them
        self._before: dict[str, set[str]] = {path: set() for path in self._order}
        for edge in graph.edges:
            after = self._next[edge.source]
            after[edge.target] = after.get(edge.target, Bar.NONE) | bar(edge)
            self._before[edge.target].add(edge.source)

    def of(self, path: str) -> str:
        """The group that a PE is in, by the path of one of its members."""
        leader = self._leader
        while leader[path] != path:
            leader[path] = leader[leader[path]]
            path = leader[path]
        return path

    def together(self, edge: Edge) -> bool:
        """Are both ends in one group?"""
        return self.of(edge.source) == self.of(edge.target)

    def join(self, edge: Edge) -> str:
        """Make the groups of both ends one; or the reason why they stay apart."""
        first, second = self.of(edge.source), self.of(edge.target)
        if first == second:
            return ""
        reason = self._reason(first, second)
        if reason:
            return reason
        between = self._order[self._place[first] + 1 : self._place[second]]
        reached = self._reached(first, between)
        if self._before[second] & reached:
            return "the way around through another stage would become a cycle"
        self._merge(first, second, between, reached)
        return ""

    def members(self) -> list[tuple[str, ...]]:
        """The groups, in topological order, each with its PEs in the graph's order."""
        lists: dict[str, list[str]] = {}
        for path in self._leader:
            lists.setdefault(self.of(path), []).append(path)
        return [tuple(lists[group]) for group in self._order if group]

    def _reason(self, first: str, second: str) -> str:
        if Bar.ROUTED in self._next[first][second]:
            return "another connection between the same stages has to be routed"
        # A group with a source has nothing before it, and so the second has none; the first is named after its own.
        others = self._before[second] - {first}
        if first in self._sources and not all(self._will_join(other, second) for other in others):
            return "a source's process takes no input from another stage"
        return ""

    def _will_join(self, source: str, group: str) -> bool:
        """Is it a source that nothing keeps from a group? It has nothing before it, so there can be no way around."""
        return source in self._sources and self._next[source][group] is Bar.NONE

    def _reached(self, first: str, between: list[str]) -> set[str]:
        """The groups of `between` that a way leads to from `first`."""
        reached = {first}
        for group in between:
            if group and not reached.isdisjoint(self._before[group]):
                reached.add(group)
        return reached - {first}

    def _merge(self, first: str, second: str, between: list[str], reached: set[str]) -> None:
        # What the first leads to goes behind both, the rest stays before them; the last place falls vacant.
        start = self._place[first]
        order = [group for group in between if group and group not in reached] + [first]
        order += [group for group in between if group in reached]
        order += [""] * (len(between) + 2 - len(order))
        self._order[start : start + len(order)] = order
        self._place.update((group, start + place) for place, group in enumerate(order) if group)
        self._leader[second] = first
        after = self._next[first]
        for group, bar in self._next.pop(second).items():
            after[group] = after.get(group, Bar.NONE) | bar
            self._before[group].discard(second)
            self._before[group].add(first)
        for group in self._before.pop(second) - {first}:
            bar = self._next[group].pop(second)
            self._next[group][first] = self._next[group].get(first, Bar.NONE) | bar
            self._before[first].add(group)
        after.pop(second, None)
        self._before[first].discard(second)


def downstream(graph: Graph) -> list[Edge]:
    """Connections in the order in which items meet them."""
    place = {node.path: number for number, node in enumerate(graph.nodes)}
    return sorted(graph.edges, key=lambda edge: (place[edge.target], edge.index))
