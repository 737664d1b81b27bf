"""However much a PE makes of its input, it arrives: nothing dies of a frame that is too long."""

import pytest

import sferic
from sferic.runtime import frames, wire

TARGETS = ["multi", "storm"]


class Numbers(sferic.ProducerPE):
    def __init__(self, count):
        super().__init__()
        self.count = count

    def _process(self, inputs):
        yield from range(self.count)


class Fat(sferic.IterativePE):
    """A MiB of each number; at its end as many again."""

    def __init__(self, at_end):
        super().__init__()
        self.at_end = at_end

    def _process(self, data):
        return bytes([data % 251]) * (1 << 20)

    def _postprocess(self):
        for number in range(self.at_end):
            self.write("output", bytes([number % 251]) * (1 << 20))


class Measured(sferic.IterativePE):
    def __init__(self):
        super().__init__()
        self.sums = {}

    def _process(self, data):
        self.sums[data[0]] = self.sums.get(data[0], 0) + len(data)

    def _postprocess(self):
        self.write("output", self.sums)


@pytest.mark.parametrize("on", TARGETS)
def test_more_than_a_frame_holds_of_one_batch_and_at_an_end(on):
    graph, fat, measured = sferic.WorkflowGraph(), Fat(300), Measured()
    graph.connect(Numbers(300), "output", fat, "input")
    graph.connect(fat, "output", measured, "input")
    expected = {}
    for number in [*range(300), *range(300)]:
        expected[number % 251] = expected.get(number % 251, 0) + (1 << 20)
    assert sferic.run(graph, on=on, fuse="none")[measured]["output"] == [expected]
    assert 300 << 20 > frames.FRAME_LIMIT


def test_an_item_too_long_for_any_frame_fails_and_says_so(monkeypatch):
    monkeypatch.setattr(wire, "_BATCH", 10_000)
    graph, fat, measured = sferic.WorkflowGraph(), Fat(0), Measured()
    graph.connect(Numbers(2), "output", fat, "input")
    graph.connect(fat, "output", measured, "input")
    results = sferic.run(graph, on="multi", fuse="none", on_failure="dead-letter")
    assert [failure["pe"] for failure in results.failures] == ["Fat", "Fat"]
    assert "an item of 1,048,5" in results.failures[0]["error"]
    assert "write it in parts" in results.failures[0]["error"]


class PlusOne(sferic.IterativePE):
    stateless = True

    def _process(self, data):
        return data + 1


@pytest.mark.parametrize("on", ["local", *TARGETS])
def test_a_long_chain_in_one_process(on):
    graph, last = sferic.WorkflowGraph(), Numbers(3)
    graph.partitions = [[last]]
    for _ in range(300):
        graph.connect(last, "output", after := PlusOne(), "input")
        graph.partitions[0].append(after)
        last = after
    assert sferic.run(graph, on=on)[last]["output"] == [300, 301, 302]
