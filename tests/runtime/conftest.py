"""What several tests of this folder use."""

from dataclasses import replace

import pytest

from sferic.runtime.plan import RESULTS, Hop, Stage


def _as_one_stage(compiled):
    plan = compiled.plan
    inner = [link for link in plan.links if link.to_stage != RESULTS]
    results = [link for link in plan.links if link.to_stage == RESULTS]
    hops = [Hop(link.from_pe, link.from_port, link.to_pe, link.to_port, copy=True) for link in inner]
    pes = tuple(pe for stage in plan.stages for pe in stage.pes)
    stage = Stage("all", pes, tuple([*hops, *(hop for stage in plan.stages for hop in stage.hops)]))
    links = tuple(replace(link, id=number, from_stage="all") for number, link in enumerate(results))
    return replace(compiled, plan=replace(plan, stages=(stage,), links=links))


@pytest.fixture
def as_one_stage():
    """A compiled workflow of one instance a PE, with all of them in one stage, several sources too."""
    return _as_one_stage
