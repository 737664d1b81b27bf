"""What `dispel4py.new.simple_process` has for users."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from sferic.runtime.compat import running
from sferic.runtime.compat.logger import simpleLogger

__all__ = ["process", "process_and_return", "simpleLogger"]


def process_and_return(
    workflow: Any, inputs: Any, resultmappings: Mapping[str, Sequence[str]] | None = None
) -> running.Collected:
    """Run `workflow` in this process, one instance a PE.

    `inputs`: by PE (object, name or id) how often it is called, or a list of ``{port: item}``. Returns by the PE's id
    and port what came out of unconnected ports; with `resultmappings`, of the ports that it lists by id, connected or
    not.
    """
    return running.start(workflow, inputs, on="local", ports=resultmappings)


def process(
    workflow: Any,
    inputs: Any,
    args: Any = None,  # noqa: ARG001 - the command line's, which every mapping of dispel4py's gets
    resultmappings: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Run `workflow` as `process_and_return` does, and print inputs and outputs."""
    given = {getattr(pe, "id", pe): what for pe, what in inputs.items()}
    sys.stdout.write(f"Inputs: {given}\n")
    sys.stdout.write(f"Outputs: {process_and_return(workflow, inputs, resultmappings)}\n")
