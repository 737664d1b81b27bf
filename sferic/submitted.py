"""What a Spark job does around its stages: its options, what it tells, its results, its exit status."""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sferic.jobstatus import JobStatus
from sferic.runtime.observe import FAILED, INTERRUPTED, WRONG_INPUT, Event, Outcome
from sferic.runtime.spark import INTERVAL, Mode, interval_of
from sferic.stop import StopOnSignal

if TYPE_CHECKING:
    from pyspark import SparkContext

    from sferic.runtime.spark import stream
    from sferic.runtime.spark.batch import Build
    from sferic.runtime.spark.flow import Flow


class _Ended(Exception):  # noqa: N818 - the way out of a job that cannot begin
    """With the exit status; the text says why."""

    def __init__(self, text: str, exit_status: int = WRONG_INPUT) -> None:
        super().__init__(text)
        self.exit_status = exit_status


@dataclass(frozen=True, slots=True)
class _Driver:
    """What a job has in hand when Spark is there."""

    sc: "SparkContext"
    flow: "Flow"
    stop: StopOnSignal
    status: JobStatus
    gone: ExitStack  # at the end of the run

    def folder(self) -> Path:
        """A new one on this machine, gone after the run."""
        return Path(self.gone.enter_context(tempfile.TemporaryDirectory(prefix="sferic-job-")))

    def runs(self, outcome: Outcome, mode: Mode, **facts: object) -> None:
        """Say so."""
        plan = self.flow.plan
        instances = {stage.id: stage.instances for stage in plan.stages}
        spark = {"master": str(self.sc.master), "app": str(self.sc.applicationId)}
        self.status.running(outcome, self.stop, instances, plan=plan.digest(), mode=mode, **spark, **facts)


def main(name: str, stages: "Build") -> int:
    """Run a batch job as spark-submit started it. Its exit status: 0 done, 1 failed, 2 wrong input, 3 items failed,
    130 ended by a second signal.

    Results are lines of JSON on stdout, or in a file; what happens is told on stderr.
    """
    options = _options(name)

    def job(driver: _Driver) -> int:
        from sferic.report import Reporter, show_results, write_results  # noqa: PLC0415 - they need what came along
        from sferic.runtime.letters import LettersFile  # noqa: PLC0415
        from sferic.runtime.spark.batch import run_batch  # noqa: PLC0415

        letters = None if options.dead_letters is None else LettersFile(options.dead_letters)
        reporter = Reporter(letters=letters, as_text=_as_text(options))
        driver.runs(reporter, "batch")
        stop_file = str(options.stop or driver.folder() / "stop")
        run_batch(driver.sc, driver.flow, stages, reporter, driver.stop, stop_file=stop_file, progress=driver.status)
        if options.results is None:
            show_results(reporter, sys.stdout)
        else:
            write_results(reporter, options.results)
        reporter.summary()
        return reporter.status

    return _run(name, options.status, job)


def main_of_stream(name: str, version: str, stages: Mapping[str, int], stream: "stream.Build") -> int:
    """Run a stream job as spark-submit started it, from the last superstep that its checkpoint has, if it has one.

    `stages`: instances of each. Results are lines of JSON as they come, on stdout or in a file. Its exit status: as of
    `main`; 2 where the checkpoint is of another job.
    """
    from sferic.runtime.spark import StreamSettings  # noqa: PLC0415

    options = _options(name, stream=True)

    def job(driver: _Driver) -> int:
        from sferic.runtime.spark.stream import run_stream  # noqa: PLC0415 - it needs what came along
        from sferic.written import Written  # noqa: PLC0415

        if stages != {stage.id: stage.instances for stage in driver.flow.plan.stages}:
            raise _Ended("job.py and flow.zip are not of one compilation: take both from the same folder")
        folder = options.checkpoint
        if folder is None and not str(driver.sc.master).startswith("local"):
            raise _Ended("--checkpoint FOLDER has to be said, one that all machines of the cluster see")
        folder = folder or str(driver.folder() / "checkpoint")
        with Written(options.results, options.dead_letters, _as_text(options)) as reporter:
            driver.runs(reporter, "dstream", interval=options.interval, checkpoint=folder)
            settings = StreamSettings(options.interval, folder, version, reporter, driver.status)
            run_stream(driver.sc, driver.flow, stream, reporter, driver.stop, settings)
            reporter.summary()
        return reporter.status

    return _run(name, options.status, job)


def _run(name: str, status_file: Path | None, job: Callable[[_Driver], int]) -> int:
    """From Spark's start to its end, and whatever comes of it in the status file."""
    from pyspark import SparkContext  # noqa: PLC0415 - a job has it

    from sferic.runtime.spark.flow import Flow, NoFlow  # noqa: PLC0415
    from sferic.runtime.spark.shutdown import Shutdown  # noqa: PLC0415
    from sferic.runtime.spark.workers import job_conf  # noqa: PLC0415

    status = JobStatus(status_file, name)
    try:
        with Shutdown() as shutdown, _begun(lambda: SparkContext(conf=job_conf(name))) as sc:
            stop = StopOnSignal(limit=None)  # after the context, which has a handler of its own
            shutdown.of(sc, stop.ask)
            flow = Flow.travelling()
            flow.here()  # after this what came along can be imported, too
            with ExitStack() as gone:
                ended = job(_Driver(sc, flow, stop, status, gone))
    except (_Ended, NoFlow) as error:
        exit_status = error.exit_status if isinstance(error, _Ended) else WRONG_INPUT
        print(error, file=sys.stderr)  # noqa: T201
        status.ended(exit_status, str(error))
        return exit_status
    except KeyboardInterrupt:
        status.ended(INTERRUPTED)
        return INTERRUPTED
    except BaseException as error:
        status.ended(FAILED, f"{type(error).__name__}: {error}")
        raise
    status.ended(ended)
    return ended


def _begun(make: Callable[[], "SparkContext"]) -> "SparkContext":
    try:
        return make()
    except Exception as error:
        from sferic.runtime.spark.reason import reason  # noqa: PLC0415 - only who fails needs it

        given = "What it was given is in the line of spark-submit (--conf …) and in its spark-defaults.conf"
        raise _Ended(f"Spark could not start: {reason(error)}. {given}", FAILED) from error


def _as_text(options: argparse.Namespace) -> Callable[[Event], str] | None:
    from sferic.logged import entry  # noqa: PLC0415 - it needs what came along

    return entry if options.entries else None


def _options(name: str, *, stream: bool = False) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="job.py", description=f"The Spark job {name}.", allow_abbrev=False)
    parser.add_argument("--results", type=Path, metavar="FILE", help="write results there, a line of JSON each")
    parser.add_argument("--dead-letters", type=Path, metavar="FILE", help="add items that failed to this file")
    parser.add_argument("--status", type=Path, metavar="FILE", help="say there how it goes, as one JSON object")
    parser.add_argument(
        "--entries", action="store_true", help="tell what happens as entries of a log, with time and level"
    )
    if stream:
        parser.add_argument("--checkpoint", metavar="FOLDER", help="go on from there, on any file system of Spark's")
        parser.add_argument("--interval", type=_interval, default=INTERVAL, metavar="SECONDS", help="between ticks")
    else:
        parser.add_argument("--stop", type=Path, metavar="FILE", help="end sources when it appears")
    options = parser.parse_args()
    for option in ("results", "dead_letters", "status"):
        path: Path | None = getattr(options, option)
        if path is not None and not os.access(path.parent, os.W_OK | os.X_OK):
            said = f"--{option.replace('_', '-')} {path}"
            parser.error(f"{said}: its folder is not there or not to be written to")
    return options


def _interval(text: str) -> float:
    try:
        return interval_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
