"""Options that several commands take, each said once, and how a command takes them."""

from collections.abc import Callable
from typing import Any

import click

from sferic.compiler.passes.parallelism import MOST_INSTANCES
from sferic.launch import TARGETS

_MOST_CALLS = 10**12  # beyond it a run could not end in a lifetime

Option = Callable[[Any], Any]

WORKFLOW = click.argument("workflow", metavar="WORKFLOW")
PARAMS = click.option("-p", "params", multiple=True, metavar="NAME=VALUE", help="A parameter of the workflow.")
FUSE = click.option("--fuse", type=click.Choice(["auto", "hints", "none"]), default="auto", show_default=True)
CODEC = click.option("--codec", type=click.Choice(["general", "trusted"]), default="general", show_default=True)
ON = click.option("--on", type=click.Choice(list(TARGETS)), default="local", show_default=True)
JSON = click.option("--json", "as_json", is_flag=True, help="Output for programs.")
LETTERS = click.option(
    "--dead-letters",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Add items that failed to this file, to be read by `sferic dead-letters`.",
)


def on_failure(default: str) -> Option:
    """What becomes of items that fail where a PE does not say."""
    return click.option(
        "--on-failure",
        type=click.Choice(["stop", "skip", "dead-letter"]),
        default=default,
        show_default=True,
        help="What becomes of an item that a PE cannot handle.",
    )


# What a workflow is compiled to follows from these.
PLANNED = (
    click.option("-n", "processes", type=click.IntRange(1, MOST_INSTANCES), help="Instances in all, sources included."),
    click.option("-i", "calls", type=click.IntRange(0, _MOST_CALLS), help="How often each source is called."),
    click.option("-d", "data", help="Inputs of the roots as JSON, by PE."),
    click.option("-f", "data_file", type=click.Path(exists=True, dir_okay=False), help="A file of that JSON."),
    PARAMS,
    FUSE,
    CODEC,
)


def taking(*options: Option) -> Option:
    """Gives a command these options, in this order."""

    def give(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return give
