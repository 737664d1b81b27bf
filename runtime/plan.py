"""The physical plan: stages and links, the only thing about a workflow that a runtime reads. Data, never code."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from sferic.runtime.location import Location
from sferic.runtime.settings import BatchLimits, OnFailure

PLAN_VERSION = 1
RESULTS = ""  # the receiving stage of a link whose items are results

GroupingKind = Literal["shuffle", "key", "all", "global"]


@dataclass(frozen=True, slots=True)
class Routing:
    """How a link's items choose the receiving instance.

    `fields` of a key grouping are positions or names; `function` says that the key function on the input port (or
    connection) of the definition is to be used instead. Both: the fields as dispel4py takes them, of whatever can be
    indexed.
    """

    kind: GroupingKind = "shuffle"
    fields: tuple[int | str, ...] = ()
    function: bool = False


@dataclass(frozen=True, slots=True)
class PlannedPE:
    """One PE. `path` names it through its composites, joined by "/"."""

    path: str
    type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    source: bool = False
    endless: bool = False
    splits: bool = False
    readonly: bool = False
    stateless: bool = False
    retries: int = 0
    on_failure: OnFailure = "stop"
    hang_timeout: float | None = None
    positions: bool = False  # a source that can begin again where it was
    memory: int | None = None  # MiB that it needs, and cores: for schedulers
    cpu: float | None = None
    location: Location | None = None

    @property
    def stateful(self) -> bool:
        """May an instance have what is lost when it is moved?"""
        return not (self.positions if self.source else self.stateless)


@dataclass(frozen=True, slots=True)
class Hop:
    """A connection inside a stage: a call, no codec. `copy`: mutable items are copied for this receiver."""

    from_pe: str
    from_port: str
    to_pe: str
    to_port: str
    copy: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """PEs that run in one process, in topological order, in so many instances. `id` is safe as a component's name."""

    id: str
    pes: tuple[PlannedPE, ...]
    hops: tuple[Hop, ...] = ()
    instances: int = 1

    @property
    def source(self) -> bool:
        """True for a stage that runs sources; it has no incoming links then."""
        return any(pe.source for pe in self.pes)


_LIMITS = BatchLimits()


@dataclass(frozen=True, slots=True)
class Link:
    """From an output port of one stage to an input port of another, or to the results (`to_stage` is RESULTS)."""

    id: int
    from_stage: str
    from_pe: str
    from_port: str
    to_stage: str = RESULTS
    to_pe: str = ""
    to_port: str = ""
    routing: Routing = Routing("global")
    codec: str = "general"
    batch: BatchLimits = _LIMITS
    # Index of the connection in the expanded definition, where a key function has to be found again.
    connection: int = -1


@dataclass(frozen=True, slots=True)
class DefinitionRef:
    """How a worker builds the definition again. `target` is `file.py`, `file.py:name` or `package.module:name`,
    files relative to the run's root; `params` are the -p parameters; `digest` is what it must come to."""

    target: str
    params: tuple[tuple[str, str], ...] = ()
    digest: str = ""
    files: tuple[tuple[str, str], ...] = ()  # (path, sha256)
    pickled: bool = False  # notebook cells only: definition.pkl beside the plan
    resolved: Mapping[str, Any] | None = None  # YAML only: what it comes to (runtime/resolved.py)


@dataclass(frozen=True, slots=True)
class RootInput:
    """What a root gets: so many calls, or a list of items, each ``{port: item}``. JSON values."""

    calls: int = 1
    items: tuple[Any, ...] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A workflow ready to run."""

    name: str
    definition: DefinitionRef
    stages: tuple[Stage, ...]
    links: tuple[Link, ...]
    inputs: tuple[tuple[str, RootInput], ...] = ()
    check_items: bool = False
    version: int = PLAN_VERSION

    @property
    def endless(self) -> bool:
        """Has it a source that does not end by itself?"""
        return any(pe.endless for stage in self.stages for pe in stage.pes)

    def stage(self, stage_id: str) -> Stage:
        """The stage with this id; KeyError if there is none."""
        for stage in self.stages:
            if stage.id == stage_id:
                return stage
        raise KeyError(stage_id)

    def instances_of(self, link: Link) -> int:
        """How many instances the link's receiver has; the results have one."""
        return 1 if link.to_stage == RESULTS else self.stage(link.to_stage).instances

    def to_json(self) -> str:
        """Canonical text: the same plan gives the same bytes."""
        return json.dumps(asdict(self), sort_keys=True, indent=1, ensure_ascii=True) + "\n"

    def digest(self) -> str:
        """sha256 of that text."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def write(self, path: Path) -> None:
        """Write plan.json."""
        path.write_text(self.to_json(), encoding="utf-8")


class PlanError(ValueError):
    """A plan that this runtime cannot read."""


def plan_from_json(text: str) -> Plan:
    """Read what `Plan.to_json` wrote."""
    data: dict[str, Any] = json.loads(text)
    if data.get("version") != PLAN_VERSION:
        raise PlanError(f"plan version {data.get('version')!r}, this runtime reads {PLAN_VERSION}; compile again")
    definition = dict(data["definition"])
    for key in ("params", "files"):
        definition[key] = tuple(tuple(pair) for pair in definition[key])
    return Plan(
        name=data["name"],
        definition=DefinitionRef(**definition),
        stages=tuple(_stage(stage) for stage in data["stages"]),
        links=tuple(_link(link) for link in data["links"]),
        inputs=tuple((path, _root_input(given)) for path, given in data["inputs"]),
        check_items=data["check_items"],
    )


def _root_input(data: dict[str, Any]) -> RootInput:
    items = data["items"]
    return RootInput(data["calls"], None if items is None else tuple(items))


def _stage(data: dict[str, Any]) -> Stage:
    return Stage(
        id=data["id"],
        pes=tuple(_pe(pe) for pe in data["pes"]),
        hops=tuple(Hop(**hop) for hop in data["hops"]),
        instances=data["instances"],
    )


def _pe(data: dict[str, Any]) -> PlannedPE:
    location = data.pop("location")
    for key in ("inputs", "outputs"):
        data[key] = tuple(data[key])
    return PlannedPE(location=Location(**location) if location else None, **data)


def _link(data: dict[str, Any]) -> Link:
    routing = data.pop("routing")
    batch = data.pop("batch")
    return Link(
        routing=Routing(routing["kind"], tuple(routing["fields"]), routing["function"]),
        batch=BatchLimits(**batch),
        **data,
    )
