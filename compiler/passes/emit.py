"""The last pass: from the graph to the plan."""

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from sferic.compiler.graph import Edge, Graph, Node, receivers
from sferic.runtime.location import Location
from sferic.runtime.plan import RESULTS, DefinitionRef, Hop, Link, Plan, PlannedPE, Routing, Stage
from sferic.runtime.settings import BatchLimits, OnFailure

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Emit:
    """Stages with calls inside, links between them; nothing is decided here any more.

    Holds after: every PE is in one stage, every connection is one call or one link, every unconnected output port a
    link to the results. `root` is the folder that the plan's places are relative to.
    """

    name: ClassVar[str] = "plan"

    definition: DefinitionRef = field(default_factory=lambda: DefinitionRef(""))
    on_failure: OnFailure = "stop"
    check_items: bool = False
    root: str = ""

    def apply(self, graph: Graph) -> Plan:
        """The plan."""
        nodes = graph.by_path()
        ids = _stage_ids(graph.stages)
        stage_of = {path: stage for stage, paths in zip(ids, graph.stages, strict=True) for path in paths}
        inner: dict[str, list[Edge]] = defaultdict(list)
        for edge in graph.edges:
            if edge.fused:
                inner[stage_of[edge.source]].append(edge)
        fork = receivers(graph)
        harmless = _harmless(graph, nodes)
        stages = tuple(
            Stage(
                stage,
                tuple(self._planned(nodes[path]) for path in paths),
                _hops(inner[stage], harmless, fork),
                nodes[paths[0]].instances,
            )
            for stage, paths in zip(ids, graph.stages, strict=True)
        )
        return Plan(
            name=graph.name or "workflow",
            definition=self.definition,
            stages=stages,
            links=_links(graph, stage_of),
            inputs=graph.inputs,
            check_items=self.check_items,
        )

    def _planned(self, node: Node) -> PlannedPE:
        settings = node.settings
        return PlannedPE(
            path=node.path,
            type=node.type,
            inputs=node.inputs,
            outputs=node.outputs,
            source=node.source,
            endless=settings.endless,
            splits=settings.splits,
            readonly=settings.readonly,
            stateless=settings.stateless,
            retries=settings.retries,
            on_failure=settings.on_failure or self.on_failure,
            hang_timeout=settings.hang_timeout,
            positions=node.positions,
            memory=settings.memory,
            cpu=settings.cpu,
            location=relative(node.location, self.root),
        )


def relative(location: Location, root: str) -> Location:
    """A place as it is on any machine: no plan holds an absolute path of a file that travels with it."""
    inside = root and location.file.startswith(f"{root}/")
    return replace(location, file=location.file[len(root) + 1 :]) if inside else location


def _stage_ids(stages: Sequence[tuple[str, ...]]) -> list[str]:
    """Names that are safe as a Storm component's, made from the PEs' own where these allow it."""
    ids: list[str] = []
    used = {"results"}
    for number, paths in enumerate(stages):
        base = name = _UNSAFE.sub("-", paths[0]).strip("-_")[:40] or "stage"
        more = itertools.count(number)
        while name in used:
            name = f"{base}-{next(more)}"
        used.add(name)
        ids.append(name)
    return ids


def _harmless(graph: Graph, nodes: Mapping[str, Node]) -> set[str]:
    """PEs that may share an item: they say `readonly`, and so do all in their process that they may pass it on to."""
    calls: dict[str, list[str]] = defaultdict(list)
    for edge in graph.edges:
        if edge.fused:
            calls[edge.source].append(edge.target)
    harmless: set[str] = set()
    for node in reversed(graph.nodes):
        if nodes[node.path].settings.readonly and harmless.issuperset(calls[node.path]):
            harmless.add(node.path)
    return harmless


def _hops(inner: Sequence[Edge], harmless: set[str], fork: Mapping[tuple[str, str], int]) -> tuple[Hop, ...]:
    hops: list[Hop] = []
    seen: Counter[tuple[str, str]] = Counter()
    shared: set[tuple[str, str]] = set()
    for edge in inner:
        port = (edge.source, edge.source_port)
        seen[port] += 1
        # The last receiver of a fork may have the original, unless one before it may have kept it.
        original = fork[port] == 1 or edge.target in harmless or (seen[port] == fork[port] and port not in shared)
        if original:
            shared.add(port)
        hops.append(Hop(edge.source, edge.source_port, edge.target, edge.target_port, copy=not original))
    return tuple(hops)


def _links(graph: Graph, stage_of: Mapping[str, str]) -> tuple[Link, ...]:
    links: list[Link] = []
    for edge in graph.edges:
        if not edge.fused:
            link = Link(
                id=len(links),
                from_stage=stage_of[edge.source],
                from_pe=edge.source,
                from_port=edge.source_port,
                to_stage=stage_of[edge.target],
                to_pe=edge.target,
                to_port=edge.target_port,
                routing=edge.routed,
                codec=edge.codec,
                batch=edge.batch or BatchLimits(),
                connection=edge.index,
            )
            links.append(link)
    for result in graph.results:
        ends = (stage_of[result.path], result.path, result.port, RESULTS, "", "")
        links.append(Link(len(links), *ends, Routing("global"), result.codec))
    return tuple(links)
