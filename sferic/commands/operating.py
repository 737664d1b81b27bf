"""Commands for those who run topologies on a cluster."""

import json
import os
import sys
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sferic import __version__
from sferic.commands.cluster import cluster_command
from sferic.commands.connection import NAME, NIMBUS, connected, tell
from sferic.commands.kept import KEPT, limits
from sferic.commands.logs import log_level_command, logs_command
from sferic.commands.looking import list_command, status_command
from sferic.commands.options import JSON, PLANNED, WORKFLOW, taking
from sferic.commands.packing import PACKING, imported_by, packages_of, request_of
from sferic.commands.sizes import SIZES, asked_of
from sferic.commands.steering import (
    LOSE_STATE,
    TAKE_OVER,
    kill_command,
    pause_command,
    rebalance_command,
    resume_command,
    stop_command,
)
from sferic.commands.updating import LIMITS, Asked, carry_out
from sferic.runtime.observe import FAILED

if TYPE_CHECKING:
    from sferic.cluster.nimbus import Nimbus
    from sferic.cluster.topologies import State
    from sferic.compiler.pipeline import Compiled, Options
    from sferic.compiler.targets.storm import StormArtefact

_LOOK = 0.5  # seconds between two looks at a topology

PYTHON = click.option(
    "--python",
    metavar="PATH",
    help="The workers' interpreter.  [default: this one on a cluster of this machine, elsewhere python3]",
)

NAMED = click.option("--name", required=True, help="The topology's name.")

FRESH = click.option("--fresh", is_flag=True, help="Sources begin anew, wherever the last one of this name was.")

SUBMITTED = (
    *PLANNED,
    *PACKING,
    *SIZES,
    *KEPT,
    PYTHON,
    click.option(
        "--on-failure",
        type=click.Choice(["stop", "skip", "dead-letter"]),
        default="dead-letter",
        show_default=True,
        help="What becomes of an item that a PE cannot handle.",
    ),
)

Compile = Callable[[str, str, dict[str, Any]], "tuple[Compiled, Options]"]


def _submit_command(compile_workflow: Compile) -> click.Command:
    """`submit`, of what compiles a workflow."""

    def submit(workflow: str, name: str, nimbus: str | None, *, as_json: bool, **given: Any) -> None:
        """Compile a workflow and start it on a Storm cluster, where it stays when this command is over."""
        from sferic.cluster.busy import refuse_if_busy  # noqa: PLC0415 - only who operates needs it
        from sferic.cluster.submission import submit as send  # noqa: PLC0415

        with made(compile_workflow, workflow, name, nimbus, given) as (artefact, root), connected(nimbus) as connection:
            refuse_if_busy(connection, name)
            topology = send(artefact, root, connection, __version__, fresh=given["fresh"], tell=tell)
            place = str(connection.address)
        if as_json:
            click.echo(json.dumps({"name": name, "id": topology, "nimbus": place}))
        else:
            click.echo(f"{name} is submitted to {place} as {topology}. To see it: sferic status {name}")

    return click.command("submit")(taking(WORKFLOW, NAMED, FRESH, *SUBMITTED, NIMBUS, JSON)(submit))


def _update_command(compile_workflow: Compile) -> click.Command:
    """`update`, in the same way."""

    def update(
        workflow: str | None,
        name: str,
        nimbus: str | None,
        drain_limit: int,
        start_limit: int,
        *,
        back: bool,
        lose_state: bool,
        take_over: bool,
        as_json: bool,
        **given: Any,
    ) -> None:
        """Put another version of a workflow in the place of a topology that runs.

        It is compiled and uploaded first; then the old one drains, as by `stop`, and the new one is submitted under its
        name. If that does not start, the old one is submitted again.
        """
        if back == (workflow is not None):
            raise click.UsageError("give a WORKFLOW, or --back, which goes back to what the last update replaced")

        def make(nimbus: str | None) -> "AbstractContextManager[tuple[StormArtefact, Path]]":
            return made(compile_workflow, workflow or "", name, nimbus, given)

        asked = Asked(name, nimbus, drain_limit, start_limit, lose_state=lose_state, take_over=take_over)
        carry_out(asked, None if back else make, given, as_json=as_json)

    own = (
        click.argument("workflow", metavar="[WORKFLOW]", required=False),
        NAMED,
        click.option("--back", is_flag=True, help="In place of WORKFLOW: what the last update replaced."),
        *SUBMITTED,
        *LIMITS,
    )
    return click.command("update")(taking(*own, LOSE_STATE, TAKE_OVER, NIMBUS, JSON)(update))


@contextmanager
def made(
    compile_workflow: Compile, workflow: str, name: str, nimbus: str | None, given: dict[str, Any]
) -> Generator[tuple["StormArtefact", Path]]:
    """(the artefact that the options of SUBMITTED ask for, the folder of its files)."""
    from sferic.cluster.workers import check_interpreter  # noqa: PLC0415 - only who operates needs it
    from sferic.compiler.resources import resources  # noqa: PLC0415
    from sferic.compiler.targets.storm import interpreter, make_artefact  # noqa: PLC0415

    compiled, options = compile_workflow(workflow, "storm", given)
    here = nimbus is None and "SFERIC_NIMBUS" not in os.environ
    root, request = Path(options.root), request_of(given)
    chosen = given["python"] or interpreter(request and request.for_python, here=here)
    if here:
        check_interpreter(chosen, request, imported_by(options))
    needs = resources(compiled.plan, asked_of(given))
    with packages_of(request, options, tell) as packages:
        artefact = make_artefact(
            compiled.plan, root, name=name, python=chosen, version=__version__, needs=needs, packages=packages
        )
        yield replace(artefact, config={**artefact.config, **limits(given)}), root


@click.command("results")
@NAME
@click.option("--follow", is_flag=True, help="Go on until the topology has finished.")
@click.option("--keep", is_flag=True, help="Leave them there.")
@click.option(
    "--dead-letters", type=click.Path(dir_okay=False), metavar="FILE", help="Add its dead letters to this file."
)
@NIMBUS
@JSON
def results_command(
    name: str, dead_letters: str | None, nimbus: str | None, *, follow: bool, keep: bool, as_json: bool
) -> None:
    """Fetch the results of a topology, a line of JSON each; what was written is taken away from the cluster.

    --json is how they are written in any case.
    """
    from sferic.cluster.patience import Patience  # noqa: PLC0415 - only who operates needs it
    from sferic.cluster.taking import Taking  # noqa: PLC0415
    from sferic.cluster.topologies import check_attempt, find_whole, tidy  # noqa: PLC0415
    from sferic.report import result_line  # noqa: PLC0415
    from sferic.runtime.letters import LettersFile  # noqa: PLC0415

    del as_json
    handed_out = 0  # the attempt

    def take(connection: "Nimbus", taking: Taking) -> "tuple[State, bool]":
        """(how far it is, is nothing more to come?)"""
        nonlocal handed_out
        all_found, now = find_whole(connection, name)
        last = all_found[-1]
        check_attempt(last, handed_out)
        for found in all_found:
            gone = found.status == "gone"
            for pe, port, values in taking.results(found, over=gone or now.finished):
                for value in values:
                    click.echo(result_line(pe, port, value))
                sys.stdout.flush()
                handed_out = last.attempt if found is last else handed_out
            if dead_letters is not None:
                letters = LettersFile(Path(dead_letters))
                taking.letters(found, letters.take)
                letters.close()
            if not keep and gone:
                tidy(connection, found)
        return now, now.finished or bool(now.failed) or last.status == "gone"

    with connected(nimbus) as connection:
        taking = Taking(connection, keep=keep)
        if follow:
            patience = Patience(connection, tell)
            while not (looked := patience(lambda: take(connection, taking)))[1]:
                time.sleep(_LOOK)
        else:
            looked = take(connection, taking)
    if failed := looked[0].failed:
        tell(f"{name} has failed: {failed}")
        sys.exit(FAILED)


def commands(compile_workflow: Compile) -> list[click.Command]:
    """All commands of this module. `compile_workflow`: takes WORKFLOW, a target, and what the options say."""
    return [
        cluster_command,
        _submit_command(compile_workflow),
        _update_command(compile_workflow),
        list_command,
        status_command,
        logs_command,
        log_level_command,
        pause_command,
        resume_command,
        rebalance_command,
        stop_command,
        kill_command,
        results_command,
    ]
