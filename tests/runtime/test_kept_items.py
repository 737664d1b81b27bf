"""What is tried again, and what a dead letter keeps, is the item as it came."""

import pytest

import sferic
from sferic.cli import main


class Dicts(sferic.ProducerPE):
    def _process(self, inputs):
        yield {"left": 1}


class Takes(sferic.IterativePE):
    """Spoils its item before it fails."""

    retries = 2
    on_failure = "dead-letter"

    def _process(self, data):
        data.pop("left")
        raise ValueError("after it took")


@pytest.mark.parametrize("on", ["local", "multi"])
def test_each_attempt_has_the_item_that_came(on):
    graph = sferic.WorkflowGraph()
    graph.connect(Dicts(), "output", Takes(), "input")
    (failure,) = sferic.run(graph, on=on).failures
    assert (failure["item"], failure["attempts"]) == ("{'left': 1}", 3)
    assert "after it took" in failure["error"]


class Odd(sferic.ProducerPE):
    def read(self, position):
        yield 1, {0: 5}


@pytest.mark.parametrize("on", ["local", "multi"])
def test_a_position_that_json_would_change_is_refused(on):
    graph = sferic.WorkflowGraph()
    graph.add(Odd())
    with pytest.raises(sferic.WorkflowFailed, match="a position must be what JSON keeps"):
        sferic.run(graph, on=on)


def test_a_result_that_is_no_text_is_written_as_json_has_it(tmp_path, monkeypatch):
    (tmp_path / "w.py").write_text(
        "import sferic\n"
        "class Half(sferic.ProducerPE):\n"
        "    def _process(self, inputs):\n"
        "        return chr(0xD800)\n"
        "graph = sferic.WorkflowGraph()\n"
        "graph.add(Half())\n"
    )
    monkeypatch.setattr("sys.argv", ["sferic", "run", str(tmp_path / "w.py"), "--results", str(tmp_path / "r.jsonl")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert (tmp_path / "r.jsonl").read_text() == '{"pe": "Half", "port": "output", "value": "\\ud800"}\n'
    assert list(tmp_path.glob(".*")) == []
