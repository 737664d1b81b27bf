"""100,000 (str, int) tuples through producer → map → consumer under dispel4py; prints seconds.

Argument: simple or multi. Runs with stream-d4py's interpreter.
"""

import argparse
import contextlib
import io
import sys
import time

from dispel4py.base import ConsumerPE, IterativePE, ProducerPE
from dispel4py.workflow_graph import WorkflowGraph

COUNT = 100_000


class Pairs(ProducerPE):
    """The source."""

    def _process(self, inputs):
        for number in range(COUNT):
            self.write("output", ("name", number))


class Map(IterativePE):
    """Adds one."""

    def _process(self, data):
        return (data[0], data[1] + 1)


class Sink(ConsumerPE):
    """Takes all."""

    def _process(self, data):
        pass


graph = WorkflowGraph()
pairs, mapped = Pairs(), Map()
graph.connect(pairs, "output", mapped, "input")
graph.connect(mapped, "output", Sink(), "input")
how = sys.argv[1]
began = time.perf_counter()
with contextlib.redirect_stdout(io.StringIO()):
    if how == "simple":
        from dispel4py.new.simple_process import process

        process(graph, inputs={pairs: 1}, args=argparse.Namespace(results=False))
    else:
        from dispel4py.new.multi_process import process

        process(graph, inputs={pairs: 1}, args=argparse.Namespace(num=3, simple=False, results=False))
print(time.perf_counter() - began)
