"""A plan as the template of a job wants to see it: flat, every decision taken."""

import keyword
import re
from dataclasses import dataclass

from sferic.runtime.plan import RESULTS, Link, Plan, Stage

_NO_WORD = re.compile(r"\W+", re.ASCII)
_WIDTH = 100
_TAKEN = frozenset({"addressed", "bucket", "kept_twice", "main", "on_links", "run", "sc", "stages", "sys"})


@dataclass(frozen=True, slots=True)
class SenderView:
    """What a stage gets of another one: the variable that holds that one, and the links."""

    variable: str
    links: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StageView:
    """One stage. `comments`: its PEs, then a line each for what comes in and what are results; `deals`: are items dealt
    out in turn to several instances?"""

    variable: str
    id: str
    instances: int
    senders: tuple[SenderView, ...]
    comments: tuple[str, ...]
    deals: bool


def stage_views(plan: Plan) -> list[StageView]:
    """In topological order."""
    variables = _variables(plan)
    return [_view(plan, stage, variables) for stage in plan.stages]


def _view(plan: Plan, stage: Stage, variables: dict[str, str]) -> StageView:
    arriving = [link for link in plan.links if link.to_stage == stage.id]
    senders = dict.fromkeys(link.from_stage for link in arriving)
    sent = [link for link in plan.links if link.from_stage == stage.id]
    results = [link for link in sent if link.to_stage == RESULTS]
    several = f" ({stage.instances} instances)" if stage.instances > 1 else ""
    comments = [_shown(", ".join(pe.path for pe in stage.pes)) + several]
    comments += [_shown(f"  {_ends(link)}, {_routed(link)}") for link in arriving]
    comments += [_shown(f"  results: {link.from_pe}.{link.from_port}") for link in results]
    return StageView(
        variables[stage.id],
        stage.id,
        stage.instances,
        tuple(
            SenderView(variables[sender], tuple(link.id for link in arriving if link.from_stage == sender))
            for sender in senders
        ),
        tuple(comments),
        any(link.routing.kind == "shuffle" and plan.instances_of(link) > 1 for link in sent),
    )


def _ends(link: Link) -> str:
    return f"{link.from_pe}.{link.from_port} -> {link.to_pe}.{link.to_port}"


def _routed(link: Link) -> str:
    routing = link.routing
    if routing.kind != "key":
        return {"shuffle": "in turn", "all": "a copy to each instance", "global": "all to the first instance"}[
            routing.kind
        ]
    return "by a key function" if routing.function else f"by {', '.join(map(repr, routing.fields))}"


def _shown(text: str) -> str:
    """Any text as part of one line of a comment."""
    plain = ascii(text)[1:-1]
    return plain if len(plain) <= _WIDTH else f"{plain[: _WIDTH - 3]}..."


def _variables(plan: Plan) -> dict[str, str]:
    """A name for each stage's RDD, after the stage."""
    found: dict[str, str] = {}
    used = set(_TAKEN)
    for number, stage in enumerate(plan.stages):
        name = _NO_WORD.sub("_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", stage.id)).strip("_").lower()
        if not name.isidentifier() or keyword.iskeyword(name):
            name = f"stage_{name or number}"
        found[stage.id] = name if name not in used else f"{name}_{number}"
        while found[stage.id] in used:
            found[stage.id] += "_"
        used.add(found[stage.id])
    return found
