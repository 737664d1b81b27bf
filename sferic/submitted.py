"""What a Spark job does around its stages: its options, what it tells, its results, its exit status."""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from sferic.runtime.observe import WRONG_INPUT
from sferic.runtime.spark import INTERVAL

if TYPE_CHECKING:
    from sferic.runtime.spark import stream
    from sferic.runtime.spark.batch import Build


class _Never:
    requested = False


def main(name: str, stages: "Build") -> int:
    """Run a batch job as spark-submit started it. Its exit status: 0 done, 1 failed, 2 wrong input, 3 items failed.

    Results are lines of JSON on stdout, or in a file; what happens is told on stderr.
    """
    from pyspark import SparkConf, SparkContext  # noqa: PLC0415 - `main` is of a job, which has it

    from sferic.runtime.spark.flow import Flow  # noqa: PLC0415

    options = _options(name)
    with SparkContext(conf=SparkConf().setAppName(name)) as sc:
        flow = Flow.travelling()
        flow.here()  # after this what came along can be imported, too
        from sferic.report import Reporter, show_results, write_results  # noqa: PLC0415
        from sferic.runtime.letters import LettersFile  # noqa: PLC0415
        from sferic.runtime.spark.batch import run_batch  # noqa: PLC0415

        letters = None if options.dead_letters is None else LettersFile(options.dead_letters)
        reporter = Reporter(letters=letters)
        run_batch(sc, flow, stages, reporter, _Never())
        if options.results is None:
            show_results(reporter, sys.stdout)
        else:
            write_results(reporter, options.results)
        reporter.summary()
    return reporter.status


def main_of_stream(name: str, version: str, stream: "stream.Build") -> int:
    """Run a stream job as spark-submit started it, from the last superstep that its checkpoint has, if it has one.

    Results are lines of JSON as they come, on stdout or in a file. Its exit status: as of `main`; 2 where the
    checkpoint is of another job.
    """
    from pyspark import SparkConf, SparkContext  # noqa: PLC0415 - `main` is of a job, which has it

    from sferic.runtime.spark import StreamSettings  # noqa: PLC0415
    from sferic.runtime.spark.flow import Flow  # noqa: PLC0415

    options = _options(name, stream=True)
    with SparkContext(conf=SparkConf().setAppName(name)) as sc, ExitStack() as gone:
        folder = options.checkpoint
        if folder is None and not str(sc.master).startswith("local"):
            print("--checkpoint FOLDER has to be said, one that all machines of the cluster see", file=sys.stderr)  # noqa: T201
            return WRONG_INPUT
        if folder is None:
            folder = gone.enter_context(tempfile.TemporaryDirectory(prefix="sferic-checkpoint-"))
        flow = Flow.travelling()
        flow.here()  # after this what came along can be imported, too
        from sferic.runtime.spark.stream import run_stream  # noqa: PLC0415
        from sferic.stop import StopOnSignal  # noqa: PLC0415
        from sferic.written import Written  # noqa: PLC0415

        with Written(options.results, options.dead_letters) as reporter:
            settings = StreamSettings(options.interval, folder, version, reporter)
            run_stream(sc, flow, stream, reporter, StopOnSignal(limit=None), settings)
            reporter.summary()
    return reporter.status


def _options(name: str, *, stream: bool = False) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="job.py", description=f"The Spark job {name}.")
    parser.add_argument("--results", type=Path, metavar="FILE", help="write results there, a line of JSON each")
    parser.add_argument("--dead-letters", type=Path, metavar="FILE", help="add items that failed to this file")
    if stream:
        parser.add_argument("--checkpoint", metavar="FOLDER", help="go on from there, on any file system of Spark's")
        parser.add_argument("--interval", type=float, default=INTERVAL, metavar="SECONDS", help="between ticks")
    return parser.parse_args()
