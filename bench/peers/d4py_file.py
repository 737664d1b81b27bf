"""A workflow file of dispel4py's under dispel4py itself; prints seconds and, as JSON, what came out of its last PE.

Arguments: file, inputs as JSON by PE's name, name of the last PE, simple, multi or mpi (below mpiexec), processes.
Runs with stream-d4py's interpreter.
"""

import argparse
import contextlib
import io
import json
import runpy
import sys
import tempfile
import time
from pathlib import Path

from dispel4py.base import ConsumerPE


class Keep(ConsumerPE):
    """Writes what it gets to a file: MPI's ranks give back no results."""

    def __init__(self, path):
        ConsumerPE.__init__(self)
        self.path = path

    def _process(self, data):
        with Path(self.path).open("a") as file:
            file.write(json.dumps(data) + "\n")


def main():
    """One run, timed from when the graph is there."""
    file, inputs, last, how, number = sys.argv[1:]
    graph = runpy.run_path(file)["graph"]
    pes = {node.get_contained_object().name: node.get_contained_object() for node in graph.graph.nodes()}
    # By id: each rank of MPI has its own PE objects.
    inputs = {pes[name].id: given for name, given in json.loads(inputs).items()}
    given = argparse.Namespace(num=int(number), num_processes=int(number), simple=False, results=True)
    if how == "mpi":
        mpi(graph, inputs, given, pes[last])
        return
    began = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        results = simple(graph, inputs) if how == "simple" else multi(graph, inputs, given)
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "results": results}))


def simple(graph, inputs):
    """What came out of all ports."""
    from dispel4py.new.simple_process import process_and_return

    found = process_and_return(graph, inputs)
    return [item for ports in found.values() for items in ports.values() for item in items]


def multi(graph, inputs, given):
    """Likewise."""
    from dispel4py.new.multi_process import STATUS_TERMINATED, process

    queue = process(graph, inputs, given)
    results = []
    while (got := queue.get()) != STATUS_TERMINATED:
        results.append(got[2])
    return results


def mpi(graph, inputs, given, last):
    """Likewise, by a PE behind the last one; from when all ranks are there to when all are done."""
    from dispel4py.new.mpi_process import comm, process

    path = comm.bcast(tempfile.mkdtemp() + "/results" if comm.Get_rank() == 0 else None)
    keep = Keep(path)
    keep.single = True
    graph.connect(last, "output", keep, "input")
    comm.Barrier()
    began = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        process(graph, inputs=inputs, args=given)
        comm.Barrier()
    seconds = time.perf_counter() - began
    if comm.Get_rank() == 0:
        results = [json.loads(line) for line in Path(path).read_text().splitlines()]
        print(json.dumps({"seconds": seconds, "results": results}))


main()
