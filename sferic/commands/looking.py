"""Commands that show what is on a cluster."""

import contextlib
import json
import sys
from typing import TYPE_CHECKING

import click

from sferic.commands.connection import NAME, NIMBUS, connected, tell
from sferic.commands.options import JSON

if TYPE_CHECKING:
    from sferic.cluster.nimbus import Nimbus


@click.command("list")
@NIMBUS
@JSON
def list_command(nimbus: str | None, *, as_json: bool) -> None:
    """List the topologies on a cluster."""
    from sferic.cluster.topologies import word  # noqa: PLC0415 - only who operates needs it

    with connected(nimbus) as connection:
        keys = connection.blobs()
        found = [
            {
                "name": summary.name,
                "id": summary.id,
                "status": word(summary, keys),
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
        tell("no topologies")


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
    """Show how a topology is: its state, what its PEs have done, the last errors.

    Rates are since the last look, or in the first one since the start.
    """
    from sferic.cluster.status import look, status_lines  # noqa: PLC0415 - only who operates needs it

    with connected(nimbus) as connection:
        if watch:
            _watch(connection, name, every, as_json=as_json)
            return
        said = look(connection, name)
    if as_json:
        click.echo(json.dumps(said))
        return
    for line in status_lines(said):
        click.echo(line)


def _watch(nimbus: "Nimbus", name: str, every: float, *, as_json: bool) -> None:
    from sferic.cluster.watch import looks, screen  # noqa: PLC0415

    with contextlib.suppress(KeyboardInterrupt):  # that is how it ends
        if as_json:
            for said in looks(nimbus, name, every, tell):
                click.echo(json.dumps(said))
                sys.stdout.flush()
            return
        with screen() as show:
            for said in looks(nimbus, name, every, tell):
                show(said)
