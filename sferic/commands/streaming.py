"""The options that say how a run on Spark goes on."""

from collections.abc import Mapping
from typing import Any

import click

from sferic.compiler.diagnostics import Problem, WrongInput
from sferic.launch import Spark
from sferic.runtime.plan import RESULTS, Plan
from sferic.runtime.spark import INTERVAL, interval_of


def _interval(_context: click.Context, _option: click.Parameter, given: str | None) -> float | None:
    try:
        return None if given is None else interval_of(given)
    except ValueError as error:
        raise WrongInput([Problem(f"--interval: {error}")]) from error


MODE = click.option(
    "--mode", type=click.Choice(["batch", "dstream"]), help="Of Spark.  [default: dstream where it has no end]"
)
STREAMING = (
    MODE,
    click.option("--interval", callback=_interval, metavar="SECONDS", help="Between the ticks of a stream."),
    click.option("--checkpoint", metavar="FOLDER", help="Where a stream goes on after its end by a fault."),
)


def spark_of(given: Mapping[str, Any], on: str, option: str = "--on") -> Spark:
    """What the options say. `option`: which names the target."""
    said = [name for name in ("mode", "interval", "checkpoint") if given[name] is not None]
    if said and on != "spark":
        raise WrongInput([Problem(f"--{said[0]} is for Spark", remedy=f"add {option} spark, or leave it out")])
    if given["mode"] == "batch" and said != ["mode"]:
        raise WrongInput([Problem(f"--{said[-1]} is of streams", remedy="say --mode dstream, or leave it out")])
    return Spark(given["mode"], given["interval"] or INTERVAL, given["checkpoint"])


def stream_or_not(given: Mapping[str, Any], plan: Plan, results: str | None) -> tuple[Spark, bool]:
    """(the same for a run of `plan`, are results written as they come?) `results`: the file that was said for them.

    What goes on for months, or goes on after its driver's death, tells its results as they come, and each of them once.
    """
    from sferic.compiler.targets.spark import mode_of  # noqa: PLC0415 - only Spark needs its target

    spark = spark_of({**given, "mode": mode_of(plan, given["mode"])}, "spark")
    endless = plan.endless
    if spark.checkpoint and not endless and results is None and any(link.to_stage == RESULTS for link in plan.links):
        text = f"--checkpoint {spark.checkpoint}: what a run has given before it died is given by no other run"
        raise WrongInput([Problem(text, remedy="say --results FILE: it is gone on with, too")])
    return spark, spark.mode == "dstream" and (endless or spark.checkpoint is not None)
