"""What `run` gives back."""

import pytest

import sferic


class Numbers(sferic.ProducerPE):
    def _process(self, inputs):
        yield from range(3)


class Nothing(sferic.IterativePE):
    def _process(self, data):
        return None


class Summed(sferic.IterativePE):
    def __init__(self):
        super().__init__()
        self.inputconnections["input"]["grouping"] = ["station"]

    def _process(self, data):
        return data


def graph_of(pe):
    graph = sferic.WorkflowGraph()
    graph.connect(Numbers(), "output", pe, "input")
    return graph


@pytest.mark.parametrize("on", ["local", "multi"])
def test_a_port_that_nothing_came_out_of_has_an_empty_list(on):
    pe = Nothing()
    results = sferic.run(graph_of(pe), on=on)
    assert results[pe]["output"] == results["Nothing"]["output"] == []
    assert dict(results) == {"Nothing": {"output": []}}
    with pytest.raises(KeyError, match="'Numbers' has no unconnected output port; Nothing has"):
        results["Numbers"]


@pytest.mark.parametrize("on", ["local", "multi"])
def test_an_item_without_the_field_of_a_group_by_fails_and_names_the_port(on):
    pe = Summed()
    pe.numprocesses = 2
    with pytest.raises(sferic.WorkflowFailed, match=r"Summed\.input: group-by field 'station' is no attribute of int"):
        sferic.run(graph_of(pe), on=on)


def test_a_pe_object_is_looked_up_as_itself():
    graph, top, inner = sferic.WorkflowGraph(), Numbers(), sferic.CompositePE()
    inside = Nothing()
    top.name = inside.name = "same"
    inner.add(inside)
    inner._map_input("input", inside, "input")
    graph.connect(top, "output", inner, "input")
    graph.add(other := Numbers())
    results = sferic.run(graph)
    assert results[other]["output"] == [0, 1, 2]
    assert results[inside]["output"] == []
    with pytest.raises(KeyError):
        results[top]


class Inner(sferic.CompositePE):
    def __init__(self, name):
        super().__init__()
        pe = Nothing()
        pe.name = name
        self.add(pe)
        self._map_input("input", pe, "input")


def test_a_name_is_a_path_or_the_last_part_of_one():
    graph, source = sferic.WorkflowGraph(), Numbers()
    for name, inner in (("one", "both"), ("other", "both"), ("third", "single"), ("fourth", "one")):
        composite = Inner(inner)
        composite.name = name
        graph.connect(source, "output", composite, "input")
    graph.connect(source, "output", whole := Nothing(), "input")
    whole.name = "single"
    results = sferic.run(graph)
    assert results["one/both"] is not results["other/both"]
    assert results["one"] is results["fourth/one"]
    assert results["single"] is results[whole]
    with pytest.raises(KeyError, match="'both' is the name of one/both and other/both: use the whole path"):
        results["both"]


def test_an_input_for_a_name_that_two_pes_have():
    graph = sferic.WorkflowGraph()
    for name in ("one", "other"):
        composite = Inner("both")
        composite.name = name
        graph.add(composite)
    with pytest.raises(sferic.WrongInput, match="'both', which is the name of one/both and other/both. Use the whole"):
        sferic.run(graph, {"both": [{"input": 1}], "one/both": [{"input": 1}]})
    results = sferic.run(graph, {"one/both": [{"input": 1}], "other/both": []})
    assert dict(results.counts["one/both"])["in"] == 1
