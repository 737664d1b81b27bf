"""Runs a job on a Spark on this machine, from start to end."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from sferic.cluster.java import find_java
from sferic.cluster.spark_install import spark_home
from sferic.compiler.targets.spark import SparkArtefact
from sferic.runtime.observe import Observer, StopRequest
from sferic.runtime.spark import StreamSettings


def run_on_local_spark(
    artefact: SparkArtefact, root: Path, observer: Observer, stop: StopRequest, settings: StreamSettings
) -> None:
    """Run the job to its end; what happens goes to `observer`. `settings`: of a stream.

    When state was lost a finite run begins again once; the second time it ends with an error.
    """
    spark_home()
    choose_java()
    from sferic.runtime.spark.flow import Flow  # noqa: PLC0415 - there is pyspark now
    from sferic.runtime.spark.local import run_local, stream_local  # noqa: PLC0415

    scope: dict[str, Any] = {"__name__": "sferic_job"}
    exec(compile(artefact.job_py, "job.py", "exec"), scope)  # noqa: S102 - our own rendering; user text is in literals
    folder = Path(tempfile.mkdtemp(prefix="sferic-spark-"))
    try:
        flow = Flow(artefact.plan.to_json(), str(root))
        if artefact.mode == "batch":
            run_local(flow, scope["stages"], observer, stop, folder)
        else:
            stream_local(flow, scope["stream"], observer, stop, folder, settings)
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # the JVM is gone; what it still held is of no use


def choose_java() -> None:
    """Spark takes the Java of JAVA_HOME, or the first on the PATH, however old."""
    java = find_java().path
    if "JAVA_HOME" in os.environ or shutil.which("java") != str(java):
        os.environ["JAVA_HOME"] = str(java.resolve().parents[1])
