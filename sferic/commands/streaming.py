"""The options that say how a run on Spark goes on."""

from collections.abc import Mapping
from typing import Any

import click

from sferic.compiler.diagnostics import Problem, WrongInput
from sferic.launch import Spark
from sferic.runtime.spark import INTERVAL

MODE = click.option(
    "--mode", type=click.Choice(["batch", "dstream"]), help="Of Spark.  [default: dstream where it has no end]"
)
STREAMING = (
    MODE,
    click.option("--interval", type=click.FloatRange(0.05), metavar="SECONDS", help="Between the ticks of a stream."),
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
