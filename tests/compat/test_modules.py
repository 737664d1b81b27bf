"""The modules that sferic answers with, as notebooks and test suites of dispel4py's users use them."""

import argparse
import importlib
import json
import subprocess
import sys
import warnings
from types import ModuleType

import pytest

import sferic
from sferic.compat import dispel4py as answers
from sferic.runtime.compat.finder import NoCounterpart, answering, current
from sferic.runtime.compat.names import MODULES, NAMES_WITHOUT, WITHOUT


@pytest.fixture
def d4py():
    """`d4py.core` is what `import dispel4py.core` gives."""
    answers.install()
    try:
        names = ("core", "base", "workflow_graph", "utils", "visualisation", "new.processor", "new.simple_process",
                 "new.multi_process", "new.aggregate", "new.monitoring", "examples.graph_testing.testing_PEs")  # fmt: skip
        yield argparse.Namespace(
            **{name.rpartition(".")[2]: importlib.import_module(f"dispel4py.{name}") for name in names}
        )
    finally:
        answers.uninstall()


def chain(d4py, count=2):
    """(graph, the producer, the PEs after it)"""
    graph = d4py.workflow_graph.WorkflowGraph()
    producer = before = d4py.testing_PEs.TestProducer()
    after = [d4py.testing_PEs.TestOneInOneOut() for _ in range(count)]
    for pe in after:
        graph.connect(before, "output", pe, "input")
        before = pe
    return graph, producer, after


def test_every_module_is_answered(d4py):
    for name in MODULES:
        assert importlib.import_module(name).__name__ == name
    for name in WITHOUT:
        with pytest.raises(NoCounterpart):
            importlib.import_module(name)


@pytest.mark.parametrize("name", NAMES_WITHOUT)
def test_a_name_without_counterpart(d4py, name):
    with pytest.raises(NoCounterpart, match=f"processor.{name} has no counterpart in sferic: "):
        getattr(d4py.processor, name)
    assert not hasattr(d4py.processor, "no_name_of_theirs")


def test_after_the_block_nobody_answers():
    assert current() is None
    with answering():
        import dispel4py.core  # noqa: F401
    assert current() is None
    assert not [name for name in sys.modules if name.startswith("dispel4py")]


def test_install_does_not_replace_what_was_imported(monkeypatch):
    other = ModuleType("dispel4py")
    other.__file__ = "/somewhere/dispel4py/__init__.py"
    monkeypatch.setitem(sys.modules, "dispel4py", other)
    with pytest.raises(RuntimeError, match="/somewhere/dispel4py/__init__.py is imported already"):
        answers.install()


def test_install_says_which_one_is_not_used(tmp_path, monkeypatch):
    (tmp_path / "dispel4py").mkdir()
    (tmp_path / "dispel4py" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.warns(UserWarning, match=f"the one in {tmp_path / 'dispel4py'} is not used"):
        answers.install()
    answers.uninstall()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        monkeypatch.undo()
        importlib.invalidate_caches()
        answers.install()
    answers.uninstall()


def test_a_worker_that_reads_a_file_which_installs_stops_at_its_run():
    shown = (
        "from sferic.runtime.compat.finder import answer, read_enough, ReadEnough\n"
        "answer(read_enough)\n"
        "from sferic.compat.dispel4py import install\n"
        "install()\n"
        "from dispel4py.new.simple_process import process\n"
        "try:\n"
        "    process(None, {})\n"
        "except ReadEnough:\n"
        "    print('enough')\n"
    )
    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "enough"


def test_answering_is_light():
    shown = (
        "import sys; from sferic.runtime.compat.finder import answer; answer(); import dispel4py.base, dispel4py.new.processor; "
        "print(sorted(m for m in sys.modules if m.startswith(('sferic.compiler', 'sferic.api', 'click', 'networkx'))))"
    )
    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# PEs


def test_process_by_hand(d4py):
    base = d4py.base
    assert base.SimpleFunctionPE(lambda a, b: a + b, {"b": 2}).process({"input": 1}) == {"output": 3}
    assert base.IterativePE().process({"input": 1}) is None
    assert base.ConsumerPE().process({"input": 1}) is None
    assert base.SimpleFunctionPE().process({"input": 1}) is None
    both = base.BasePE(inputs=["a", "b"], outputs=["x"], num_inputs=1)
    assert (list(both.inputconnections), list(both.outputconnections)) == (["input0", "a", "b"], ["x"])


def test_write_outside_a_run_goes_to_the_writer(d4py):
    written = []
    pe = d4py.testing_PEs.TestOneInOneOutWriter()
    pe.outputconnections["output"][d4py.core.WRITER] = argparse.Namespace(write=written.append)
    pe.process({"input": 7})
    assert written == [7]
    with pytest.raises(RuntimeError, match="outside a run"):
        d4py.testing_PEs.TestOneInOneOutWriter().process({"input": 7})


@pytest.mark.parametrize("spelling", ["set_input_types", "setInputTypes"])
def test_types_are_told_in_both_spellings(d4py, spelling):
    told = []

    class Typed(d4py.core.GenericPE):
        def __init__(self):
            super().__init__()
            self._add_input("input")
            self._add_output("output", tuple_type=["seen"])

    setattr(Typed, spelling, lambda self, types: told.append(types))
    graph = d4py.workflow_graph.WorkflowGraph()
    typed = Typed()
    graph.connect(d4py.testing_PEs.TestProducer(), "output", typed, "input")
    graph.connect(typed, "output", d4py.testing_PEs.TestOneInOneOut(), "input")
    graph.propagate_types()
    assert told == [{"input": ["number"]}]
    assert typed.get_output_types() == typed.getOutputTypes() == {"output": ["seen"]}
    typed._add_output("untyped")
    with pytest.raises(KeyError, match="output 'untyped' declares no type"):
        typed.getOutputTypes()


def test_the_time_of_a_pe(d4py):
    graph, producer, _ = chain(d4py, 0)
    timed = d4py.monitoring.ProcessTimingPE(d4py.testing_PEs.TestOneInOneOut())
    graph.connect(producer, "output", timed, "input")
    results = d4py.simple_process.process_and_return(graph, {producer: 3})
    assert list(results.values()) == [{"output": [1, 2, 3]}]


# Graphs


def test_ids_are_names_with_a_number(d4py):
    d4py.workflow_graph.WorkflowNode.node_counter = 0
    graph, producer, (one, two) = chain(d4py)
    assert (producer.id, one.id, two.id) == ("TestProducer0", "TestOneInOneOut1", "TestOneInOneOut2")
    sferic.run(graph)
    assert (producer.id, one.id, two.id) == ("TestProducer0", "TestOneInOneOut1", "TestOneInOneOut2")


def test_nodes_and_edges(d4py):
    graph, producer, (one, two) = chain(d4py)
    nodes = graph.graph.nodes()
    assert [node.getContainedObject() for node in nodes] == [producer, one, two]
    assert [node.get_contained_object() for node in graph.graph.nodes] == [producer, one, two]
    assert [node.obj for node in graph.graph] == [producer, one, two]
    assert (len(graph.graph), graph.graph.number_of_nodes()) == (3, 3)
    middle = graph.graph[nodes[1]]
    assert [edge["DIRECTION"] for edge in middle.values()] == [(producer, one), (one, two)]
    assert graph.graph.has_edge(nodes[1], nodes[0])
    assert not graph.graph.has_edge(nodes[0], nodes[2])
    graph.connect(producer, "output", one, "other")
    (_, _, edge), *_ = graph.graph.edges(nodes[1], data=True)
    assert edge["ALL_CONNECTIONS"] == [("output", "input"), ("output", "other")]
    assert [d4py.processor._is_root(node, graph) for node in nodes] == [True, False, False]
    assert {pe.id for pe in graph.getContainedObjects()} == {pe.id for pe in graph.get_contained_objects()}


def test_a_graph_with_mappings_is_a_pe(d4py):
    inner, producer, (one, two) = chain(d4py)
    inner = d4py.workflow_graph.WorkflowGraph()
    inner.connect(one, "output", two, "input")
    inner.inputmappings = {"in": (one, "input")}
    inner.outputmappings = {"out": (two, "output")}
    graph = d4py.workflow_graph.WorkflowGraph()
    graph.connect(producer, "output", inner, "in")
    graph.partitions = [[producer], [inner]]
    assert graph.get_contained_objects()[0] in (producer, inner)
    before = d4py.simple_process.process_and_return(graph, {producer: 2})
    graph.flatten()
    assert [node.obj for node in graph.graph.nodes()] == [producer, one, two]
    assert graph.partitions == [[producer], [one, two]]
    assert d4py.simple_process.process_and_return(graph, {producer: 2}) == before == {two.id: {"output": [1, 2]}}


def test_what_is_no_pe_is_refused_where_it_is_added(d4py):
    with pytest.raises(TypeError, match="neither a PE nor a graph"):
        d4py.workflow_graph.WorkflowGraph().add("x")


def test_dot(d4py, capsys):
    graph, producer, _ = chain(d4py, 0)
    odd = d4py.testing_PEs.TestOneInOneOut()
    odd.name = 'a {"strange"} | <name>'
    composite = d4py.base.create_iterative_chain([abs, str])
    graph.connect(producer, "output", composite, "input")
    graph.connect(composite, "output", odd, "input")
    text = d4py.workflow_graph.draw(graph)
    assert text.count("subgraph cluster_") == 1
    assert text.count(" -> ") == 3
    assert r"a\ \{\"strange\"\}\ \|\ \<name\>" in text
    d4py.visualisation.display(graph)
    assert capsys.readouterr().out == text


def test_a_picture_without_graphviz(d4py, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RuntimeError, match="no picture without Graphviz"):
        d4py.workflow_graph.write_image(chain(d4py)[0], "x.png")


# Runs


def test_results_of_the_ports_that_are_asked_for(d4py):
    graph, producer, (one, two) = chain(d4py)
    process = d4py.simple_process.process_and_return
    assert process(graph, {producer: 2}) == {two.id: {"output": [1, 2]}}
    assert process(graph, {producer: 2}, {one.id: ["output"]}) == {one.id: {"output": [1, 2]}}
    assert process(graph, {producer.id: 3}, {}) == {}


def test_the_sequential_mapping_has_one_instance_each(d4py):
    graph, producer, (one, two) = chain(d4py)
    one.numprocesses = 4
    assert d4py.simple_process.process_and_return(graph, {producer: 3}) == {two.id: {"output": [1, 2, 3]}}
    assert one.numprocesses == 4


def test_process_prints(d4py, capsys):
    graph, producer, (one,) = chain(d4py, 1)
    d4py.simple_process.process(graph, inputs={producer: 2})
    assert capsys.readouterr().out == (
        f"Inputs: {{'{producer.id}': 2}}\nOutputs: {{'{one.id}': {{'output': [1, 2]}}}}\n"
    )


@pytest.mark.parametrize(("number", "simple"), [(3, False), (3, True), (2, False)])
def test_a_queue_of_results(d4py, number, simple):
    graph, producer, (_, two) = chain(d4py)
    given = argparse.Namespace(num=number, simple=simple, results=True)
    queue = d4py.multi_process.process(graph, inputs={producer: 4}, args=given)
    got = []
    while (item := queue.get(timeout=0)) != d4py.multi_process.STATUS_TERMINATED:
        got.append(item)
    if number == 3 and not simple:
        assert got == [(two.id, "output", n) for n in (1, 2, 3, 4)]
    else:
        assert sorted(got) == [(two.id, (two.id, "output"), [n]) for n in (1, 2, 3, 4)]
    assert d4py.multi_process.process(graph, inputs={producer: 1}, args=argparse.Namespace(num=3)) is None


def test_items_of_any_type_in_a_notebook(tmp_path):
    (tmp_path / "note.py").write_text(
        "import argparse, sys\n"
        "from sferic.compat.dispel4py import install\n"
        "install(codec=sys.argv[1])\n"
        "from dispel4py.base import ProducerPE, IterativePE\n"
        "from dispel4py.workflow_graph import WorkflowGraph\n"
        "from dispel4py.new.multi_process import process\n"
        "class Odd:\n"
        "    number = 5\n"
        "class Source(ProducerPE):\n"
        "    def _process(self, inputs):\n"
        "        return Odd()\n"
        "class Number(IterativePE):\n"
        "    def _process(self, data):\n"
        "        return data.number\n"
        "graph = WorkflowGraph()\n"
        "source = Source()\n"
        "graph.connect(source, 'output', Number(), 'input')\n"
        "print(process(graph, {source: 1}, argparse.Namespace(num=2, results=True)).get()[2])\n"
    )

    def run(codec):
        return subprocess.run(
            [sys.executable, "note.py", codec], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    assert run("trusted").stdout == "5\n"
    assert "--codec trusted" in run("general").stderr


def test_inputs_from_arguments(d4py, tmp_path):
    graph, producer, _ = chain(d4py)
    (tmp_path / "in.json").write_text(json.dumps({"TestProducer": 20}))
    create = d4py.processor.create_inputs
    given = {"file": None, "data": None, "iter": 7}
    assert create(argparse.Namespace(**given), graph) == {producer.id: 7}
    assert create(argparse.Namespace(**{**given, "data": '{"TestProducer": 3}'}), graph) == {producer.id: 3}
    assert create(argparse.Namespace(**{**given, "file": str(tmp_path / "in.json")}), graph) == {producer.id: 20}
    with pytest.raises(ValueError, match="there is no file"):
        create(argparse.Namespace(**{**given, "file": "/nowhere"}), graph)
    parsed = d4py.processor.create_arg_parser().parse_args(["simple", "m", "-i", "4", "-d", "{}"])
    assert (parsed.target, parsed.module, parsed.iter, parsed.data) == ("simple", "m", 4, "{}")
    assert d4py.processor.get_inputs(producer, {"TestProducer": 1}) == 1
    assert d4py.processor.get_inputs(producer, {producer: 2, producer.id: 1}) == 2
    assert d4py.processor.get_inputs(producer, {}) is None


def test_assignment_of_processes(d4py):
    graph, producer, (one, two) = chain(d4py)
    assign = d4py.processor._assign_processes
    assert assign(graph, 7) == (True, [producer.id], {producer.id: range(1), one.id: range(1, 4), two.id: range(4, 7)})
    one.numprocesses = 2
    assert assign(graph, 7)[2] == {producer.id: range(1), one.id: range(1, 3), two.id: range(3, 5)}
    two.single = True
    assert assign(graph, 12)[2][two.id] == range(3, 4)
    assert assign(graph, 3)[0] is False
    assert d4py.processor.get_partitions(graph) == [[producer], [one, two]]


@pytest.mark.parametrize("key", [None, 1, "x", (1, "y"), [1, 2], {"a": [1]}, {1, 2, 3}, range(3)], ids=repr)
def test_destinations(d4py, key):
    processor = d4py.processor
    by_key = processor.GroupByCommunication(list(range(5)), "input", [0])
    assert by_key.getDestination({"input": [key, "a"]}) == by_key.get_destination({"input": [key, 2, 3]})
    assert processor.AllToOneCommunication([3, 4]).getDestination(None) == [3]
    assert processor.OneToAllCommunication([3, 4]).getDestination(None) == [3, 4]
    turns = processor.ShuffleCommunication(1, [0, 1], [5, 6, 7])
    assert [turns.getDestination(None) for _ in range(4)] == [[6], [7], [5], [6]]
    assert d4py.utils.make_hash([1, {"a": {2, 1}}]) == d4py.utils.make_hash([1.0, {"a": {1, 2}}])


def test_load_graph(d4py, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "kept_apart.py").write_text(
        "from dispel4py.workflow_graph import WorkflowGraph\n"
        "from dispel4py.base import create_iterative_chain\n"
        "from dispel4py.examples.graph_testing.testing_PEs import TestProducer\n"
        "part = create_iterative_chain([abs])\n"
        "graph = WorkflowGraph()\n"
        "graph.connect(TestProducer(), 'output', part, 'input')\n"
    )
    graph = d4py.utils.load_graph("kept_apart.py")
    assert d4py.utils.load_graph("kept_apart") is graph
    given = argparse.Namespace(module="kept_apart.py", attr=None, file=None, data=None, iter=2)
    flat, inputs = d4py.processor.load_graph_and_inputs(given)
    assert flat is graph
    assert list(inputs.values()) == [2]
    assert len(flat.graph) == 2
    del sys.modules["kept_apart"]


def test_continuous_reduce(d4py):
    class Sums(d4py.aggregate.ContinuousReducePE):
        def _process(self, data):
            self.value = [one + data[index] for one, index in zip(self.value, self.indexes)]

    graph = d4py.workflow_graph.WorkflowGraph()
    producer, sums = d4py.testing_PEs.NumberProducer(4), Sums()
    graph.connect(producer, "output", sums, "input")
    assert d4py.simple_process.process_and_return(graph, {producer: 1})[sums.id]["output"] == [[0], [1], [3], [6]]


def test_an_aggregate_of_ones_own(d4py):
    class Longest(d4py.aggregate.AggregatePE):
        def _process(self, inputs):
            self.value = max(self.value, inputs["input"])

    graph = d4py.workflow_graph.WorkflowGraph()
    longest = Longest()
    graph.add(longest)
    results = d4py.simple_process.process_and_return(graph, {longest: [{"input": [3]}, {"input": [9]}, {"input": [4]}]})
    assert results == {longest.id: {"output": [[9]]}}


def test_both_spellings_of_the_aggregates(d4py):
    for snake, camel in (
        ("count", "Count"),
        ("sum", "Sum"),
        ("min", "Min"),
        ("max", "Max"),
        ("avg", "Avg"),
        ("std_dev", "StdDev"),
    ):
        assert getattr(d4py.aggregate, f"parallel_{snake}") is getattr(d4py.aggregate, f"parallel{camel}")


def test_inputs_that_cannot_travel(d4py):
    graph = d4py.workflow_graph.WorkflowGraph()
    same = d4py.testing_PEs.TestOneInOneOut()
    graph.add(same)
    inputs = {same: [{"input": {1, 2}}]}
    assert d4py.simple_process.process_and_return(graph, inputs) == {same.id: {"output": [{1, 2}]}}
    with pytest.raises(TypeError, match="the input of TestOneInOneOut cannot be given to a run on 'multi': .*set"):
        d4py.multi_process.process(graph, inputs, argparse.Namespace(num=1))


def test_a_name_inside_a_composite_is_no_other_s(d4py):
    """A sink of the same name as a PE in a composite has no results."""
    graph, producer, _ = chain(d4py, 0)
    inside, sink = d4py.testing_PEs.TestOneInOneOut(), d4py.testing_PEs.PrintDataConsumer()
    inside.name = sink.name = "same"
    composite = d4py.base.CompositePE()
    composite.add(inside)
    composite._map_input("in", inside, "input")
    graph.connect(producer, "output", composite, "in")
    graph.connect(producer, "output", sink, "input")
    assert d4py.simple_process.process_and_return(graph, {producer: 2}) == {inside.id: {"output": [1, 2]}}
