"""`sferic schema`: the JSON schema of YAML workflows, for editors."""

import sys
from importlib import resources

import click


@click.command()
def schema() -> None:
    """Print the JSON schema of a workflow's YAML file.

    An editor that speaks to a YAML language server completes and checks a file whose first line is
    `# yaml-language-server: $schema=FILE`, where FILE is what `sferic schema > FILE` wrote.
    """
    sys.stdout.write(resources.files("sferic.compiler.frontend").joinpath("workflow.schema.json").read_text("utf-8"))
