"""The Spark job languages, compiled by sferic 0 from a graph in memory.

    spark-submit --py-files flow.zip --archives packages.zip#packages job.py

Each stage is an RDD. Its partition r is what instance r of the stage has sent: batches of items, each with the number
of its link and its bucket, the instance that it is for. Between two stages a shuffle takes bucket b to partition b, and
there each sender's batches are in the order in which they were sent. An instance is a process of the runtime that is in
flow.zip with the plan and the workflow's files; compiled packages are in packages.zip.
"""

import sys

from pyspark import RDD, SparkContext, StorageLevel

from sferic.runtime.spark.flow import Orders
from sferic.runtime.spark.records import Record, addressed, bucket, on_links
from sferic.runtime.spark.storage import kept_twice

NAME = "languages"


def stages(sc: SparkContext, run: Orders) -> dict[str, RDD[Record]]:
    """The stages in topological order; each is kept, so that it is computed once, however many read it."""

    # Messages
    messages = sc.parallelize([], 1).mapPartitionsWithIndex(run.instance("Messages"))
    messages.persist(StorageLevel.MEMORY_AND_DISK)

    # Sentences
    #   Messages.output -> Sentences.input, in turn
    sentences = (
        messages.filter(on_links(0))
        .map(addressed)
        .repartitionAndSortWithinPartitions(1, bucket)
        .mapPartitionsWithIndex(run.instance("Sentences"))
    )
    sentences.persist(kept_twice(sc))

    # CountWords (2 instances)
    #   Sentences.output -> CountWords.input, in turn
    count_words = (
        sentences.filter(on_links(1))
        .map(addressed)
        .repartitionAndSortWithinPartitions(2, bucket)
        .mapPartitionsWithIndex(run.instance("CountWords"))
    )
    count_words.persist(StorageLevel.MEMORY_AND_DISK)

    # CountLanguages (2 instances)
    #   Sentences.output -> CountLanguages.input, by 'language'
    count_languages = (
        sentences.filter(on_links(2))
        .map(addressed)
        .repartitionAndSortWithinPartitions(2, bucket)
        .mapPartitionsWithIndex(run.instance("CountLanguages"))
    )
    count_languages.persist(StorageLevel.MEMORY_AND_DISK)

    # Statistics
    #   CountWords.output -> Statistics.words, all to the first instance
    #   CountLanguages.output -> Statistics.languages, all to the first instance
    #   results: Statistics.ranks
    statistics = (
        sc.union(
            [
                count_words.filter(on_links(3)),
                count_languages.filter(on_links(4)),
            ]
        )
        .map(addressed)
        .repartitionAndSortWithinPartitions(1, bucket)
        .mapPartitionsWithIndex(run.instance("Statistics"))
    )
    statistics.persist(StorageLevel.MEMORY_AND_DISK)

    return {
        "Messages": messages,
        "Sentences": sentences,
        "CountWords": count_words,
        "CountLanguages": count_languages,
        "Statistics": statistics,
    }


if __name__ == "__main__":
    from sferic.submitted import main

    sys.exit(main(NAME, stages))
