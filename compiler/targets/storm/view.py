"""A plan as the template wants to see it: flat, every decision taken."""

from dataclasses import dataclass

from sferic.compiler.resources import Need, Resources
from sferic.runtime.plan import RESULTS, Plan, Stage


@dataclass(frozen=True, slots=True)
class InputView:
    """One subscription of a bolt."""

    attribute: str
    stream: str
    grouping: str


@dataclass(frozen=True, slots=True)
class StageView:
    """One component."""

    attribute: str
    id: str
    kind: str
    java: str
    argument: str
    instances: int
    about: str
    inputs: tuple[InputView, ...]
    streams: tuple[str, ...]
    end: bool
    config: tuple[tuple[str, float], ...]


def component_views(plan: Plan, needs: Resources) -> list[StageView]:
    """Spouts and bolts, in topological order; last the one that takes results, where there are any."""
    attribute = {stage.id: f"stage_{number}" for number, stage in enumerate(plan.stages)}
    outgoing: dict[str, list[str]] = {stage.id: [] for stage in plan.stages}
    incoming: dict[str, list[InputView]] = {stage.id: [] for stage in plan.stages} | {RESULTS: []}
    ends: dict[str, dict[str, InputView]] = {stage.id: {} for stage in plan.stages} | {RESULTS: {}}
    for link in plan.links:
        stream = f"l{link.id}"
        outgoing[link.from_stage].append(stream)
        source = attribute[link.from_stage]
        incoming[link.to_stage].append(InputView(source, stream, 'Grouping.fields("bucket")'))
        ends[link.to_stage][source] = InputView(source, "end", "Grouping.ALL")
    views = [
        _stage_view(
            stage,
            attribute[stage.id],
            incoming[stage.id] + list(ends[stage.id].values()),
            outgoing[stage.id],
            needs.stages[stage.id],
        )
        for stage in plan.stages
    ]
    if needs.results is not None:
        inputs = tuple(incoming[RESULTS]) + tuple(ends[RESULTS].values())
        about = "takes what comes out of unconnected ports"
        views.append(
            StageView(
                "results",
                "results",
                "JavaBolt",
                "sferic.ResultsBolt",
                "",
                1,
                about,
                inputs,
                (),
                end=False,
                config=_config(needs.results),
            )
        )
    return views


def _config(need: Need) -> tuple[tuple[str, float], ...]:
    return tuple(need.as_config().items())


def _stage_view(stage: Stage, attribute: str, inputs: list[InputView], streams: list[str], need: Need) -> StageView:
    pes = ", ".join(ascii(pe.path)[1:-1] for pe in stage.pes)
    return StageView(
        attribute,
        stage.id,
        "JavaSpout" if stage.source else "JavaBolt",
        "sferic.HostSpout" if stage.source else "sferic.HostBolt",
        stage.id,
        stage.instances,
        pes if len(pes) <= 90 else f"{pes[:89]}…",
        tuple(inputs),
        tuple(streams),
        # A spout without outputs is refused, so it always has its END; a bolt that nobody listens to needs none.
        end=bool(streams) or stage.source,
        config=_config(need),
    )
