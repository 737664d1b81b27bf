"""Commands that change a topology on a cluster: pause, resume, rebalance, stop, kill."""

import json
import sys
from typing import TYPE_CHECKING

import click

from sferic.commands.connection import NAME, NIMBUS, connected, tell
from sferic.commands.jobs import job_named, kill_job, refuse_job, resume_job, stop_job
from sferic.commands.options import JSON
from sferic.runtime.observe import FAILED

if TYPE_CHECKING:
    from sferic.cluster.topologies import State

LOSE_STATE = click.option("--lose-state", is_flag=True, help="Do it although state of PEs is lost.")
TAKE_OVER = click.option(
    "--take-over", is_flag=True, help="Although another command seems to be changing it; that one must be no more."
)


@click.command("pause")
@NAME
@TAKE_OVER
@NIMBUS
@JSON
def pause_command(name: str, nimbus: str | None, *, take_over: bool, as_json: bool) -> None:
    """Let the sources of a topology rest: what is in flight is processed, and nothing new is read."""
    from sferic.cluster.busy import busy  # noqa: PLC0415 - only who operates needs it
    from sferic.cluster.steering import pause  # noqa: PLC0415
    from sferic.cluster.topologies import find  # noqa: PLC0415

    refuse_job(name, nimbus, "pause")
    with connected(nimbus) as connection, busy(connection, name, "pause", take_over=take_over):
        pause(connection, find(connection, name))
    if as_json:
        click.echo(json.dumps({"name": name, "status": "paused"}))
    else:
        click.echo(f"{name} is paused: its sources rest, all else goes on. To go on: sferic resume {name}")


@click.command("resume")
@NAME
@TAKE_OVER
@NIMBUS
@JSON
def resume_command(name: str, nimbus: str | None, *, take_over: bool, as_json: bool) -> None:
    """Let a topology that was paused go on, or a Spark job whose driver nobody starts again any more."""
    from sferic.cluster.busy import busy  # noqa: PLC0415 - only who operates needs it
    from sferic.cluster.steering import resume  # noqa: PLC0415
    from sferic.cluster.topologies import find  # noqa: PLC0415

    if (job := job_named(name, nimbus)) is not None:
        resume_job(job, as_json=as_json)
        return
    with connected(nimbus) as connection, busy(connection, name, "resume", take_over=take_over):
        resume(connection, find(connection, name))
    click.echo(json.dumps({"name": name, "status": "active"}) if as_json else f"{name} goes on.")


@click.command("rebalance")
@NAME
@click.option("--workers", type=click.IntRange(1), help="JVMs it is spread over.  [default: as many as it has]")
@click.option(
    "--wait", type=click.IntRange(0), default=10, show_default=True, help="Seconds for what is in flight, before."
)
@LOSE_STATE
@TAKE_OVER
@NIMBUS
@JSON
def rebalance_command(
    name: str,
    workers: int | None,
    wait: int,
    nimbus: str | None,
    *,
    lose_state: bool,
    take_over: bool,
    as_json: bool,
) -> None:
    """Spread a topology over its workers anew, or over more or fewer of them.

    How many instances a PE has does not change: who sends an item counts them. For that, `sferic update`.
    """
    from sferic.cluster.busy import busy  # noqa: PLC0415 - only who operates needs it
    from sferic.cluster.steering import rebalance  # noqa: PLC0415
    from sferic.cluster.topologies import find  # noqa: PLC0415

    refuse_job(name, nimbus, "rebalance")
    with connected(nimbus) as connection, busy(connection, name, "rebalance", take_over=take_over):
        found = find(connection, name)
        wanted, places = rebalance(connection, found, tell, workers=workers, wait=wait, lose_state=lose_state)
    if as_json:
        click.echo(json.dumps({"name": name, "asked": wanted, "workers": places}))
        return
    click.echo(f"{name} is spread over {len(places)} worker{'s' * (len(places) != 1)}: {', '.join(places)}")
    if len(places) < wanted:
        tell(f"{wanted} were asked for: it has fewer executors than that, or the cluster has no more free slots")


@click.command("stop")
@NAME
@click.option("--limit", type=click.IntRange(1), default=300, show_default=True, help="Seconds to wait for the drain.")
@TAKE_OVER
@NIMBUS
@JSON
def stop_command(name: str, limit: int, nimbus: str | None, *, take_over: bool, as_json: bool) -> None:
    """End a topology or a Spark job: sources end, what is in flight is processed, postprocess runs. Results stay."""
    from sferic.cluster.busy import busy  # noqa: PLC0415 - only who operates needs it
    from sferic.cluster.topologies import find, stop  # noqa: PLC0415
    from sferic.cluster.update import forget  # noqa: PLC0415

    if (job := job_named(name, nimbus)) is not None:
        stop_job(job, limit, as_json=as_json)
        return

    def progress(state: "State") -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{state.ended} of {state.sources} sources have ended and are drained ", nl=False, err=True)

    with connected(nimbus) as connection, busy(connection, name, "stop", take_over=take_over):
        done = stop(connection, find(connection, name), progress, limit, tell)
        forget(connection, name)
    if as_json:
        click.echo(json.dumps({"name": name, "finished": done.finished, "failed": done.failed}))
    elif done.finished:
        click.echo(f"{name} has drained and is gone. Its results, if any: sferic results {name}")
    if done.failed:
        tell(f"{name} could not drain, and what was in flight is dropped: {done.failed}")
        sys.exit(FAILED)


@click.command("kill")
@NAME
@click.option("--keep", is_flag=True, help="Keep results and dead letters that nobody has fetched.")
@NIMBUS
@JSON
def kill_command(name: str, nimbus: str | None, *, keep: bool, as_json: bool) -> None:
    """End a topology or a Spark job at once: what is in flight is dropped, and what it kept is deleted."""
    from sferic.cluster.positions import positions  # noqa: PLC0415 - only who operates needs it
    from sferic.cluster.topologies import find_all, kill  # noqa: PLC0415
    from sferic.cluster.update import forget  # noqa: PLC0415

    if (job := job_named(name, nimbus)) is not None:
        kill_job(job, keep=keep, as_json=as_json)
        return
    with connected(nimbus) as connection:
        forget(connection, name)
        dropped = sum(kill(connection, found, keep=keep) for found in reversed(find_all(connection, name)))
        left = positions(connection, name)
    if as_json:
        click.echo(json.dumps({"name": name, "dropped": dropped}))
        return
    click.echo(f"{name} is gone.")
    if left:
        tell(f"A topology submitted as {name} goes on from {'; '.join(map(str, left))}; to begin anew: submit --fresh")
    if dropped:
        tell(f"{dropped} chunk{'s' * (dropped != 1)} of results and dead letters that nobody had fetched went with it.")
