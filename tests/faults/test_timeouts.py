"""Storm's message timeout says nothing of slow PEs: what waits for one is kept alive, however long the queue."""

import time

import pytest

import sferic

TIMEOUT = 2  # seconds; Storm counts whole ones
QUEUE = 44  # tuples before a PE that takes half a second each: more than ten timeouts
LONG = 20.0


class Singly(sferic.ProducerPE):
    batch = {"items": 1}

    def _process(self, inputs):
        yield from range(QUEUE)


class HalfASecond(sferic.IterativePE):
    def __init__(self):
        super().__init__()
        self.seen = 0

    def _process(self, data):
        self.seen += 1
        time.sleep(0.5)
        return data

    def _postprocess(self):
        self.write("output", ("seen", self.seen))


class After(sferic.IterativePE):
    def _process(self, data):
        return data


class One(sferic.ProducerPE):
    def _process(self, inputs):
        self.write("output", 1)


class TwentySeconds(sferic.IterativePE):
    def _process(self, data):
        time.sleep(LONG)
        return data


@pytest.mark.slow  # its subject is time: ten timeouts long
def test_no_tuple_fails_behind_slow_pes(watch):
    graph = sferic.WorkflowGraph()
    slow, last, long = HalfASecond(), After(), TwentySeconds()
    graph.connect(Singly(), "output", slow, "input")
    graph.connect(slow, "output", last, "input")
    graph.connect(One(), "output", long, "input")
    # All of the queue is in flight at once.
    config = {"topology.message.timeout.secs": TIMEOUT, "sferic.window": QUEUE + 1}
    outcome = watch(graph, "storm", config)
    assert outcome.status == 0
    assert outcome.told("replayed") == []
    assert outcome.out("After") == [*range(QUEUE), ("seen", QUEUE)]
    assert outcome.counts["HalfASecond"]["in"] == QUEUE
    assert outcome.counts["After"]["in"] == QUEUE + 1
    assert outcome.out("TwentySeconds") == [1]
    assert outcome.told("died") == []
