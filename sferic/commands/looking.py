"""Commands that show what is on a cluster."""

import json

import click

from sferic.commands.connection import JSON, NAME, NIMBUS, connected, tell


@click.command("list")
@NIMBUS
@JSON
def list_command(nimbus: str | None, *, as_json: bool) -> None:
    """List the topologies on a cluster."""
    from sferic.cluster.topologies import word  # noqa: PLC0415 - only who operates needs it

    with connected(nimbus) as connection:
        found = [
            {
                "name": summary.name,
                "id": summary.id,
                "status": word(summary),
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
@NIMBUS
@JSON
def status_command(name: str, nimbus: str | None, *, as_json: bool) -> None:
    """Show how a topology is: its state, what its PEs have done, the last errors."""
    from sferic.cluster.status import look, status_lines  # noqa: PLC0415 - only who operates needs it

    with connected(nimbus) as connection:
        said = look(connection, name)
    if as_json:
        click.echo(json.dumps(said))
        return
    for line in status_lines(said):
        click.echo(line)
