"""(str, int) tuples through producer → map → consumer by stream-d4py's Spark mapping: `d4py_spark.py FOLDER COUNT`.

Its command cannot be measured. With `-i N` it ends with NameError (xrange is Python 2's); with data it exits with 0 and
has run nothing, since the lines that would are comments. Here `process` is given data, and the last RDD that it made is
counted. What remains: groupings are left out, postprocess is never called, results go nowhere.
"""

import argparse
import sys
import time
from pathlib import Path

from dispel4py.base import ConsumerPE, IterativePE, ProducerPE
from dispel4py.new.spark_process import process
from dispel4py.workflow_graph import WorkflowGraph
from pyspark import RDD, SparkContext

folder, count = Path(sys.argv[1]), int(sys.argv[2])


class Pairs(ProducerPE):
    """The source; notes when it begins."""

    def _process(self, inputs):
        (folder / "first-0").write_text(str(time.time_ns()))
        for number in range(count):
            self.write("output", ("name", number))


class Map(IterativePE):
    """Adds one."""

    def _process(self, data):
        return (data[0], data[1] + 1)


class Sink(ConsumerPE):
    """Takes all; notes when the last came."""

    def _process(self, data):
        if data[1] == count:
            (folder / "last-0").write_text(str(time.time_ns()))


graph = WorkflowGraph()
pairs, mapped = Pairs(), Map()
graph.connect(pairs, "output", mapped, "input")
graph.connect(mapped, "output", Sink(), "input")

made = []
plain = RDD.flatMap


def noted(self, *given, **more):
    """`flatMap`, and what it made."""
    made.append(plain(self, *given, **more))
    return made[-1]


RDD.flatMap = noted
with SparkContext(appName="items") as sc:
    process(sc, graph, {pairs.id: [{}]}, argparse.Namespace())
    made[-1].count()
