"""`sferic draw`: a picture of a workflow."""

import sys
from pathlib import Path

import click

from sferic.commands.options import FUSE, PARAMS, WORKFLOW, taking
from sferic.commands.workflow import read_workflow
from sferic.compiler.diagnostics import Problem, WrongInput
from sferic.compiler.passes.parallelism import MOST_INSTANCES
from sferic.compiler.pipeline import compile_plan
from sferic.launch import TARGETS

_SUFFIXES = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".mmd": "mermaid", ".mermaid": "mermaid"}


@click.command()
@taking(WORKFLOW)
@click.option("--plan", "of_plan", is_flag=True, help="The plan: stages, instances, links.")
@click.option("--as", "kind", type=click.Choice(["svg", "dot", "mermaid"]), help="The format; else as FILE is named.")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="The file to write; else stdout.")
@click.option("--on", type=click.Choice(list(TARGETS)), default="multi", show_default=True)
@click.option("-n", "processes", type=click.IntRange(1, MOST_INSTANCES), help="Instances in all, for the plan.")
@taking(FUSE, PARAMS)
def draw(
    workflow: str,
    kind: str | None,
    output: str | None,
    on: str,
    processes: int | None,
    fuse: str,
    params: tuple[str, ...],
    *,
    of_plan: bool,
) -> None:
    """Draw a workflow's graph, or its plan, as SVG, DOT or Mermaid."""
    from sferic.compiler.draw import dot, mermaid, picture_of_graph, picture_of_plan, svg  # noqa: PLC0415

    loaded = read_workflow(workflow, params)
    options = loaded.options(target=TARGETS[on], processes=processes, fuse=fuse, needs_data=False)
    compiled = compile_plan(loaded.graph, options)
    checked = next(step.graph for step in compiled.steps if step.name == "check")
    picture = picture_of_plan(compiled.plan) if of_plan else picture_of_graph(checked)
    kind = kind or _SUFFIXES.get(Path(output or "").suffix.lower(), "svg")
    text = {"svg": svg, "dot": dot, "mermaid": mermaid}[kind](picture)
    if output is None:
        sys.stdout.write(text)
        return
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise WrongInput([Problem(f"-o {output}: {error.strerror}")]) from error
    click.echo(f"{output}: {len(picture.boxes)} boxes, {len(picture.arrows)} arrows")
