"""Word count as somebody writes it who knows pyspark: `spark-submit … spark_words.py FOLDER REPEATS WAY`.

Fair to both: the functions of an item are those of workflows/word_functions.py; lines come from the same generator, in
two partitions as in two instances; `reduceByKey` counts in each partition before it shuffles, as the workflow has a PE
for that (where WAY is "words" neither does, and each word takes a hop); the sink is one function, called where the
counts are. Around it is idiomatic pyspark of RDDs.
"""

import sys
from collections.abc import Iterable, Iterator
from operator import add

from pyspark import SparkContext
from word_functions import keep, lines, split

folder, repeats, way = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def counted(ones: Iterable[tuple[str, int]]) -> Iterable[tuple[str, int]]:
    """How often each word came."""
    counts: dict[str, int] = {}
    for word, one in ones:
        counts[word] = counts.get(word, 0) + one
    return counts.items()


def kept(part: int, counts: Iterable[tuple[str, int]]) -> Iterator[None]:
    """The sink."""
    keep(folder, part, counts)
    return iter(())


with SparkContext(appName="words") as sc:
    ones = (
        sc.parallelize(range(2), 2)
        .flatMap(lambda part: lines(folder, part, repeats))
        .flatMap(split)
        .map(lambda word: (word, 1))
    )
    counts = ones.reduceByKey(add, 2) if way == "parts" else ones.partitionBy(2).mapPartitions(counted)
    counts.mapPartitionsWithIndex(kept).count()
