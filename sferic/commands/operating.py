"""Commands for those who run topologies on a cluster."""

import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sferic.commands.cluster import cluster_command
from sferic.commands.connection import NAME, NIMBUS, connected, tell
from sferic.commands.jobs import job_named, refuse_job, results_of_job
from sferic.commands.logs import log_level_command, logs_command
from sferic.commands.looking import list_command, status_command
from sferic.commands.options import JSON, taking
from sferic.commands.steering import (
    LOSE_STATE,
    TAKE_OVER,
    kill_command,
    pause_command,
    rebalance_command,
    resume_command,
    stop_command,
)
from sferic.commands.submitting import NAMED, SUBMITTED, Compile, made, submit_command
from sferic.commands.updating import LIMITS, Asked, carry_out
from sferic.runtime.observe import FAILED

if TYPE_CHECKING:
    from sferic.cluster.nimbus import Nimbus
    from sferic.cluster.topologies import State
    from sferic.compiler.targets.storm import StormArtefact

_LOOK = 0.5  # seconds between two looks at a topology


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
        refuse_job(name, nimbus, "update")
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
    """Fetch the results of a topology or a Spark job, a line of JSON each; what was written is not given again.

    --json is how they are written in any case.
    """
    from sferic.cluster.patience import Patience  # noqa: PLC0415 - only who operates needs it
    from sferic.cluster.taking import Taking  # noqa: PLC0415
    from sferic.cluster.topologies import check_attempt, find_whole, tidy  # noqa: PLC0415
    from sferic.report import result_line  # noqa: PLC0415
    from sferic.runtime.letters import LettersFile  # noqa: PLC0415

    del as_json
    if (job := job_named(name, nimbus)) is not None:
        results_of_job(job, dead_letters, follow=follow, keep=keep)
        return
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
        submit_command(compile_workflow),
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
