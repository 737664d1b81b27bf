"""How a batch job keeps what its stages sent."""

from pyspark import SparkContext, StorageLevel


def kept_twice(sc: SparkContext) -> StorageLevel:
    """On two executors, where there are several: for stages that deal out in turn.

    If the one that has it is lost, Spark computes again what it needs of it. What is dealt out in turn would then go
    to another instance than it did, wherever the order depends on time or chance: some items would be lost, others
    counted twice. What a key decides goes the same way again.
    """
    return StorageLevel.MEMORY_AND_DISK if str(sc.master).startswith("local") else StorageLevel.MEMORY_AND_DISK_2
