"""Spark's Python workers, kept quick."""

import functools
import gc

from pyspark import SparkConf, SparkContext

_LONGEST = 60  # bytes of a folder, so that there is room for the names that Spark makes in it; sockets' have 104 or 108
UNIX_SOCKETS = "spark.python.unix.domain.socket"  # since Spark 4.1; others do not know it


def over_unix_sockets(conf: SparkConf, folder: str | None = None) -> SparkConf:
    """Spark's JVMs talk to them over sockets that are files, where nothing else was said: in `folder`, if its name is
    short enough, or the temporary one of each machine.

    Over TCP every task of Python's waits for 40 ms: the JVM writes in small pieces, the second of which waits until
    the first is acknowledged, which the worker's side puts off (Nagle's algorithm and delayed acknowledgements, RFC
    1122, 4.2.3.2 and 4.2.3.4). Names of sockets are short: those of YARN's temporary folders may be too long.
    """
    if conf.get("spark.master") != "yarn":
        conf.setIfMissing(f"{UNIX_SOCKETS}.enabled", "true")
        if folder is not None and len(folder.encode()) < _LONGEST:
            conf.setIfMissing(f"{UNIX_SOCKETS}.dir", folder)
    return conf


def job_conf(name: str) -> SparkConf:
    """Of a job that spark-submit started, with all that it was given."""
    SparkContext._ensure_initialized()  # pyright: ignore[reportPrivateUsage] - without a JVM a SparkConf is empty
    return over_unix_sockets(SparkConf().setAppName(name))


@functools.cache  # once a process
def settle() -> None:
    """For tasks: after each of them Spark collects garbage, for 7 to 20 ms; what the first one has imported is none."""
    gc.freeze()
