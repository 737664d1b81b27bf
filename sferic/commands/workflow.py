"""What the argument WORKFLOW of a command stands for."""

from collections.abc import Sequence

import click

from sferic.compiler.load import Loaded, load
from sferic.runtime.compat.finder import answering


def read_workflow(workflow: str, params: Sequence[str]) -> Loaded:
    """The workflow with its `-p` parameters. Imports of dispel4py are answered until the command is over."""
    from sferic.compat.dispel4py import run  # noqa: PLC0415 - for files that start a run themselves

    answers = click.get_current_context().with_resource(answering(run))
    loaded = load(workflow, params)
    if answers.answered and (other := answers.other()):
        click.echo(f"sferic answers for dispel4py: the one in {other} is not used", err=True)
    return loaded
