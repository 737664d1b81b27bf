"""Commands that show what is on a cluster."""

import contextlib
import json
import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from sferic.commands.connection import NAME, NIMBUS, connected, tell
from sferic.commands.jobs import job_named
from sferic.commands.options import JSON

if TYPE_CHECKING:
    from sferic.cluster.status import Face
    from sferic.cluster.watch import Look


@click.command("list")
@NIMBUS
@JSON
def list_command(nimbus: str | None, *, as_json: bool) -> None:
    """List the topologies on a cluster, and the Spark jobs of this machine."""
    from sferic.cluster.nimbus import NimbusError  # noqa: PLC0415 - only who operates needs it

    jobs = [] if nimbus is not None else _jobs()
    try:
        found = _topologies(nimbus)
    except NimbusError:
        if "SFERIC_NIMBUS" in os.environ or not (jobs or _spark_is_up()):
            raise
        found = []  # who has Spark jobs need not have a Storm
    if as_json:
        for one in [*found, *jobs]:
            click.echo(json.dumps(one))
        return
    for one in found:
        click.echo(f"{one['name']}: {one['status']}, up {one['uptime']} s, {one['workers']} workers, {one['id']}")
    for one in jobs:
        status = one["status"] if one["exit"] is None else f"{one['status']} with status {one['exit']}"
        click.echo(f"{one['name']}: {status}, {one['mode']} on {one['master']}, {one['id'] or 'no application'}")
    if not found and not jobs:
        tell("no topologies, no Spark jobs")


def _spark_is_up() -> bool:
    from sferic.cluster import spark_development  # noqa: PLC0415

    return spark_development.running(spark_development.home()) is not None


def _topologies(nimbus: str | None) -> list[dict[str, Any]]:
    from sferic.cluster.topologies import word  # noqa: PLC0415

    with connected(nimbus) as connection:
        keys = connection.blobs()
        return [
            {
                "name": summary.name,
                "id": summary.id,
                "status": word(summary, keys),
                "uptime": summary.uptime_secs,
                "workers": summary.num_workers,
            }
            for summary in connection.call("getClusterInfo").topologies
        ]


def _jobs() -> list[dict[str, Any]]:
    from sferic.cluster.jobs import all_jobs, state_of  # noqa: PLC0415

    found: list[dict[str, Any]] = []
    for job in all_jobs():
        state, asked = state_of(job), job.asked
        said = {"name": job.name, "id": state.status.get("app"), "status": state.word}
        said["exit"] = state.course.exit if state.course else None
        found.append(said | {"mode": asked.mode, "master": asked.master})
    return found


@click.command("status")
@NAME
@click.option("--watch", is_flag=True, help="Look again and again, until it has ended or Ctrl-C.")
@click.option(
    "--every",
    type=click.FloatRange(0.1),
    metavar="SECONDS",
    default=2.0,
    help="With --watch: seconds between two looks.  [default: 2]",
)
@NIMBUS
@JSON
def status_command(name: str, every: float, nimbus: str | None, *, watch: bool, as_json: bool) -> None:
    """Show how a topology or a Spark job is: its state, what its PEs have done, the last errors.

    Rates are since the last look, or in the first one since the start.
    """
    from sferic.cluster.status import TOPOLOGY  # noqa: PLC0415 - only who operates needs it
    from sferic.cluster.watch import at_topology  # noqa: PLC0415

    between = every if watch else None
    if (job := job_named(name, nimbus)) is not None:
        from sferic.cluster.spark_status import JOB, look  # noqa: PLC0415

        _show(partial(look, job), JOB, between, as_json=as_json)
        return
    with connected(nimbus) as connection:
        _show(at_topology(connection, name, tell), TOPOLOGY, between, as_json=as_json)


def _show(look: "Look", face: "Face", every: float | None, *, as_json: bool) -> None:
    """Once, or each `every` seconds."""
    from sferic.cluster.status import status_lines  # noqa: PLC0415
    from sferic.cluster.watch import looks, screen  # noqa: PLC0415

    if every is None:
        said = look(None)
        for line in [] if said is None else [json.dumps(said)] if as_json else status_lines(said, face):
            click.echo(line)
        return
    with contextlib.suppress(KeyboardInterrupt):  # that is how it ends
        if as_json:
            for said in looks(look, every):
                click.echo(json.dumps(said))
                sys.stdout.flush()
            return
        with screen(face) as show:
            for said in looks(look, every):
                show(said)
