"""What a Spark job does around its stages: its options, what it tells, its results, its exit status."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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


def _options(name: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="job.py", description=f"The Spark job {name}.")
    parser.add_argument("--results", type=Path, metavar="FILE", help="write results there, a line of JSON each")
    parser.add_argument("--dead-letters", type=Path, metavar="FILE", help="add items that failed to this file")
    return parser.parse_args()
