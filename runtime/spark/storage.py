"""How a job keeps what it has computed."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from pyspark import RDD, Accumulator, SparkContext, StorageLevel

Found = TypeVar("Found")


def kept_twice(sc: SparkContext) -> StorageLevel:
    """For a batch job: on two executors, where there are several, for stages that deal out in turn.

    If the one that has it is lost, Spark computes again what it needs of it. What is dealt out in turn would then go
    to another instance than it did, wherever the order depends on time or chance: some items would be lost, others
    counted twice. What a key decides goes the same way again.
    """
    return StorageLevel.MEMORY_AND_DISK if str(sc.master).startswith("local") else StorageLevel.MEMORY_AND_DISK_2


def written(rdd: "RDD[Any]", made: "Accumulator[int]", read: Callable[[Any], Iterable[Found]]) -> list[Found]:
    """Compute `rdd` and write it to the folder of checkpoints; returns what `read` finds in its partitions as they are
    written there. Its tasks count themselves in `made`.

    It is computed, read and written in this order, in two jobs of Spark's. If a part is lost before it is written it is
    computed once more, and may be another one then: the count shows it, and all is read from what was written.
    """
    sc, before = rdd.context, made.value
    rdd.persist(StorageLevel.MEMORY_AND_DISK)
    rdd.checkpoint()
    try:
        found = sc.runJob(rdd, read)  # after it Spark writes what is to be written
        once = made.value - before == rdd.getNumPartitions()
        if not once or sc.getConf().get("spark.speculation") == "true":
            rdd.unpersist(blocking=True)
            found = sc.runJob(rdd, read)
    except BaseException:
        rdd.unpersist()
        raise
    return found
