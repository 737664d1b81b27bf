"""Commands for those who run topologies on a cluster."""

import json
import os
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sferic import __version__
from sferic.commands.packing import imported_by, packages_of, request_of
from sferic.runtime.observe import FAILED, WRONG_INPUT

if TYPE_CHECKING:
    from sferic.cluster.nimbus import Address, Nimbus
    from sferic.cluster.topologies import State
    from sferic.compiler.pipeline import Compiled, Options

_LOOK = 0.5  # seconds between two looks at a topology

_JSON = click.option("--json", "as_json", is_flag=True, help="Output for programs.")
_NAME = click.argument("name", metavar="NAME")
_NIMBUS = click.option(
    "--nimbus",
    metavar="HOST:PORT",
    help="Where Nimbus listens.  [default: $SFERIC_NIMBUS, else the cluster that `sferic cluster up` started]",
)

PYTHON = click.option(
    "--python",
    metavar="PATH",
    help="The workers' interpreter.  [default: this one on a cluster of this machine, elsewhere python3]",
)

Compile = Callable[[str, str, dict[str, Any]], "tuple[Compiled, Options]"]


@contextmanager
def _connected(nimbus: str | None) -> Generator["Nimbus"]:
    from sferic.cluster.nimbus import connect  # noqa: PLC0415 - only who operates needs it

    with connect(_address(nimbus)) as connection:
        yield connection


def _address(nimbus: str | None) -> "Address":
    from sferic.cluster import development  # noqa: PLC0415
    from sferic.cluster.nimbus import Address, NimbusError  # noqa: PLC0415

    given = nimbus or os.environ.get("SFERIC_NIMBUS")
    if given is None:
        found = development.running(development.home())
        if found is None:
            raise NimbusError(
                "no cluster is up on this machine, and no other is named. Start one: sferic cluster up; or give "
                "--nimbus HOST:PORT"
            )
        return found.address
    host, colon, port = given.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 1 << 16:
        click.echo(f"{given!r} is no place of a Nimbus: write HOST:PORT, as storm1:6627", err=True)
        sys.exit(WRONG_INPUT)
    return Address(host.strip("[]"), int(port))


def _tell(text: str) -> None:
    click.echo(text, err=True)


@click.command("cluster")
@click.argument("action", type=click.Choice(["up", "status", "down"]))
@click.option("--closed", is_flag=True, help="up: in a network of its own, which only root reaches. Linux, as root.")
@_JSON
def cluster_command(action: str, *, closed: bool, as_json: bool) -> None:
    """Start, look at or end a Storm cluster on this machine, for development.

    ZooKeeper, Nimbus and Supervisor are processes of yours that stay when this command is over. What they keep is there
    again at the next start.
    """
    from sferic.cluster import development  # noqa: PLC0415 - only who operates needs it

    home = development.home()
    quiet: Callable[[str], None] = lambda _: None  # noqa: E731 - one of two
    if action == "up":
        development.up(home, quiet if as_json else _tell, closed=closed)
    elif action == "down":
        ended = development.down(home, quiet if as_json else _tell)
        click.echo(json.dumps({"ended": ended}) if as_json else "The cluster is down." if ended else "It was not up.")
        return
    found = development.running(home)
    if found is None:
        before = development.recorded(home)
        gone = [] if before is None else [name for name, known in before.daemons.items() if not known.alive]
        text = f"in part: {', '.join(gone)} is gone. See {home.logs}, then: sferic cluster down" if gone else "down"
        click.echo(json.dumps({"up": False, "gone": gone}) if as_json else f"The cluster is {text}")
        sys.exit(FAILED)
    pids = {name: known.pid for name, known in found.daemons.items()}
    said = {"up": True, "closed": found.closed, "pids": pids, "ports": found.ports, "logs": str(home.logs)}
    if as_json:
        click.echo(json.dumps(said))
        return
    click.echo("The cluster is up: " + ", ".join(f"{name} (process {pid})" for name, pid in pids.items()))
    for what, whom in found.ports.items():
        click.echo(f"  {what}: open to {whom}")
    click.echo(f"  logs: {home.logs}")


def _submit_command(compile_workflow: Compile, workflow_options: Sequence[Callable[[Any], Any]]) -> click.Command:
    """`submit`, of the options that say what to compile, and of what compiles it."""

    def submit(workflow: str, name: str, nimbus: str | None, *, as_json: bool, **given: Any) -> None:
        """Compile a workflow and start it on a Storm cluster, where it stays when this command is over."""
        _submit(compile_workflow, workflow, name, nimbus, given, as_json=as_json)

    options = [
        *workflow_options,
        click.option("--name", required=True, help="The topology's name."),
        _NIMBUS,
        click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="JVMs it is spread over."),
        PYTHON,
        click.option(
            "--on-failure",
            type=click.Choice(["stop", "skip", "dead-letter"]),
            default="dead-letter",
            show_default=True,
            help="What becomes of an item that a PE cannot handle.",
        ),
        _JSON,
    ]
    command: Any = submit
    for option in reversed(options):
        command = option(command)
    return click.command("submit")(command)


def _submit(
    compile_workflow: Compile,
    workflow: str,
    name: str,
    nimbus: str | None,
    given: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    from sferic.cluster.submission import submit  # noqa: PLC0415 - only who operates needs it
    from sferic.cluster.workers import check_interpreter  # noqa: PLC0415
    from sferic.compiler.targets.storm import interpreter, make_artefact  # noqa: PLC0415

    compiled, options = compile_workflow(workflow, "storm", given)
    here = nimbus is None and "SFERIC_NIMBUS" not in os.environ
    root, request = Path(options.root), request_of(given)
    chosen = given["python"] or interpreter(request and request.for_python, here=here)
    if here:
        check_interpreter(chosen, request, imported_by(options))
    with _connected(nimbus) as connection, packages_of(request, options, _tell) as packages:
        artefact = make_artefact(compiled.plan, root, name=name, python=chosen, version=__version__, packages=packages)
        topology = submit(artefact, root, connection, __version__, workers=given["workers"])
        place = str(connection.address)
    if as_json:
        click.echo(json.dumps({"name": name, "id": topology, "nimbus": place}))
    else:
        click.echo(f"{name} is submitted to {place} as {topology}. To see it: sferic status {name}")


@click.command("list")
@_NIMBUS
@_JSON
def list_command(nimbus: str | None, *, as_json: bool) -> None:
    """List the topologies on a cluster."""
    with _connected(nimbus) as connection:
        found = [
            {
                "name": summary.name,
                "id": summary.id,
                "status": summary.status.lower(),
                "uptime": summary.uptime_secs,
                "workers": summary.num_workers,
            }
            for summary in connection.call("getClusterInfo").topologies
        ]
    if as_json:
        for one in found:
            click.echo(json.dumps(one))
        return
    for one in found:
        click.echo(f"{one['name']}: {one['status']}, up {one['uptime']} s, {one['workers']} workers, {one['id']}")
    if not found:
        _tell("no topologies")


@click.command("status")
@_NAME
@_NIMBUS
@_JSON
def status_command(name: str, nimbus: str | None, *, as_json: bool) -> None:
    """Show how a topology is: its state, what its PEs have done, the last errors."""
    from sferic.cluster.status import look, status_lines  # noqa: PLC0415 - only who operates needs it

    with _connected(nimbus) as connection:
        said = look(connection, name)
    if as_json:
        click.echo(json.dumps(said))
        return
    for line in status_lines(said):
        click.echo(line)


@click.command("logs")
@_NAME
@click.option(
    "-n", "count", type=click.IntRange(1), default=100, show_default=True, help="Of each worker so many, the last ones."
)
@_NIMBUS
@_JSON
def logs_command(name: str, count: int, nimbus: str | None, *, as_json: bool) -> None:
    """Show what the workers of a topology have logged, on the cluster of this machine."""
    from sferic.cluster import development  # noqa: PLC0415 - only who operates needs it
    from sferic.cluster.status import worker_logs  # noqa: PLC0415
    from sferic.cluster.topologies import find  # noqa: PLC0415

    with _connected(nimbus) as connection:
        found = find(connection, name)
        for place, lines in worker_logs(found, development.home().logs, count):
            for line in lines:
                click.echo(json.dumps({"worker": place, "line": line}) if as_json else f"[{place}] {line}")


@click.command("stop")
@_NAME
@click.option("--limit", type=click.IntRange(1), default=300, show_default=True, help="Seconds to wait for the drain.")
@_NIMBUS
@_JSON
def stop_command(name: str, limit: int, nimbus: str | None, *, as_json: bool) -> None:
    """End a topology: its sources end, what is in flight is processed, postprocess runs. Results stay."""
    from sferic.cluster.topologies import find, stop  # noqa: PLC0415 - only who operates needs it

    def progress(state: "State") -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{state.ended} of {state.sources} sources have ended and are drained ", nl=False, err=True)

    with _connected(nimbus) as connection:
        done = stop(connection, find(connection, name), progress, limit)
    if as_json:
        click.echo(json.dumps({"name": name, "finished": done.finished, "failed": done.failed}))
    elif done.finished:
        click.echo(f"{name} has drained and is gone. Its results, if any: sferic results {name}")
    if done.failed:
        _tell(f"{name} could not drain, and what was in flight is dropped: {done.failed}")
        sys.exit(FAILED)


@click.command("kill")
@_NAME
@click.option("--keep", is_flag=True, help="Keep results and dead letters that nobody has fetched.")
@_NIMBUS
@_JSON
def kill_command(name: str, nimbus: str | None, *, keep: bool, as_json: bool) -> None:
    """End a topology at once: what is in flight is dropped, and what it kept is deleted."""
    from sferic.cluster.topologies import find, kill  # noqa: PLC0415 - only who operates needs it

    with _connected(nimbus) as connection:
        dropped = kill(connection, find(connection, name), keep=keep)
    if as_json:
        click.echo(json.dumps({"name": name, "dropped": dropped}))
        return
    click.echo(f"{name} is gone.")
    if dropped:
        _tell(
            f"{dropped} chunk{'s' * (dropped != 1)} of results and dead letters that nobody had fetched went with it."
        )


@click.command("results")
@_NAME
@click.option("--follow", is_flag=True, help="Go on until the topology has finished.")
@click.option("--keep", is_flag=True, help="Leave them there.")
@click.option(
    "--dead-letters", type=click.Path(dir_okay=False), metavar="FILE", help="Add its dead letters to this file."
)
@_NIMBUS
@_JSON
def results_command(
    name: str, dead_letters: str | None, nimbus: str | None, *, follow: bool, keep: bool, as_json: bool
) -> None:
    """Fetch the results of a topology, a line of JSON each; what was written is taken away from the cluster.

    --json is how they are written in any case.
    """
    from sferic.cluster.topologies import find, state, take_letters, take_results, tidy  # noqa: PLC0415
    from sferic.report import result_line  # noqa: PLC0415
    from sferic.runtime.letters import LettersFile  # noqa: PLC0415

    del as_json
    with _connected(nimbus) as connection:
        while True:
            found = find(connection, name)
            now = state(connection, found)  # before the results: those of a finished topology are all there
            for pe, port, values in take_results(connection, found, keep=keep):
                for value in values:
                    click.echo(result_line(pe, port, value))
                sys.stdout.flush()
            if dead_letters is not None:
                letters = LettersFile(Path(dead_letters))
                take_letters(connection, found, letters.take, keep=keep)
                letters.close()
            if not follow or now.finished or now.failed or found.status == "gone":
                break
            time.sleep(_LOOK)
        if not keep:
            tidy(connection, name)
    if now.failed:
        _tell(f"{name} has failed: {now.failed}")
        sys.exit(FAILED)


def commands(compile_workflow: Compile, *workflow_options: Callable[[Any], Any]) -> list[click.Command]:
    """All commands of this module. `compile_workflow`: takes WORKFLOW, a target, and what the options say."""
    return [
        cluster_command,
        _submit_command(compile_workflow, workflow_options),
        list_command,
        status_command,
        logs_command,
        stop_command,
        kill_command,
        results_command,
    ]
