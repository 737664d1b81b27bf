"""One meaning on every target: each case gives what a plain loop says, wherever it runs, fused or not."""

import importlib.util
import sys
from collections import Counter
from pathlib import Path

import pytest

import sferic


def _load_cases():
    spec = importlib.util.spec_from_file_location("compliance_cases", Path(__file__).with_name("cases.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules["compliance_cases"] = module
    spec.loader.exec_module(module)
    return module


cases = _load_cases()
# Storm runs each case in a JVM of its own, some seconds each: one way of fusing is enough there.
WAYS = [("local", "auto"), ("local", "none"), ("multi", "auto"), ("multi", "none"), ("storm", "auto")]


def as_multiset(values):
    return Counter(map(repr, values))


@pytest.mark.parametrize("case", cases.CASES, ids=lambda case: case.__name__)
@pytest.mark.parametrize(("on", "fuse"), WAYS, ids=lambda value: value)
def test_case(case, on, fuse):
    graph, expected = case()
    results = sferic.run(graph, on=on, fuse=fuse)
    assert len(results.failures) == expected.pop("failures", 0)
    spread = expected.pop("spread", None)
    got = {f"{pe}.{port}": values for pe, ports in results.items() for port, values in ports.items()}
    if spread is not None:
        got = {name: [sum(values)] for name, values in got.items() if len(values) == spread and min(values) > 0}
    assert {name: as_multiset(values) for name, values in got.items()} == {
        name: as_multiset(values) for name, values in expected.items()
    }


@pytest.mark.parametrize("on", ["local", "multi"])
def test_order_from_one_instance_to_one_instance(on):
    graph = cases.pipeline(cases.Numbers(5000), cases.Same(), cases.Plus(1))
    assert sferic.run(graph, on=on, fuse="none")["Plus"]["output"] == list(range(1, 5001))


@pytest.mark.parametrize("on", ["local", "multi", "storm"])
def test_inputs_of_a_root(on):
    graph = sferic.WorkflowGraph()
    plus = cases.Plus(1)
    graph.connect(plus, "output", cases.Same(), "input")
    results = sferic.run(graph, {plus: [{"input": n} for n in range(50)]}, on=on)
    assert sorted(results["Same"]["output"]) == list(range(1, 51))


@pytest.mark.parametrize("on", ["local", "multi"])
def test_a_source_is_called_as_often_as_said(on):
    graph = cases.pipeline(cases.Numbers(3), cases.Same())
    assert sorted(sferic.run(graph, 4, on=on)["Same"]["output"]) == sorted([0, 1, 2] * 4)


@pytest.mark.parametrize("on", ["local", "multi"])
def test_the_same_graph_runs_twice(on):
    graph = cases.pipeline(cases.Numbers(10), cases.Total())
    first, second = sferic.run(graph, on=on), sferic.run(graph, on=on)
    assert first["Total"]["output"] == second["Total"]["output"] == [45]


class Raises(sferic.IterativePE):
    def _process(self, data):
        raise ValueError(f"cannot take {data}")


@pytest.mark.parametrize("on", ["local", "multi", "storm"])
def test_a_failure_names_pe_instance_item_and_shows_the_users_frames(on):
    graph = cases.pipeline(cases.Numbers(10), Raises())
    with pytest.raises(sferic.WorkflowFailed) as failed:
        sferic.run(graph, on=on, fuse="none")
    text = str(failed.value)
    assert "Raises (instance 0) failed on 0" in text
    assert "cannot take 0" in text
    assert "runtime/host" not in text


class WritesWrongPort(sferic.IterativePE):
    def _process(self, data):
        self.write("outptu", data)


@pytest.mark.parametrize("on", ["local", "multi"])
def test_a_write_to_an_unknown_port_is_an_error(on):
    graph = cases.pipeline(cases.Numbers(1), WritesWrongPort())
    with pytest.raises(sferic.WorkflowFailed, match="has no output port 'outptu'"):
        sferic.run(graph, on=on)
