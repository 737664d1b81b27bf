"""What Spark says of what failed. It needs nothing that comes along with a job."""

from typing import Any


def reason(error: BaseException) -> str:
    """What Spark says of a job that failed, without its own stack; what Spark did not raise is raised again."""
    thrown: Any = getattr(error, "java_exception", None)
    if thrown is None:
        raise error
    lines = str(thrown.getMessage()).splitlines()
    return "\n".join(line for line in lines if not line.startswith(("\tat ", "Driver stacktrace")))
