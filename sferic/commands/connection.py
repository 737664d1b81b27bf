"""What all commands that speak to a cluster share: how they find it, and options."""

import contextlib
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from sferic.runtime.observe import WRONG_INPUT

if TYPE_CHECKING:
    from sferic.cluster.nimbus import Address, Nimbus

NAME = click.argument("name", metavar="NAME")
NIMBUS = click.option(
    "--nimbus",
    metavar="HOST:PORT",
    help="Where Nimbus listens.  [default: $SFERIC_NIMBUS, else the cluster that `sferic cluster up` started]",
)


@contextmanager
def connected(nimbus: str | None) -> Generator["Nimbus"]:
    from sferic.cluster.nimbus import connect  # noqa: PLC0415 - only who operates needs it

    with connect(lambda: address(nimbus)) as connection:
        yield connection


def address(nimbus: str | None) -> "Address":
    from sferic.cluster import development  # noqa: PLC0415
    from sferic.cluster.nimbus import Address, NimbusError  # noqa: PLC0415

    given = nimbus or os.environ.get("SFERIC_NIMBUS")
    if given is None:
        found = development.reach(development.home())
        if found is None:
            raise NimbusError(
                f"no Storm cluster is up on this machine, and no other is named. Start one: sferic cluster up; or give "
                f"--nimbus HOST:PORT. {_jobs()}"
            )
        return found
    return Address(*place(given, "a Nimbus", "storm1:6627"))


def _jobs() -> str:
    """Who operates Spark jobs may have meant one."""
    from sferic.cluster.jobs import all_jobs  # noqa: PLC0415

    names = [job.name for job in all_jobs()]
    return f"The Spark jobs of this machine are: {', '.join(names)}" if names else "There is no Spark job here"


def place(given: str, what: str, example: str) -> tuple[str, int]:
    """(host, port) of HOST:PORT. Ends the command where it is something else."""
    host, colon, port = given.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 1 << 16:
        click.echo(f"{given!r} is no place of {what}: write HOST:PORT, as {example}", err=True)
        sys.exit(WRONG_INPUT)
    return host.strip("[]"), int(port)


def tell(text: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # nobody reads how it goes: that is no reason to stop
        click.echo(text, err=True)
