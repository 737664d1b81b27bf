"""What a driver makes of what it hears: of its tasks, and of Spark."""

import json
import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from pyspark import SparkContext

from sferic.runtime.local.attempt import Attempt
from sferic.runtime.spark.records import EVENT, Record

_TRIES = 4  # of a task, as Spark has it on a cluster
_ONCE = re.compile(r"local(\[[^,]*\])?")  # a Spark in this JVM, which gives up with the first task that fails

Found = TypeVar("Found")


def tell(attempt: Attempt, records: Iterable[Record]) -> None:
    """Pass on what happened, and results. Raises Over where an event ends the attempt."""
    for link, _, _, _, data in records:
        if link == EVENT:
            attempt.event(json.loads(data))
        else:
            attempt.result(link, data)


def tried(sc: SparkContext, job: Callable[[], Found]) -> Found:
    """What a job of Spark's comes to. A task whose worker was killed is run again, by whoever drives."""
    for _ in range(_TRIES - 1 if _ONCE.fullmatch(str(sc.master)) else 0):
        try:
            return job()
        except Exception as error:
            if not _worker_died(error):
                raise
    return job()


def _worker_died(error: Exception) -> bool:
    """A task failed, and not by an exception of Python's, which would come again."""
    said = str(getattr(error, "java_exception", ""))
    return "stage failure: Task" in said and "PythonException" not in said
