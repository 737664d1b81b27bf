"""The light way: what each step adds to the graph, and what is told about wrong ones, at their lines."""

import functools
import inspect
import operator

import pytest

import sferic
from sferic import GenericPE, IterativePE, Workflow, WrongInput
from sferic.compiler.load import load
from sferic.runtime.functions import items_of


class Two(GenericPE):
    def __init__(self, factor=1):
        super().__init__()
        self.add_input("one")
        self.add_input("other")
        self.add_output("sum")
        self.factor = factor

    def process(self, inputs):
        for item in inputs.values():
            self.write("sum", item * self.factor)


class Nothing(IterativePE):
    def _process(self, data):
        pass


def yields(item):
    yield item


def one(item) -> str:
    return item


def listed() -> "list[int]":
    return [1, 2]


def hidden(item) -> "NoSuchName":  # noqa: F821
    return [item]


async def late(item):
    return item


class Callable:
    def __call__(self, item):
        return [item, item]


def test_what_a_step_may_be_given():
    wf = Workflow()
    numbers = wf.source(listed)
    numbers.map(functools.partial(operator.mul, 3), name="partial")
    numbers.flat_map(Callable(), name="object")
    numbers.map(str, name="class")
    numbers.flat_map(hidden)
    numbers.flat_map(lambda n: range(n + 0))
    numbers.apply(Two(2), into="one", optional=["other"], name="pe")
    results = {pe: next(iter(ports.values())) for pe, ports in sferic.run(wf).items()}
    assert results == {
        "partial": [3, 6],
        "object": [1, 1, 2, 2],
        "class": ["1", "2"],
        "hidden": [1, 2],
        "flat_map": [0, 0, 1],
        "pe": [2, 4],
    }


def test_a_stream_that_is_used_twice_goes_both_ways_and_settings_are_settings():
    wf = Workflow("w")
    twice = wf.source([1, 2]).map(one, retries=3, on_failure="skip")
    twice.map(one)
    twice.map(one)
    assert sferic.run(wf)["one2"] == sferic.run(wf)["one3"] == {"output": [1, 2]}
    assert wf.added[id(twice.pe)].settings == {"retries": 3, "on_failure": "skip"}


def test_it_is_a_graph_like_any_other():
    wf = Workflow()
    numbers = wf.source(range(3))
    mine = Nothing()
    wf.connect(numbers.pe, "output", mine, "input")
    assert wf.get_contained_objects() == [numbers.pe, mine]
    assert isinstance(wf, sferic.WorkflowGraph)


def test_none_is_left_out_by_map_and_passed_on_by_filter():
    wf = Workflow()
    items = wf.source([0, None, 2])
    items.map(lambda item: item)
    items.filter(lambda item: item != 2)
    assert sferic.run(wf)["map"]["output"] == [0, 2]
    assert sferic.run(wf)["filter"]["output"] == [0, None]


def test_a_branch_that_names_no_port_of_its_own_fails_the_item():
    wf = Workflow()
    wf.source([1, 5]).branch(lambda n: "low" if n < 3 else "hihg", "low", "high", on_failure="skip")
    results = sferic.run(wf)
    assert dict(results["branch"]) == {"high": [], "low": [1]}
    assert "hihg" in results.failures[0]["traceback"]


@pytest.mark.parametrize("found", ["text", b"bytes", {"a": 1}, 3])
def test_one_item_is_not_written_in_parts(found):
    with pytest.raises(TypeError, match="<lambda> returned a"):
        items_of(found, lambda: found)


def at(wf):
    """What is told, each with how many lines below the caller's function it is."""
    begin = inspect.currentframe().f_back.f_code.co_firstlineno
    with pytest.raises(WrongInput) as found:
        sferic.run(wf)
    assert {problem.location.file for problem in found.value.problems} == {__file__}
    return [(problem.location.line - begin, problem.text, problem.remedy) for problem in found.value.problems]


def test_every_problem_at_once_each_at_the_line_of_its_step():
    wf = Workflow()
    numbers = (
        wf.source(one)
        .map(yields)
        .flat_map(one,
                  retris=3)
        .filter(late, retries=-1)
    )  # fmt: skip
    numbers.apply(Two, 3)
    numbers.apply(Two, factr=3)
    wf.join(Two, one=numbers, ohter=numbers)
    numbers.branch(one, "x", "y").map(one)
    numbers.map(3)
    wf.source(Nothing(), 1)
    numbers.key_by(0).merge(numbers.key_by(1)).fold(0, max)
    wf.source(listed, 1)
    wf.source(yields(1))
    numbers.map(Nothing)
    numbers.apply(one, 3)
    assert at(wf) == [
        (3, "one returns str, and source writes each item of what is returned", "let it yield its items, or return a list of them"),
        (4, "yields yields items, and map looks at what is returned", "use flat_map, which writes each"),
        (5, "one returns str, and flat_map writes each item of what is returned", "use map"),
        (7, "late is async, which a PE's function cannot be", "write a plain function or generator"),
        (9, "Two has 2 input ports: one, other", "say which with into="),
        (10, "Two has no parameter 'factr'", "did you mean 'factor'?"),
        (12, "one has 2 output ports: x, y", "say which: stream[PORT]"),
        (13, "3 is neither a PE nor a function", ""),
        (14, "Nothing is a PE already, and takes no 1", "name its class"),
        (15, "the streams of a fold have different keys", "say key_by after merge"),
        (16, "listed cannot be called so: too many positional arguments", ""),
        (17, "a generator gives its items once", "give the function, which can be called again"),
        (18, "Nothing is a PE, and map takes a function", "a PE is given to apply; in YAML it has no `as`"),
        (19, "map gives one its items, and takes no 3", "say arguments by name"),
        (11, "Two3 has no input port 'ohter'", "did you mean 'other'?"),
        (7, "retries of late must be a whole number of at least 0, not -1", ""),
    ]  # fmt: skip


def test_a_parameter_that_there_is_not():
    wf = Workflow()
    wf.source([1]).map(one, retris=3)
    assert at(wf) == [(2, "one has no parameter 'retris'", "did you mean 'retries'?")]


def test_a_file_with_one_is_found_by_the_command(tmp_path):
    (tmp_path / "w.py").write_text("from sferic import Workflow\nwf = Workflow('w')\nwf.source([1]).map(str)\n")
    loaded = load(str(tmp_path / "w.py"))
    assert type(loaded.graph) is Workflow


def added(so_far, item, by, times=1):
    return so_far + item + by * times


def test_a_fold_has_arguments_too():
    wf = Workflow()
    wf.source([1, 2]).fold(0, added, by=10, times=2)
    assert sferic.run(wf)["added"]["output"] == [43]


def kept(so_far, item):
    so_far.append(item)
    return so_far


def test_keys_do_not_share_a_start():
    wf = Workflow()
    wf.source([1, 2, 3]).key_by(lambda n: n % 2).fold([], kept)
    assert sorted(sferic.run(wf)["kept"]["output"]) == [(0, [2]), (1, [1, 3])]


def test_instances_are_those_of_what_is_next():
    wf = Workflow()
    step = wf.source([1]).key_by(0, instances=3).map(one)
    after = step.map(one)
    assert wf.added[id(step.pe)].settings == {"numprocesses": 3}
    assert wf.added[id(after.pe)].settings == {}
