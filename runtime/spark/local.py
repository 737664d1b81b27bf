"""A Spark inside this process's own JVM, for runs on one machine."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

from pyspark import SparkConf, SparkContext

from sferic.runtime.host.failures import error_event
from sferic.runtime.observe import Observer, StopRequest
from sferic.runtime.spark import StreamSettings, stream
from sferic.runtime.spark.batch import Build, run_batch
from sferic.runtime.spark.flow import Flow
from sferic.runtime.spark.workers import over_unix_sockets

_TRIES = 4  # of a task, as on a cluster: a worker that is killed ends no run
_LOGGING = """\
status = error
rootLogger.level = error
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss} %p %c: %m%n%ex
"""


def run_local(flow: Flow, build: Build, observer: Observer, stop: StopRequest, folder: Path) -> None:
    """Run a batch job with the context that this process has, where it has one, else with one of its own. `folder`:
    for the run's files, gone after it."""
    with _context(observer, folder) as sc:
        if sc is not None:
            run_batch(sc, flow, build, observer, stop, stop_file=str(folder / "stop"))


def stream_local(
    flow: Flow, build: stream.Build, observer: Observer, stop: StopRequest, folder: Path, settings: StreamSettings
) -> None:
    """Run a stream job so. Without a checkpoint's folder it has one below `folder`."""
    if not settings.checkpoint:
        settings = replace(settings, checkpoint=str(folder / "checkpoint"))
    with _context(observer, folder) as sc:
        if sc is not None:
            stream.run_stream(sc, flow, build, observer, stop, settings)


@contextlib.contextmanager
def _context(observer: Observer, folder: Path) -> Generator[SparkContext | None]:
    """None, and the observer told, where the one that there is does not do."""
    running = SparkContext._active_spark_context  # pyright: ignore[reportPrivateUsage] - the public way would make one
    if running is None:
        with local_context(folder) as sc:
            yield sc
    elif str(running.master).startswith("local"):
        yield running
    else:
        text = (
            f"this process has a SparkContext on {running.master}, whose machines do not have the workflow's files: "
            "compile --to spark and submit the job, or stop that context first"
        )
        observer.event(error_event(text, "input"))
        yield None


@contextlib.contextmanager
def local_context(folder: Path) -> Generator[SparkContext]:
    """A context on this machine, as many tasks at a time as it has cores, at least two; what its JVM says on stderr is
    in `folder`."""
    logging = folder / "log4j2.properties"
    logging.write_text(_LOGGING)
    conf = (
        SparkConf()
        .setMaster(f"local[{max(2, os.cpu_count() or 2)},{_TRIES}]")
        .setAppName("sferic")
        .set("spark.ui.enabled", "false")
        .set("spark.ui.showConsoleProgress", "false")
        .set("spark.driver.bindAddress", "127.0.0.1")
        .set("spark.driver.host", "127.0.0.1")
        .set("spark.driver.maxResultSize", "0")
        .set("spark.local.dir", str(folder))
        # A run takes seconds: the second compiler would take longer to make the JVM quick than it then saves.
        .set("spark.driver.extraJavaOptions", f"-Dlog4j2.configurationFile={logging} -XX:TieredStopAtLevel=1")
    )
    with (folder / "stderr.txt").open("wb") as said, _stderr_to(said.fileno()), _own_interrupt():
        sc = SparkContext(conf=over_unix_sockets(conf, str(folder)))
    # It took PYSPARK_PYTHON or the first python3 on PATH, which need not be the one that has the workflow's packages;
    # the setting spark.pyspark.python is one of spark-submit and does nothing here.
    sc.pythonExec = sys.executable
    jvm: Any = sc._jvm  # pyright: ignore[reportPrivateUsage] - it outlives this process, if that is killed
    jvm.org.apache.spark.util.ShutdownHookManager.registerShutdownDeleteDir(jvm.java.io.File(str(folder)))
    try:
        yield sc
    finally:
        sc.stop()


@contextlib.contextmanager
def _own_interrupt() -> Generator[None]:
    """What Ctrl-C does stays the caller's: a new context puts a handler of its own there, which drains nothing."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _stderr_to(fd: int) -> Generator[None]:
    """What is started meanwhile says its stderr there."""
    sys.stderr.flush()
    kept = os.dup(2)
    os.dup2(fd, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
