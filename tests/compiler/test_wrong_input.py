"""Every wrong thing a user does is told before anything starts: all together, each with its line and a way out."""

import inspect
from pathlib import Path

import pytest

import sferic
from sferic.compiler.diagnostics import WrongInput
from sferic.compiler.pipeline import Options, compile_plan


class Numbers(sferic.ProducerPE):
    def _process(self, inputs):
        return 1


class Endless(Numbers):
    endless = True


class Same(sferic.IterativePE):
    def _process(self, data):
        return data


class Two(sferic.GenericPE):
    def __init__(self):
        super().__init__()
        self.add_input("a")
        self.add_input("b")
        self.add_output("out")

    def _process(self, inputs):
        return inputs


def problems(graph, inputs=None, **options):
    with pytest.raises(WrongInput) as wrong:
        compile_plan(graph, Options(**options), inputs)
    return [str(problem) for problem in wrong.value.problems]


def line_of(text):
    """This file's line with `text`, as errors name it."""
    source = Path(__file__).read_text().splitlines()
    caller = inspect.stack()[1].function
    start = next(i for i, line in enumerate(source) if line.startswith(f"def {caller}("))
    number = next(i for i, line in enumerate(source[start:], start) if text in line)
    return f"{__file__}:{number + 1}: "


def one(*connections):
    graph = sferic.WorkflowGraph()
    for connection in connections:
        graph.connect(*connection)
    return graph


def test_unknown_ports_with_the_nearest_known_both_at_once():
    graph = sferic.WorkflowGraph()
    graph.connect(Numbers(), "outptu", Same(), "inptu")  # wrong
    assert problems(graph) == [
        line_of("# wrong") + "Numbers has no output port 'outptu'. Did you mean 'output'?",
        line_of("# wrong") + "Same has no input port 'inptu'. Did you mean 'input'?",
    ]


def test_a_cycle_is_shown():
    a, b = Same(), Same()
    graph = one((a, "output", b, "input"), (b, "output", a, "input"))
    assert any("a cycle: " in text and "Same → Same2" in text for text in problems(graph))


def test_an_input_that_nothing_feeds():
    graph = one((Numbers(), "output", Two(), "a"))
    assert len(problems(graph)) == 1
    assert "nothing is connected to input 'b' of Two" in problems(graph)[0]


def test_names_set_twice():
    first, second = Same(), Same()
    first.name = second.name = "twin"
    graph = one((Numbers(), "output", first, "input"), (first, "output", second, "input"))
    assert any("'twin' is set twice" in text for text in problems(graph))


def test_a_grouping_that_is_none():
    same = Same()
    same.inputconnections["input"]["grouping"] = {"no": 1}
    assert "is no grouping" in problems(one((Numbers(), "output", same, "input")))[0]


@pytest.mark.parametrize(
    ("setting", "value", "text"),
    [
        ("numprocesses", 0, "must be a whole number of at least 1"),
        ("numprocesses", True, "must be a whole number"),
        ("retries", -1, "at least 0"),
        ("on_failure", "explode", "must be one of dead-letter, skip, stop"),
        ("stateless", "yes", "must be True or False"),
        ("numproceses", 2, "Did you mean 'numprocesses'?"),
    ],
)
def test_settings(setting, value, text):
    graph = sferic.WorkflowGraph()
    graph.add(Numbers(), **{setting: value})
    assert text in problems(graph)[0]


def test_a_batch_setting_may_name_some_of_its_limits():
    graph = one((Numbers(), "output", Same(), "input"))
    same = graph.get_contained_objects()[1]
    graph.add(same, batch={"items": 50})
    [link] = [link for link in compile_plan(graph, Options(fuse="none")).plan.links if link.to_stage]
    assert (link.batch.items, link.batch.bytes) == (50, 1 << 20)


def test_partitions_name_each_pe_once():
    a, b, c = Numbers(), Same(), Same()
    graph = one((a, "output", b, "input"), (b, "output", c, "input"))
    graph.partitions = [[a, b], [b]]
    found = problems(graph)
    assert any("two partitions name Same" in text for text in found)
    assert any("no partition names Same2" in text for text in found)


def test_inputs_for_what_is_no_root_or_no_pe():
    same = Same()
    graph = one((Numbers(), "output", same, "input"))
    assert "which is not a root" in problems(graph, {same: [{"input": 1}]})[0]
    assert "Did you mean 'Numbers'?" in problems(graph, {"Number": 3})[0]


def test_a_root_without_its_data():
    graph = sferic.WorkflowGraph()
    graph.add(Same())
    assert "Same needs data" in problems(graph)[0]


def test_an_endless_source_refuses_calls():
    graph = sferic.WorkflowGraph()
    graph.add(Endless())
    assert "which is endless" in problems(graph, 3)[0]


def test_too_few_processes_names_the_least():
    graph = one((Numbers(), "output", Same(), "input"))
    assert "the 2 instances that this workflow needs" in problems(graph, processes=1, fuse="none")[0]


def test_a_good_workflow_is_no_problem():
    graph = one((Numbers(), "output", Same(), "input"))
    assert [stage.id for stage in compile_plan(graph, Options(fuse="none")).plan.stages] == ["Numbers", "Same"]


def test_a_setting_of_a_composite_is_the_pes_inside():
    graph, inner = sferic.WorkflowGraph(), sferic.CompositePE()
    same = Same()
    inner.add(same)
    inner._map_input("input", same, "input")
    graph.connect(Numbers(), "output", inner, "input")
    graph.add(inner, numprocesses=4)
    assert any("CompositePE is a composite, and 'numprocesses' is a setting of PEs" in text for text in problems(graph))


def test_inputs_are_optional_by_add_too():
    graph = sferic.WorkflowGraph()
    two = Two()
    graph.add(two, optional=["b"])
    graph.connect(Numbers(), "output", two, "a")
    compile_plan(graph, Options())
    graph.add(two, optional=["c"])
    assert any("has no input port 'c' that could be optional" in text for text in problems(graph))
