"""One meaning on every target: each case gives what a plain loop says, wherever it runs, fused or not."""

import functools
from collections import Counter
from dataclasses import replace

import pytest

import sferic
from sferic import WorkflowGraph
from sferic.compiler.diagnostics import WrongInput
from sferic.runtime.definition import expand

from . import cases, endings, graphs, groupings, items, lifecycle, old_wrongs, sums, together, ways

MODULES = (cases, graphs, groupings, items, lifecycle, endings, old_wrongs, sums, together, ways)
CASES = [case for module in MODULES for case in module.CASES]
WAYS = [("local", "auto"), ("local", "none"), ("multi", "auto"), ("multi", "none")]
TOGETHER = 8  # cases that share one topology on Storm: starting a JVM takes far longer than a case


def as_multiset(values):
    return Counter(map(written, values))


def written(value):
    """A text, the same for equal values of equal types: the order inside a set is nobody's promise."""
    if isinstance(value, (set, frozenset)):
        return f"{type(value).__name__}{sorted(map(written, value))}"
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return f"{type(value).__name__}[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        return f"{type(value).__name__}{{{', '.join(f'{written(k)}: {written(v)}' for k, v in value.items())}}}"
    return repr(value)


def compare(expected, got, failures):
    """`got`: values by "pe.port"."""
    expected = dict(expected)
    assert len(failures) == expected.pop("failures", 0), failures
    spread = expected.pop("spread", None)
    if spread is not None:
        got = {name: [sum(values)] for name, values in got.items() if len(values) == spread and min(values) > 0}
    assert {name: as_multiset(values) for name, values in got.items()} == {
        name: as_multiset(values) for name, values in expected.items()
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
@pytest.mark.parametrize(("on", "fuse"), WAYS, ids=lambda value: value)
def test_case(case, on, fuse):
    graph, expected = case()
    results = sferic.run(graph, on=on, fuse=fuse)
    got = {f"{pe}.{port}": values for pe, ports in results.items() for port, values in ports.items()}
    compare(expected, got, results.failures)


def renamed(added, case):
    """Names that a case sets are its own, and not those of the cases beside it."""
    name = added.settings.get("name")
    return replace(added, settings={**added.settings, "name": f"{name} of {case.__name__}"}) if name else added


class Together:
    """Several cases side by side in one graph, each with its own results."""

    def __init__(self, group, on, said):
        self.on = on
        self.said = said
        self.whole = WorkflowGraph("together")
        self.cases = {}
        for case in group:
            graph, expected = case()
            alone = {id(element.pe): element.path for element in expand(graph).elements}
            self.cases[case] = (alone, expected)
            self.whole.added.update({key: renamed(added, case) for key, added in graph.added.items()})
            self.whole.connections += graph.connections
            if graph.partitions:
                self.whole.partitions = [*self.whole.partitions, *graph.partitions]

    @functools.cached_property
    def outcome(self):
        """(results or the error, the PE at each path)"""
        try:
            results = sferic.run(self.whole, on=self.on, **self.said)
        except sferic.WorkflowFailed as error:
            results = error
        return results, {element.path: id(element.pe) for element in expand(self.whole).elements}

    def check(self, case):
        results, pe_at = self.outcome
        if isinstance(results, sferic.WorkflowFailed):
            raise results
        alone, expected = self.cases[case]
        mine = {path: alone[pe] for path, pe in pe_at.items() if pe in alone}
        got = {f"{mine[pe]}.{port}": v for pe, ports in results.items() if pe in mine for port, v in ports.items()}
        compare(expected, got, [failure for failure in results.failures if failure["pe"] in mine])


@functools.cache
def groups(on, together=TOGETHER, **said):
    """The group of each case. Partitions name every PE of a graph or none: those cases keep to themselves."""
    kinds = {True: [], False: []}
    for case in CASES:
        kinds[bool(case()[0].partitions)].append(case)
    chunks = [kind[i : i + together] for kind in kinds.values() for i in range(0, len(kind), together)]
    return {case: group for chunk in chunks for group in [Together(chunk, on, said)] for case in chunk}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_case_on_storm(case):
    groups("storm")[case].check(case)


@pytest.mark.parametrize("on", ["local", "multi"])
def test_order_from_one_instance_to_one_instance(on):
    graph = cases.pipeline(cases.Numbers(5000), cases.Same(), together.Plus(1))
    assert sferic.run(graph, on=on, fuse="none")["Plus"]["output"] == list(range(1, 5001))


@pytest.mark.parametrize("on", ["local", "multi", "storm"])
def test_inputs_of_a_root(on):
    graph = sferic.WorkflowGraph()
    plus = together.Plus(1)
    graph.connect(plus, "output", cases.Same(), "input")
    idle = graph.add(cases.Total())
    results = sferic.run(graph, {plus: [{"input": n} for n in range(50)], idle: []}, on=on)
    assert sorted(results["Same"]["output"]) == list(range(1, 51))
    assert results["Total"]["output"] == [0]  # a root that is given nothing ends, too


@pytest.mark.parametrize("on", ["local", "multi", "storm"])
def test_a_root_without_inputs_is_refused_before_anything_starts(on):
    graph = sferic.WorkflowGraph()
    graph.connect(together.Plus(1), "output", cases.Same(), "input")
    with pytest.raises(WrongInput, match="Plus needs data"):
        sferic.run(graph, on=on)


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
