"""How a job keeps what it has computed."""

import io
import struct
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeVar

from pyspark import RDD, Accumulator, SparkContext, StorageLevel, TaskContext
from pyspark.accumulators import AccumulatorParam

Found = TypeVar("Found")
Side = Literal["out", "in"]
_Part = tuple[Side, int]


def kept_twice(sc: SparkContext) -> StorageLevel:
    """For a batch job: on two executors, where there are several, for stages that deal out in turn.

    If the one that has it is lost, Spark computes again what it needs of it. What is dealt out in turn would then go
    to another instance than it did, wherever the order depends on time or chance: some items would be lost, others
    counted twice. What a key decides goes the same way again.
    """
    return StorageLevel.MEMORY_AND_DISK if str(sc.master).startswith("local") else StorageLevel.MEMORY_AND_DISK_2


class Made:
    """Counts which partitions tasks have computed, on both sides of the shuffle before them. The driver makes it, and
    tasks take it along."""

    def __init__(self, sc: SparkContext) -> None:
        self._counts: Accumulator[dict[_Part, int]] = sc.accumulator({}, _Sum())
        self._speculates = sc.getConf().get("spark.speculation", "false").lower() == "true"

    def add(self, side: Side) -> None:
        """In a task, when it begins."""
        context = TaskContext.get()
        assert context is not None
        self._counts.add({(side, context.partitionId()): 1})

    def forget(self) -> None:
        """Begin anew, before a job."""
        self._counts.value = {}

    def once(self, partitions: int) -> bool:
        """Was each partition computed by one task, and none asked a second time for what goes into it?"""
        counts = self._counts.value
        computed = {part for side, part in counts if side == "in"}
        return not self._speculates and computed == set(range(partitions)) and set(counts.values()) == {1}

    def __getstate__(self) -> Any:
        """Tasks have no context of Spark's, and only count."""
        return self._counts

    def __setstate__(self, counts: Any) -> None:
        self._counts = counts
        self._speculates = False


class _Sum(AccumulatorParam["dict[_Part, int]"]):
    def zero(self, value: "dict[_Part, int]") -> "dict[_Part, int]":
        return {}

    def addInPlace(self, value1: "dict[_Part, int]", value2: "dict[_Part, int]") -> "dict[_Part, int]":  # noqa: N802
        """PySpark's name for it."""
        return dict(Counter(value1) + Counter(value2))


def written(rdd: "RDD[Any]", made: Made, read: Callable[[Any], Iterable[Found]]) -> list[Found]:
    """Compute `rdd` and write it to the folder of checkpoints; returns what `read` finds in its partitions as they are
    written there. Its tasks count themselves in `made`.

    It is computed, read and written in this order, in two jobs of Spark's. What is lost before it is written is
    computed once more, and may be something else then; so may be what two attempts at a stage compute side by side. The
    counts show it, and all is read from what was written.
    """
    made.forget()
    rdd.persist(StorageLevel.MEMORY_AND_DISK)
    rdd.checkpoint()
    try:
        found = collected(rdd, read)  # after it Spark writes what is to be written
        if not made.once(rdd.getNumPartitions()):
            rdd.unpersist()
            found = collected(rdd, read)
    except BaseException:
        rdd.unpersist()
        raise
    return found


def collected(rdd: "RDD[Any]", read: Callable[[Any], Iterable[Found]]) -> list[Found]:
    """What `read` finds in the partitions, fetched by Py4J: for each `collect` of its own PySpark makes a socket, whose
    name the JVM keeps until it ends, and a stream makes such jobs for months."""
    found: Any = rdd.mapPartitions(lambda part: [list(read(part))])
    of_partitions: list[Found] = []
    for batch in found._jrdd.collect():
        for part in found._jrdd_deserializer.load_stream(io.BytesIO(struct.pack("!i", len(batch)) + batch)):
            of_partitions += part
    return of_partitions
