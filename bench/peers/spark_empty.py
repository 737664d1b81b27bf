"""Nothing, through so many stages with state, by hand: `spark_empty.py FOLDER STAGES INTERVAL`; interval 0: a batch
job, whose stages each have a shuffle and a Python function."""

import sys
from collections.abc import Iterable

from pyspark import SparkContext
from pyspark.streaming import StreamingContext

folder, stages, interval = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])


def total(new: list[int], before: int | None) -> int:
    """Of a key."""
    return sum(new, before or 0)


def same(pairs: Iterable[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    """What came."""
    return pairs


sc = SparkContext(appName="nothing")
if interval:
    context = StreamingContext(sc, interval)  # type: ignore[arg-type]
    context.checkpoint(f"{folder}/checkpoint")
    stream = context.textFileStream(f"{folder}/in").map(lambda line: (0, int(line)))
    for _ in range(stages):
        stream = stream.updateStateByKey(total, 2)
    stream.foreachRDD(lambda rdd: rdd.count())
    context.start()
    context.awaitTermination()
else:
    pairs = sc.parallelize([], 1)
    for _ in range(stages):
        pairs = pairs.partitionBy(1).mapPartitions(same)
    pairs.count()
    sc.stop()
