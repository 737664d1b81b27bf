"""Classes, the light way and YAML give the same graph, the same digest and the same plan."""

from dataclasses import replace

import pytest

from sferic.compiler.pipeline import Options, compile_plan
from sferic.runtime.definition import digest, expand
from sferic.runtime.plan import DefinitionRef

from .ways import THREE_WAYS, from_yaml, in_light


def plan_of(graph, processes):
    """The plan, without the places and the name of what it was compiled from."""
    options = Options(target="storm", processes=processes)
    plan = compile_plan(graph, options).plan
    stages = [replace(stage, pes=tuple(replace(pe, location=None) for pe in stage.pes)) for stage in plan.stages]
    digest = plan.definition.digest
    return replace(plan, name="", definition=DefinitionRef("", digest=digest), stages=tuple(stages))


@pytest.mark.parametrize(("case", "light", "text"), THREE_WAYS, ids=lambda value: getattr(value, "__name__", ""))
def test_one_graph(case, light, text):
    makers = [lambda: case()[0], lambda: in_light(light), lambda: from_yaml(text)]
    classes, *others = (sorted_digest(make()) for make in makers)
    assert others == [classes, classes]


def sorted_digest(graph):
    definition = expand(graph)
    return digest(replace(definition, elements=tuple(sorted(definition.elements, key=lambda one: one.path)),
                          edges=tuple(sorted(definition.edges, key=lambda one: (one.source, one.source_port, one.target, one.target_port)))))  # fmt: skip


IN_ANOTHER_ORDER = ("join", "two_groupings_into_one_port")
IN_ORDER = [ways for ways in THREE_WAYS if ways[0].__name__ not in IN_ANOTHER_ORDER]


@pytest.mark.parametrize("processes", [None, 9])
@pytest.mark.parametrize(("case", "light", "text"), IN_ORDER, ids=lambda value: getattr(value, "__name__", ""))
def test_one_plan(case, light, text, processes):
    """Where PEs are made in the same order, stages and links have the same numbers, too."""
    plans = [plan_of(graph, processes) for graph in (case()[0], in_light(light), from_yaml(text))]
    assert plans[0] == plans[1] == plans[2]
