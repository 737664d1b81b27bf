"""100,000 (str, int) tuples through producer → map → consumer under dispel4py; prints seconds.

Argument: simple, multi or mpi (below mpiexec -n 3). Runs with stream-d4py's interpreter.
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


def timed(run):
    """Seconds; what the mappings print goes nowhere."""
    began = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        run()
    return time.perf_counter() - began


how = sys.argv[1]
if how == "simple":
    from dispel4py.new.simple_process import process

    print(timed(lambda: process(graph, inputs={pairs: 1}, args=argparse.Namespace(results=False))))
elif how == "multi":
    from dispel4py.new.multi_process import process

    given = argparse.Namespace(num=3, simple=False, results=False)
    print(timed(lambda: process(graph, inputs={pairs: 1}, args=given)))
else:
    from dispel4py.new.mpi_process import comm, process

    def run():
        """From when all are there to when all are done."""
        # By id: each rank has its own PE objects, and an input for another rank's is never found.
        process(graph, inputs={pairs.id: 1}, args=argparse.Namespace(num_processes=3, simple=False))
        comm.Barrier()

    comm.Barrier()
    seconds = timed(run)
    if comm.Get_rank() == 0:
        print(seconds)
