"""The command `sferic`."""

import json
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import click

from sferic import __version__
from sferic.compiler.diagnostics import InternalError, Problem, WrongInput
from sferic.compiler.inputs import Inputs
from sferic.compiler.pipeline import Compiled, Options, compile_plan
from sferic.launch import TARGETS, launch, topology_name
from sferic.runtime.loading import LoadingError, load_graph
from sferic.runtime.observe import FAILED, INTERRUPTED, WRONG_INPUT

_WORKFLOW = click.argument("workflow", metavar="WORKFLOW")
_PARAMS = click.option("-p", "params", multiple=True, metavar="NAME=VALUE", help="A parameter of the workflow.")
_PROCESSES = click.option("-n", "processes", type=click.IntRange(1), help="Instances in all, sources included.")
_FUSE = click.option("--fuse", type=click.Choice(["auto", "hints", "none"]), default="auto", show_default=True)
_CALLS = click.option("-i", "calls", type=click.IntRange(0), help="How often each source is called.")
_DATA = click.option("-d", "data", help="Inputs of the roots as JSON, by PE.")
_FILE = click.option("-f", "data_file", type=click.Path(exists=True, dir_okay=False), help="A file of that JSON.")
_CODEC = click.option("--codec", type=click.Choice(["general", "trusted"]), default="general", show_default=True)
_JSON = click.option("--json", "as_json", is_flag=True, help="Output for programs.")
_ON = click.option("--on", type=click.Choice(list(TARGETS)), default="local", show_default=True)


class _Stop:
    """The first signal asks the run to end, the second ends it."""

    def __init__(self) -> None:
        self.requested = False

    def signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        click.echo("Stopping: sources end, what is in flight is drained. Once more to drop it.", err=True)


class _Commands(click.Group):
    """Turns what users do wrong into a message and an exit status, never into a traceback of ours."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (WrongInput, LoadingError) as error:
            click.echo(str(error), err=True)
            sys.exit(WRONG_INPUT)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        except (InternalError, *_known_failures()) as error:
            click.echo(str(error), err=True)
            sys.exit(FAILED)


def _known_failures() -> tuple[type[Exception], ...]:
    if "sferic.cluster.cache" not in sys.modules:
        return ()
    from sferic.cluster.cache import CacheUnusable  # noqa: PLC0415 - only if Storm was asked for
    from sferic.cluster.jars import JarsMissing  # noqa: PLC0415
    from sferic.cluster.java import JavaMissing  # noqa: PLC0415
    from sferic.cluster.shim import ShimError  # noqa: PLC0415

    return CacheUnusable, JarsMissing, JavaMissing, ShimError


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Compile stream workflows to Apache Storm, or run them here.

    WORKFLOW is file.py, file.py:name or package.module:name; name is a WorkflowGraph or a function that builds one.
    """


@main.command()
@_WORKFLOW
@_ON
@_PROCESSES
@_CALLS
@_DATA
@_FILE
@_PARAMS
@click.option("--results", type=click.Path(dir_okay=False), help="Write results there, a line of JSON each.")
@_FUSE
@_CODEC
@click.option("--check-items", is_flag=True, help="Refuse on this machine what a cluster would refuse.")
@click.option("--on-failure", type=click.Choice(["stop", "skip", "dead-letter"]), default="stop", show_default=True)
@_JSON
def run(workflow: str, on: str, results: str | None, *, as_json: bool, **given: Any) -> None:
    """Run a workflow to its end."""
    from sferic.report import Reporter, result_lines, show_results, write_results  # noqa: PLC0415

    compiled, options = _compile(workflow, TARGETS[on], given)
    reporter = Reporter(quiet=as_json)
    stop = _Stop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop.signal)
    launch(compiled, on, reporter, stop, Path(options.root), capture=True)
    reporter.interrupted = stop.requested
    if results is not None:
        write_results(reporter, Path(results))
    elif as_json:
        for line in result_lines(reporter):
            click.echo(line)
    else:
        show_results(reporter, sys.stdout)
    reporter.summary()
    for failure in reporter.failures:
        if failure["policy"] == "stop":
            click.echo(failure["traceback"], err=True)
            click.echo("To go on with the other items: --on-failure dead-letter", err=True)
    sys.exit(reporter.status)


@main.command()
@_WORKFLOW
@_PARAMS
@_JSON
def check(workflow: str, params: tuple[str, ...], *, as_json: bool) -> None:
    """Say whether a workflow is whole, and all that is wrong where it is not."""
    try:
        compiled, _ = _compile(workflow, "multi", {"params": params, "lenient": True})
    except WrongInput as error:
        if as_json:
            click.echo(json.dumps({"ok": False, "problems": [str(problem) for problem in error.problems]}))
            sys.exit(WRONG_INPUT)
        raise
    count = len(compiled.graph.nodes)
    click.echo(json.dumps({"ok": True, "pes": count}) if as_json else f"{workflow}: {count} PEs, nothing wrong")


@main.command()
@_WORKFLOW
@_ON
@_PROCESSES
@_CALLS
@_DATA
@_FILE
@_PARAMS
@_FUSE
@_CODEC
@click.option("--pass", "one", metavar="NAME", help="Show the graph as this pass left it.")
@_JSON
def explain(workflow: str, on: str, one: str | None, *, as_json: bool, **given: Any) -> None:
    """Show what a workflow is compiled to, and why."""
    from sferic.compiler.explain import explain_json, explain_pass, explain_text  # noqa: PLC0415

    compiled, options = _compile(workflow, TARGETS[on], {**given, "lenient": True})
    if one is not None:
        told = explain_pass(compiled, options, one, as_json=as_json)
    else:
        told = explain_json(compiled, options) if as_json else explain_text(compiled, options)
    click.echo(told if isinstance(told, str) else json.dumps(told, indent=1, default=repr))


@main.command("compile")
@_WORKFLOW
@click.option("--to", "target", type=click.Choice(["storm"]), required=True)
@click.option("-o", "--output", type=click.Path(file_okay=False), help="Folder to write; named after the workflow.")
@click.option("--name", help="The topology's name.")
@_PROCESSES
@_CALLS
@_DATA
@_FILE
@_PARAMS
@_FUSE
@_CODEC
def compile_command(workflow: str, target: str, output: str | None, name: str | None, **given: Any) -> None:
    """Write a workflow's artefact: files that run without sferic."""
    import sferic.runtime  # noqa: PLC0415
    from sferic.cluster.shim import shim_jar  # noqa: PLC0415
    from sferic.compiler.targets.storm import make_artefact, write_artefact  # noqa: PLC0415

    compiled, options = _compile(workflow, target, given)
    chosen = name or topology_name(compiled)
    artefact = make_artefact(compiled.plan, Path(options.root), name=chosen, python="python3", version=__version__)
    folder = Path(output or f"{chosen}-storm")
    runtime = Path(sferic.runtime.__file__).parent
    jar = write_artefact(artefact, folder, shim=shim_jar(), runtime=runtime, version=__version__)
    click.echo(f"{jar}: {len(compiled.plan.stages)} stages, {jar.stat().st_size:,} bytes")


@main.command()
@_JSON
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
    from sferic.compiler.frontend.files import travelling_files  # noqa: PLC0415

    params = dict(_parameter(text) for text in given.get("params", ()))
    place, _, name = workflow.partition(":")
    root, reference = Path.cwd(), workflow
    if place.endswith(".py"):
        root = Path(place).resolve().parent
        reference = Path(place).name + (f":{name}" if name else "")
    graph = load_graph(reference, params, root)
    options = Options(
        target=target,  # pyright: ignore[reportArgumentType]
        processes=given.get("processes"),
        fuse=given.get("fuse", "auto"),
        on_failure=given.get("on_failure", "stop"),
        codec=given.get("codec", "general"),
        check_items=given.get("check_items", False),
        definition=reference,
        params=tuple(sorted(params.items())),
        files=travelling_files(reference, root),
        root=str(root),
        needs_data=not given.get("lenient", False),
    )
    return compile_plan(graph, options, _inputs(given)), options


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise WrongInput([Problem(f"-p {text}", remedy="write it as NAME=VALUE")])
    return name, value


def _inputs(given: dict[str, Any]) -> Inputs:
    said = [option for option in ("calls", "data", "data_file") if given.get(option) is not None]
    if len(said) > 1:
        raise WrongInput([Problem("-i, -d and -f exclude each other", remedy="give one of them")])
    text = given.get("data")
    if given.get("data_file") is not None:
        text = Path(given["data_file"]).read_text(encoding="utf-8")
    if text is None:
        return given.get("calls")
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise WrongInput([Problem(f"the inputs are not JSON: {error}")]) from error
    if not isinstance(data, dict):
        raise WrongInput([Problem("the inputs are no JSON object", remedy='write {"PE": [{"port": item}, …]}')])
    return data  # pyright: ignore[reportUnknownVariableType]


if __name__ == "__main__":
    main()
