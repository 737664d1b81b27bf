"""What a driver makes of what it hears: of its tasks, and of Spark."""

import json
from collections.abc import Iterable
from typing import Any

from sferic.runtime.local.attempt import Attempt
from sferic.runtime.spark.records import EVENT, Record


def tell(attempt: Attempt, records: Iterable[Record]) -> None:
    """Pass on what happened, and results. Raises Over where an event ends the attempt."""
    for link, _, _, _, data in records:
        if link == EVENT:
            attempt.event(json.loads(data))
        else:
            attempt.result(link, data)


def reason(error: BaseException) -> str:
    """What Spark says of a job that failed, without its own stack; what Spark did not raise is raised again."""
    thrown: Any = getattr(error, "java_exception", None)
    if thrown is None:
        raise error
    lines = str(thrown.getMessage()).splitlines()
    return "\n".join(line for line in lines if not line.startswith(("\tat ", "Driver stacktrace")))
