"""From the builder that users' files fill to a graph: nothing is judged yet, and nothing of theirs is called."""

import inspect
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, cast

from sferic.compiler.diagnostics import Problem
from sferic.compiler.graph import Edge, Graph, Node
from sferic.runtime.functions import OF_FUNCTIONS, StandIn
from sferic.runtime.outline import Element, Outline, groupings
from sferic.runtime.pe import GenericPE, ProducerPE, knows_position, marked, ticks


def graph_of(outline: Outline) -> Graph:
    """The graph of a workflow with its composites."""
    traits: dict[type[GenericPE], _Traits] = {}
    problems = [Problem(flaw.text, flaw.location, flaw.remedy) for flaw in outline.flaws]
    nodes = tuple(_node(element, traits, problems) for element in outline.elements)
    return Graph(
        outline.name,
        nodes,
        tuple(
            Edge(index, e.source, e.source_port, e.target, e.target_port, e.location, e.grouping)
            for index, e in enumerate(outline.edges)
        ),
        outline.partitions,
        outline.composites,
        tuple(problems),
        rules=outline.rules,
    )


@dataclass(frozen=True, slots=True)
class _Traits:
    """What a class defines; looked up once, however many PEs are of it."""

    postprocess: bool
    every: bool
    generator: bool


def _traits(kind: type[GenericPE]) -> _Traits:
    reads = issubclass(kind, ProducerPE) and kind.read is not ProducerPE.read
    return _Traits(
        _overrides(kind, "postprocess", "_postprocess"),
        bool(marked(kind)),
        reads or any(inspect.isgeneratorfunction(getattr(kind, name)) for name in ("process", "_process")),
    )


def _optional(element: Element, problems: list[Problem]) -> set[str]:
    said = element.optional
    ports = [said] if isinstance(said, str) else list(cast(list[Any], said)) if isinstance(said, Collection) else [said]
    if not all(isinstance(port, str) for port in ports):
        text = f"optional of {element.path} must be a list of names of input ports, not {said!r}"
        problems.append(Problem(text, element.location))
        return set()
    return {name for name, port in element.pe.inputconnections.items() if port.get("optional")} | set(ports)


def _node(element: Element, traits: dict[type[GenericPE], _Traits], problems: list[Problem]) -> Node:
    pe = element.pe
    kind = type(pe)
    known = traits.get(kind) or traits.setdefault(kind, _traits(kind))
    return Node(
        path=element.path,
        type=f"{kind.__module__}:{kind.__qualname__}",
        inputs=tuple(pe.inputconnections),
        outputs=tuple(pe.outputconnections),
        location=element.location,
        said=tuple(element.settings.items()),
        groupings=groupings(pe),
        optional=tuple(sorted(_optional(element, problems))),
        function=kind in OF_FUNCTIONS,
        positions=knows_position(pe),
        generator=known.generator,
        has_postprocess=known.postprocess,
        has_every=known.every and bool(ticks(pe)),
        handles=handles_items(pe),
    )


def handles_items(pe: GenericPE) -> bool:
    """Is there any code for an item, or for a source's call?"""
    kind = type(pe)
    return (
        kind is StandIn  # what could not be made has its problem already
        or _overrides(kind, "_process")
        or kind.process.__module__ != GenericPE.__module__
        or (issubclass(kind, ProducerPE) and kind.read is not ProducerPE.read)
        or not vars(pe).keys().isdisjoint(("process", "_process"))
    )


def _overrides(kind: type[GenericPE], *names: str) -> bool:
    return any(getattr(kind, name) is not getattr(GenericPE, name) for name in names)
