"""The command `sferic`."""

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from sferic import __version__
from sferic.cluster.errors import OperationError
from sferic.commands import operating
from sferic.commands.connection import tell
from sferic.commands.draw import draw
from sferic.commands.letters import letters_command
from sferic.commands.new import new
from sferic.commands.options import JSON, LETTERS, ON, PARAMS, PLANNED, WORKFLOW, on_failure, taking
from sferic.commands.packing import PACKING, imported_by, packages_of, request_of
from sferic.commands.schema import schema
from sferic.commands.sizes import SIZES, asked_of
from sferic.commands.streaming import MODE, STREAMING, spark_of, stream_or_not
from sferic.commands.submitting import PYTHON
from sferic.commands.workflow import read_workflow
from sferic.compiler.advice import came_apart, stayed_at_one, suspicions, weaknesses, wrong_hints
from sferic.compiler.diagnostics import InternalError, Problem, WrongInput, shortened
from sferic.compiler.packages import Packages
from sferic.compiler.pipeline import Compiled, Options, compile_plan
from sferic.d4py import d4py
from sferic.given import inputs_of
from sferic.launch import TARGETS, Spark, launch, topology_name
from sferic.runtime.letters import LettersError
from sferic.runtime.loading import LoadingError
from sferic.runtime.observe import FAILED, INTERRUPTED, ITEMS_FAILED, WRONG_INPUT, Event
from sferic.stop import StopOnSignal


class _Commands(click.Group):
    """Turns what users do wrong into a message and an exit status, never into a traceback of ours."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (WrongInput, LoadingError, LettersError) as error:
            click.echo(shortened(str(error), 20_000), err=True)
            sys.exit(WRONG_INPUT)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        except (InternalError, OperationError) as error:
            click.echo(str(error), err=True)
            sys.exit(FAILED)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Compile stream workflows to Apache Storm, or run them here.

    WORKFLOW is file.py, file.py:name or package.module:name, name a WorkflowGraph or a function that builds one; or
    file.yaml.
    """


@main.command()
@taking(WORKFLOW, ON, *PLANNED)
@click.option("--results", type=click.Path(dir_okay=False), help="Write results there, a line of JSON each.")
@click.option("--single", is_flag=True, help="One instance of each PE, whatever it asks for.")
@click.option("--check-items", is_flag=True, help="Refuse on this machine what a cluster would refuse.")
@click.option(
    "--on-failure",
    type=click.Choice(["stop", "skip", "dead-letter"]),
    help="What becomes of an item that a PE cannot handle.  [default: stop; dead-letter with --dead-letters]",
)
@taking(LETTERS, *STREAMING, *PACKING, JSON)
def run(workflow: str, on: str, results: str | None, dead_letters: str | None, **given: Any) -> None:
    """Run a workflow to its end."""
    if results is not None and not os.access(Path(results).parent, os.W_OK | os.X_OK):
        raise WrongInput([Problem(f"--results {results}: its folder is not there or not to be written to")])
    spark = spark_of(given, on)
    given["on_failure"] = given["on_failure"] or ("stop" if dead_letters is None else "dead-letter")
    compiled, options = _compile(workflow, TARGETS[on], given)
    spark, as_they_come = stream_or_not(given, compiled.plan, results) if on == "spark" else (spark, False)
    if not given["as_json"]:
        _say(compiled.graph.warnings, "warning: ")
        _say(stayed_at_one(compiled.graph, options.processes))
        if on != "local" and options.fuse != "none":
            _say(came_apart(compiled.graph), "warning: ")
    request = request_of(given)
    if on != "storm" and request is not None:
        raise WrongInput([Problem(f"on {on} nothing travels: there is nothing to pack", remedy="use --on storm")])
    with packages_of(request, options, tell) as packages:
        told: dict[str, Any] = {"as_json": given["as_json"], "packages": packages, "spark": spark}
        _run(compiled, on, Path(options.root), results, dead_letters, as_they_come=as_they_come, **told)


def _run(
    compiled: Compiled,
    on: str,
    root: Path,
    results: str | None,
    dead_letters: str | None,
    *,
    as_json: bool,
    keep: str = "--on-failure dead-letter --dead-letters FILE",
    packages: Packages | None = None,
    spark: Spark | None = None,
    as_they_come: bool = False,
) -> None:
    from sferic.report import Reporter, result_lines, show_results, write_results  # noqa: PLC0415
    from sferic.runtime.letters import LettersFile  # noqa: PLC0415
    from sferic.written import Written  # noqa: PLC0415

    try:
        letters = None if dead_letters is None else LettersFile(Path(dead_letters))
    except OSError as error:
        raise WrongInput([Problem(f"--dead-letters {dead_letters}: {error.strerror}")]) from error
    reporter = Reporter(quiet=as_json, letters=letters)
    if as_they_come:
        if letters is not None:
            letters.close()
        to, kept_in = (None if file is None else Path(file) for file in (results, dead_letters))
        reporter = Written(to, kept_in, quiet=as_json)
        spark = replace(spark or Spark(), files=reporter)
    stop = StopOnSignal()
    launch(compiled, on, reporter, stop, root, capture=True, packages=packages, spark=spark)
    reporter.interrupted = stop.requested
    if isinstance(reporter, Written):
        reporter.close()
    elif results is not None:
        write_results(reporter, Path(results))
    elif as_json:
        for line in result_lines(reporter):
            click.echo(line)
    else:
        show_results(reporter, sys.stdout)
    reporter.summary()
    for failure in reporter.failures:
        if failure["policy"] == "stop":
            _tell_what_ended_it(failure, whole=as_json)
    if reporter.status == ITEMS_FAILED:
        skipping = {node.path for node in compiled.graph.nodes if node.settings.on_failure == "skip"}
        click.echo(reporter.where_letters_are(keep, skipping), err=True)
    sys.exit(reporter.status)


def _tell_what_ended_it(failure: Event, *, whole: bool) -> None:
    if whole or "\n" in failure["traceback"].strip():  # without lines of the user it was said already
        click.echo(failure["traceback"], err=True)
    if failure["port"] != "":  # else it was a hook, or a source, and there are no other items
        click.echo("To go on with the other items: --on-failure dead-letter", err=True)


@main.command()
@taking(WORKFLOW, PARAMS, JSON)
def check(workflow: str, params: tuple[str, ...], *, as_json: bool) -> None:
    """Say whether a workflow is whole, and all that is wrong where it is not."""
    try:
        compiled, _ = _compile(workflow, "multi", {"params": params, "lenient": True})
    except (WrongInput, LoadingError) as error:
        if as_json:
            problems = error.problems if isinstance(error, WrongInput) else [error]
            click.echo(json.dumps({"ok": False, "problems": [shortened(str(problem)) for problem in problems]}))
            sys.exit(WRONG_INPUT)
        raise
    count = len(compiled.graph.nodes)
    found = [*compiled.graph.warnings, *suspicions(compiled.definition), *weaknesses(compiled.graph)]
    found += [*came_apart(compiled.graph), *wrong_hints(compiled.definition)]
    if as_json:
        click.echo(json.dumps({"ok": True, "pes": count, "warnings": [str(problem) for problem in found]}))
        return
    _say(found, "warning: ")
    click.echo(f"{workflow}: {count} PE{'s' * (count != 1)}, nothing wrong")


@main.command()
@taking(WORKFLOW, ON, *PLANNED, *SIZES, *PACKING)
@click.option("--pass", "one", metavar="NAME", help="Show the graph as this pass left it.")
@taking(JSON)
def explain(workflow: str, on: str, one: str | None, *, as_json: bool, **given: Any) -> None:
    """Show what a workflow is compiled to, and why."""
    from sferic.cluster.packing import packed_text, to_pack  # noqa: PLC0415
    from sferic.compiler.explain import explain_json, explain_pass, explain_text  # noqa: PLC0415

    compiled, options = _compile(workflow, TARGETS[on], {**given, "lenient": True})
    asked, request = asked_of(given, on), request_of(given)
    packed = None if request is None else to_pack(request, imported_by(options))
    if one is not None:
        told = explain_pass(compiled, options, one, as_json=as_json)
    elif as_json:
        told = explain_json(compiled, options, asked) | ({} if packed is None else {"packed": packed})
    else:
        told = explain_text(compiled, options, asked) + ("" if packed is None else packed_text(packed))
    click.echo(told if isinstance(told, str) else json.dumps(told, indent=1, default=repr))


@main.command("compile")
@taking(WORKFLOW)
@click.option("--to", "target", type=click.Choice(["storm", "spark"]), required=True)
@click.option("-o", "--output", type=click.Path(file_okay=False), help="Folder to write; named after the workflow.")
@click.option("--name", help="The topology's, or the job's, name.")
@taking(*PLANNED, on_failure("stop"), MODE, *SIZES, *PACKING, PYTHON, JSON)
def compile_command(
    workflow: str, target: str, output: str | None, name: str | None, *, as_json: bool, **given: Any
) -> None:
    """Write a workflow's artefact: what its target runs, and its parts to read."""
    from sferic.commands.compiling import WRITERS, written  # noqa: PLC0415

    compiled, options = _compile(workflow, target, given)
    chosen = topology_name(compiled) if name is None else name
    path = WRITERS[target](compiled, options, chosen, Path(output or f"{chosen}-{target}"), given)
    told, text = written(target, path, chosen, compiled)
    click.echo(json.dumps(told) if as_json else text)


@main.command()
@taking(JSON)
def doctor(*, as_json: bool) -> None:
    """Say what this machine can do, and how to get what it lacks."""
    from sferic.cluster.doctor import examine, render  # noqa: PLC0415

    checks = examine()
    if as_json:
        click.echo(json.dumps([vars(check) for check in checks]))
    else:
        click.echo(render(checks))
    sys.exit(0 if all(check.ok for check in checks) else FAILED)


def _compile(workflow: str, target: str, given: dict[str, Any]) -> tuple[Compiled, Options]:
    """(what it compiled to, with which options)."""
    loaded = read_workflow(workflow, given.get("params", ()))
    options = loaded.options(
        target=target,
        processes=given.get("processes"),
        fuse=given.get("fuse", "auto"),
        on_failure=given.get("on_failure", "stop"),
        codec=given.get("codec", "general"),
        check_items=given.get("check_items", False),
        single=given.get("single", False),
        needs_data=not given.get("lenient", False),
    )
    return compile_plan(loaded.graph, options, inputs_of(given)), options


def _say(problems: Iterable[Problem], lead: str = "") -> None:
    for problem in problems:
        click.echo(f"{lead}{problem}", err=True)


for _command in (d4py, draw, new, schema, letters_command(_run), *operating.commands(_compile)):
    main.add_command(_command)


if __name__ == "__main__":
    main()
