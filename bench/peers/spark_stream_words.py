"""Word count as a DStream by somebody who knows pyspark: `spark-submit … spark_stream_words.py FOLDER INTERVAL`.

Fair to both: the functions of an item are those of workflows/word_functions.py; the files are the same, of the same
feeder, in a folder that each watches by its own means; a batch is counted by `reduceByKey` before it meets what was
counted, as the workflow has a PE for that; both keep all counts every second by the same function, both have a
checkpoint, and both go on from it where they were killed.
"""

import sys
from collections.abc import Iterable, Iterator
from operator import add
from pathlib import Path

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from word_functions import keep, split

folder, interval = sys.argv[1], float(sys.argv[2])
checkpoint = f"{folder}/checkpoint"


def updated(new: list[int], before: int | None) -> int:
    """How often a word has come."""
    return sum(new, before or 0)


def kept(part: int, counts: Iterable[tuple[str, int]]) -> Iterator[None]:
    """The sink."""
    keep(folder, part, counts)
    return iter(())


def create() -> StreamingContext:
    """The stream, where there is no checkpoint yet."""
    context = StreamingContext(SparkContext(appName="words"), interval)  # type: ignore[arg-type]
    context.checkpoint(checkpoint)
    counts = (
        context.textFileStream(f"{folder}/in")
        .flatMap(split)
        .map(lambda word: (word, 1))
        .reduceByKey(add, 2)
        .updateStateByKey(updated, 2)
    )
    counts.foreachRDD(lambda rdd: rdd.mapPartitionsWithIndex(kept).count())
    return context


stream = StreamingContext.getOrCreate(checkpoint, create)
stream.start()
Path(folder, "ready").touch()
stream.awaitTermination()
