"""Word count as somebody writes it who knows pyspark: `spark-submit … spark_words.py FOLDER REPEATS`.

Fair to both: the functions of an item are those of workflows/word_functions.py; lines come from the same generator, in
two partitions as in two instances; `reduceByKey` counts in each partition before it shuffles, and the workflow has a PE
that does; the sink is the same function, called where the counts are. Around it is idiomatic pyspark of RDDs.
"""

import sys
from collections.abc import Iterable, Iterator
from operator import add

from pyspark import SparkContext
from word_functions import keep, lines, split

folder, repeats = sys.argv[1], int(sys.argv[2])


def kept(part: int, counts: Iterable[tuple[str, int]]) -> Iterator[None]:
    """The sink."""
    keep(folder, part, counts)
    return iter(())


with SparkContext(appName="words") as sc:
    counts = (
        sc.parallelize(range(2), 2)
        .flatMap(lambda part: lines(folder, part, repeats))
        .flatMap(split)
        .map(lambda word: (word, 1))
        .reduceByKey(add, 2)
    )
    counts.mapPartitionsWithIndex(kept).count()
