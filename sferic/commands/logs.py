"""The command that shows what workers log."""

import json

import click

from sferic.commands.connection import JSON, NAME, NIMBUS, connected


@click.command("logs")
@NAME
@click.option(
    "-n", "count", type=click.IntRange(1), default=100, show_default=True, help="Of each worker so many, the last ones."
)
@NIMBUS
@JSON
def logs_command(name: str, count: int, nimbus: str | None, *, as_json: bool) -> None:
    """Show what the workers of a topology have logged, on the cluster of this machine."""
    from sferic.cluster import development  # noqa: PLC0415 - only who operates needs it
    from sferic.cluster.logs import worker_logs  # noqa: PLC0415
    from sferic.cluster.topologies import find  # noqa: PLC0415

    with connected(nimbus) as connection:
        found = find(connection, name)
        for place, lines in worker_logs(found, development.home().logs, count):
            for line in lines:
                click.echo(json.dumps({"worker": place, "line": line}) if as_json else f"[{place}] {line}")
