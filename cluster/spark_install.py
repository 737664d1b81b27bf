"""The Spark that is installed here, as its processes want to be started."""

import importlib.util
import os
import sys
from pathlib import Path

from sferic.cluster.errors import OperationError
from sferic.cluster.java import find_java

LOOPBACK = "127.0.0.1"


class SparkMissing(OperationError):  # noqa: N818 - names the situation
    """pyspark is not installed; the text says what to do."""


def spark_home() -> Path:
    """The folder of pyspark. Raises SparkMissing."""
    found = importlib.util.find_spec("pyspark")
    if found is None or found.origin is None:
        raise SparkMissing("Spark is not installed here. Do: pip install 'sferic[spark]'")
    return Path(found.origin).parent


def spark_environment(*, loopback: bool) -> dict[str, str]:
    """This process's, with what Spark's scripts read: which Spark, Java and Python, whatever was set before.

    `loopback`: nothing that is started so listens beyond it.
    """
    home, java = spark_home(), find_java().path
    env = {**os.environ, "SPARK_HOME": str(home), "JAVA_HOME": str(java.resolve().parents[1])}
    env |= {"PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable}
    if loopback:
        env |= {"SPARK_LOCAL_IP": LOOPBACK, "SPARK_PUBLIC_DNS": LOOPBACK}
        env.pop("SPARK_LOCAL_HOSTNAME", None)
    return env
