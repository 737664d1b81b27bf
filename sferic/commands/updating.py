"""What `sferic update` does with what its options say."""

import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sferic import __version__
from sferic.commands.connection import connected, tell
from sferic.runtime.observe import FAILED

if TYPE_CHECKING:
    from sferic.cluster.nimbus import Nimbus
    from sferic.cluster.submission import Package
    from sferic.cluster.topologies import Found
    from sferic.compiler.targets.storm import StormArtefact

LIMITS = (
    click.option(
        "--drain-limit",
        type=click.IntRange(1),
        default=300,
        show_default=True,
        help="Seconds to wait for the old one's drain.",
    ),
    click.option(
        "--start-limit",
        type=click.IntRange(1),
        default=120,
        show_default=True,
        help="Seconds after which a new one that does not run is given up.",
    ),
)

Make = Callable[[str | None], "AbstractContextManager[tuple[StormArtefact, Path]]"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options say, beside the workflow's."""

    name: str
    nimbus: str | None
    drain_limit: int
    start_limit: int
    lose_state: bool
    take_over: bool


def carry_out(asked: Asked, make: Make | None, given: dict[str, Any], *, as_json: bool) -> None:
    """Update to what `make` gives, or without it back to what was before; says each step on stderr."""
    from sferic.cluster.busy import busy  # noqa: PLC0415 - only who operates needs it
    from sferic.cluster.positions import check_positions, positions  # noqa: PLC0415
    from sferic.cluster.submission import check_size, package_of  # noqa: PLC0415
    from sferic.cluster.update import Limits, replace  # noqa: PLC0415

    with connected(asked.nimbus) as connection, busy(connection, asked.name, "update", take_over=asked.take_over):
        connection.check_version()
        old = _running(connection, asked)
        if make is None:
            new = _before(connection, asked.name)
        else:
            if old is not None and given["workers"] is None:
                given["workers"] = _workers(connection, old)
            with make(asked.nimbus) as (artefact, root):
                check_positions(artefact.plan, asked.name, positions(connection, asked.name))
                new = package_of(artefact, root, __version__)
        tell(f"compiled: plan {new.config['sferic.about']['plan'][:12]}")
        check_size(new, connection)
        try:
            done = replace(connection, old, new, tell, Limits(asked.drain_limit, asked.start_limit))
        except KeyboardInterrupt:
            tell(
                f"The update of {asked.name} has broken off: sferic status {asked.name} says what runs. The same "
                f"command again goes on. If nothing runs: sferic update --back --name {asked.name}"
            )
            raise
    if as_json:
        click.echo(json.dumps({"name": asked.name, "id": done.id, "updated": not done.back, "why": done.back}))
    elif done.back:
        click.echo(f"{asked.name} is as it was, as {done.id}: the new version did not start. {done.back}")
    else:
        click.echo(f"{asked.name} is updated, and runs as {done.id}. Back: sferic update --back --name {asked.name}")
    if done.back:
        sys.exit(FAILED)


def _running(nimbus: "Nimbus", asked: Asked) -> "Found | None":
    """The topology to be replaced; None where an update broke off and nothing runs."""
    from sferic.cluster.nimbus import NoSuchTopology  # noqa: PLC0415
    from sferic.cluster.steering import check_state  # noqa: PLC0415
    from sferic.cluster.topologies import about, find, state  # noqa: PLC0415
    from sferic.cluster.update import kept  # noqa: PLC0415

    try:
        found = find(nimbus, asked.name)
        if found.status == "gone":
            raise NoSuchTopology(f"{asked.name} on {nimbus.address} has gone already. To start it: sferic submit")
    except NoSuchTopology:
        if kept(nimbus, asked.name) is None:
            raise
        tell(f"{asked.name} does not run: an update has broken off, and goes on here")
        return None
    said = about(nimbus, found)
    if not state(nimbus, found).finished:
        check_state(said, asked.name, "update", lose_state=asked.lose_state)
    return found


def _before(nimbus: "Nimbus", name: str) -> "Package":
    from sferic.cluster.nimbus import NimbusError  # noqa: PLC0415
    from sferic.cluster.update import kept  # noqa: PLC0415

    found = kept(nimbus, name)
    if found is None:
        raise NimbusError(f"no update of {name} on {nimbus.address} has left anything to go back to")
    return found


def _workers(nimbus: "Nimbus", old: "Found") -> int | None:
    """As many as it has: a rebalance may have changed it."""
    from sferic.cluster.steering import places  # noqa: PLC0415

    return len(places(nimbus, old)) or None
