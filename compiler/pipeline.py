"""From a workflow graph to a plan: the whole way, in the order in which it happens."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sferic.compiler.diagnostics import Problem, WrongInput
from sferic.compiler.graph import Edge, Graph, Node
from sferic.compiler.inputs import Inputs, root_inputs
from sferic.compiler.passes.check import check
from sferic.compiler.passes.fuse import Fuse, Fused, Mode, Verdict, receivers
from sferic.compiler.passes.parallelism import Parallelism
from sferic.runtime.definition import Definition, digest, expand
from sferic.runtime.location import Location
from sferic.runtime.plan import (
    RESULTS,
    DefinitionRef,
    Hop,
    Link,
    Plan,
    PlannedPE,
    RootInput,
    Routing,
    Stage,
)
from sferic.runtime.settings import BatchLimits, OnFailure
from sferic.runtime.workflow import WorkflowGraph

Target = Literal["in-process", "multi", "storm"]
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Options:
    """What a run or a compilation says beside the definition."""

    target: Target = "in-process"
    processes: int | None = None
    fuse: Literal["auto", "hints", "none"] = "auto"
    on_failure: OnFailure = "stop"
    codec: str = "general"
    check_items: bool = False
    definition: str = ""
    params: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    root: str = ""  # folder of the workflow's files; places in a plan are told relative to it
    needs_data: bool = True  # False: roots that lack their data are no problem yet


@dataclass(frozen=True, slots=True)
class Compiled:
    """A plan, what it came from, and how."""

    plan: Plan
    definition: Definition
    graph: Graph
    verdicts: tuple[Verdict, ...]


def compile_plan(graph: WorkflowGraph, options: Options, inputs: Inputs = None) -> Compiled:
    """Compile; WrongInput with every problem found."""
    definition = expand(graph)
    logical = check(definition)
    given = root_inputs(logical, definition, inputs, needs_data=options.needs_data)
    parallel = Parallelism(options.processes).apply(logical)
    fused = Fuse(_fuse_mode(options)).apply(parallel)
    plan = _plan(parallel, fused, definition, options, given)
    verify(plan)
    return Compiled(plan, definition, parallel, fused.verdicts)


def _fuse_mode(options: Options) -> Mode:
    if options.target == "in-process" and options.fuse == "auto" and not options.check_items:
        return "all"
    return options.fuse


def _plan(
    graph: Graph,
    fused: Fused,
    definition: Definition,
    options: Options,
    given: Sequence[tuple[str, RootInput]],
) -> Plan:
    ids = _stage_ids(fused.groups)
    stage_of = {path: ids[group] for group in fused.groups for path in group}
    nodes = graph.by_path()
    inner: dict[str, list[Edge]] = defaultdict(list)
    for verdict in fused.verdicts:
        if verdict.fused:
            inner[stage_of[verdict.edge.source]].append(verdict.edge)
    fork = receivers(graph)
    reference = DefinitionRef(options.definition, options.params, digest(definition), options.files)
    return Plan(
        name=graph.name or "workflow",
        definition=reference,
        stages=tuple(_stage(ids[group], group, nodes, inner[ids[group]], fork, options) for group in fused.groups),
        links=_links(graph, fused, stage_of, options),
        inputs=tuple(given),
        check_items=options.check_items,
    )


def _stage_ids(groups: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """Names that are safe as a Storm component's, made from the PEs' own where these allow it."""
    ids: dict[tuple[str, ...], str] = {}
    used = {"results"}
    for number, group in enumerate(groups):
        name = _UNSAFE.sub("-", group[0]).strip("-_")[:40] or "stage"
        if name in used:
            name = f"{name}-{number}"
        used.add(name)
        ids[group] = name
    return ids


def _stage(
    stage_id: str,
    group: tuple[str, ...],
    nodes: Mapping[str, Node],
    inner: Sequence[Edge],
    fork: Mapping[tuple[str, str], int],
    options: Options,
) -> Stage:
    hops: list[Hop] = []
    seen: dict[tuple[str, str], int] = {}
    for edge in inner:
        port = (edge.source, edge.source_port)
        seen[port] = seen.get(port, 0) + 1
        last = seen[port] == fork[port]  # the last receiver of a fork may have the original
        copy = fork[port] > 1 and not last and not nodes[edge.target].settings.readonly
        hops.append(Hop(edge.source, edge.source_port, edge.target, edge.target_port, copy))
    return Stage(
        stage_id,
        tuple(_planned(nodes[path], options) for path in group),
        tuple(hops),
        nodes[group[0]].instances,
    )


def _planned(node: Node, options: Options) -> PlannedPE:
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
        on_failure=settings.on_failure or options.on_failure,
        hang_timeout=settings.hang_timeout,
        location=_relative(node.location, options.root),
    )


def _relative(location: Location, root: str) -> Location:
    """A place as it is on any machine: no plan holds an absolute path of a file that travels with it."""
    inside = root and location.file.startswith(f"{root}/")
    return Location(location.file[len(root) + 1 :], location.line) if inside else location


def _links(graph: Graph, fused: Fused, stage_of: Mapping[str, str], options: Options) -> tuple[Link, ...]:
    links: list[Link] = []
    nodes = graph.by_path()
    for verdict in fused.verdicts:
        if not verdict.fused:
            edge = verdict.edge
            source, target = nodes[edge.source].settings, nodes[edge.target].settings
            links.append(
                Link(
                    id=len(links),
                    from_stage=stage_of[edge.source],
                    from_pe=edge.source,
                    from_port=edge.source_port,
                    to_stage=stage_of[edge.target],
                    to_pe=edge.target,
                    to_port=edge.target_port,
                    routing=edge.routing,
                    codec=target.codec or source.codec or options.codec,
                    batch=target.batch or source.batch or BatchLimits(),
                    connection=edge.index,
                )
            )
    connected = {(edge.source, edge.source_port) for edge in graph.edges}
    for node in graph.nodes:
        for port in node.outputs:
            if (node.path, port) not in connected:
                codec = node.settings.codec or options.codec
                links.append(
                    Link(
                        len(links),
                        stage_of[node.path],
                        node.path,
                        port,
                        RESULTS,
                        "",
                        "",
                        Routing("global"),
                        codec,
                    )
                )
    return tuple(links)


def verify(plan: Plan) -> None:
    """What has to hold of every plan; a failure here is a fault of the compiler, not of the user."""
    where = {pe.path: stage for stage in plan.stages for pe in stage.pes}
    order = {stage.id: number for number, stage in enumerate(plan.stages)}
    sources = {stage.id for stage in plan.stages if stage.source}
    if len(order) != len(plan.stages):
        raise AssertionError("two stages share an id")
    for number, link in enumerate(plan.links):
        if link.id != number or where[link.from_pe].id != link.from_stage:
            raise AssertionError(f"link {link.id} does not start where it says")
        if link.to_stage != RESULTS:
            if where[link.to_pe].id != link.to_stage or order[link.from_stage] >= order[link.to_stage]:
                raise AssertionError(f"link {link.id} does not lead forward to its PE")
            if link.to_stage in sources:
                raise AssertionError(f"link {link.id} leads into a stage of sources")


def wrong(text: str, remedy: str = "") -> WrongInput:
    """One problem without a place in a file."""
    return WrongInput([Problem(text, remedy=remedy)])
