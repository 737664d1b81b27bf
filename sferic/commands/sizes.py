"""Options that say how large a topology's JVMs and processes are."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from sferic.compiler.diagnostics import Problem, WrongInput
from sferic.compiler.resources import CHILD_CORES, CHILD_MIB, PER_WORKER, Asked

SIZES = (
    click.option(
        "--workers", type=click.IntRange(1), help=f"JVMs it is spread over.  [default: one for {PER_WORKER} processes]"
    ),
    click.option(
        "--memory",
        type=click.IntRange(1),
        metavar="MIB",
        help=f"Memory of a process whose PEs do not say.  [default: {CHILD_MIB}]",
    ),
    click.option(
        "--cpu",
        type=click.FloatRange(0, min_open=True),
        metavar="CORES",
        help=f"Cores for a process whose PEs do not say.  [default: {CHILD_CORES}]",
    ),
)


def asked_of(given: Mapping[str, Any], target: str = "storm") -> Asked:
    """What the options say. Raises WrongInput where they say something of a target that has no such sizes."""
    asked = Asked(given["workers"], given["memory"], given["cpu"])
    if target != "storm":
        wrong = [f"--{name} {size}" for name, size in asdict(asked).items() if size is not None]
        if wrong:
            text = f"{', '.join(wrong)}: a size of a topology on Storm, and this is for {target}"
            raise WrongInput([Problem(text, remedy="say that it is for storm, or leave it out")])
    return asked
