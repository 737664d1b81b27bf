"""Groups of PEs that grow together and never form a cycle."""

from collections.abc import Callable

from sferic.compiler.graph import Edge, Graph


class Groups:
    """A partition of a graph's PEs, at first each by itself; the groups always have a topological order.

    Joining costs what lies between the two groups in that order, not the whole graph.
    """

    def __init__(self, graph: Graph, routed: Callable[[Edge], bool] = lambda _: False) -> None:
        """`routed` says which connections cannot become calls."""
        self._leader = {node.path: node.path for node in graph.nodes}
        self._sources = {node.path for node in graph.nodes if node.source}
        self._order = [node.path for node in graph.nodes]
        self._place = {path: place for place, path in enumerate(self._order)}
        self._next: dict[str, dict[str, bool]] = {path: {} for path in self._order}  # is any between them routed?
        self._before: dict[str, set[str]] = {path: set() for path in self._order}
        for edge in graph.edges:
            after = self._next[edge.source]
            after[edge.target] = after.get(edge.target, False) or routed(edge)
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
        if self._next[first][second]:
            return "another connection between the same stages has to be routed"
        # A group with a source has nothing before it, and so the second has none; the first is named after its own.
        if first in self._sources and self._before[second] - {first}:
            return "a source's process takes no input from another stage"
        return ""

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
        for group, routed in self._next.pop(second).items():
            after[group] = after.get(group, False) or routed
            self._before[group].discard(second)
            self._before[group].add(first)
        for group in self._before.pop(second) - {first}:
            routed = self._next[group].pop(second)
            self._next[group][first] = self._next[group].get(first, False) or routed
            self._before[first].add(group)
        after.pop(second, None)
        self._before[first].discard(second)
