"""The Spark job languages, compiled by sferic 0 from a graph in memory.

    spark-submit --py-files flow.zip --archives packages.zip#packages job.py --checkpoint FOLDER

A stream, cut into supersteps: at each tick of a DStream every instance of every stage takes what was sent to it at the
last superstep, and what it sends goes on at the next. One RDD holds all instances: what has become of their PEs, where
their sources are, and the batches on their way. It is written to the checkpoint's folder at each superstep, and from
there the job goes on if its driver dies. An instance is a process of the runtime that is in flow.zip with the plan and
the workflow's files; compiled packages are in packages.zip.
"""

import sys
from typing import Any

from pyspark import RDD
from pyspark.streaming import StreamingContext

from sferic.runtime.spark.tasks import Tasks, Ticking, place

NAME = "languages"
VERSION = "0"

# The stages in topological order, and how many instances each has:
STAGES = {
    # Messages
    "Messages": 1,
    # Sentences
    #   Messages.output -> Sentences.input, in turn
    "Sentences": 1,
    # CountWords (2 instances)
    #   Sentences.output -> CountWords.input, in turn
    "CountWords": 2,
    # CountLanguages (2 instances)
    #   Sentences.output -> CountLanguages.input, by 'language'
    "CountLanguages": 2,
    # Statistics
    #   CountWords.output -> Statistics.words, all to the first instance
    #   CountLanguages.output -> Statistics.languages, all to the first instance
    #   results: Statistics.ranks
    "Statistics": 1,
}


def superstep(kept: RDD[Any], tasks: Tasks) -> RDD[Any]:
    """Every instance goes on with what has arrived for it. The n-th, counted through STAGES, is in partition n modulo
    their number."""
    arrived = kept.mapPartitions(tasks.on_their_way).partitionBy(tasks.partitions, place)
    return tasks.beside(kept, arrived).mapPartitions(tasks.instances, preservesPartitioning=True)


def stream(ssc: StreamingContext, run: Ticking) -> None:
    """No file is ever in the folder that is watched: the stream is a clock."""
    clock = ssc.textFileStream(run.clock)
    clock.foreachRDD(lambda time, _: run.tick(time, superstep))


if __name__ == "__main__":
    from sferic.submitted import main_of_stream

    sys.exit(main_of_stream(NAME, VERSION, STAGES, stream))
