"""The command line of dispel4py, mapped to ours: `sferic d4py TARGET MODULE …`."""

import os
import shlex
import sys
from collections.abc import Iterator
from typing import Any

import click

from sferic.compiler.diagnostics import Problem, WrongInput

_SERVERS = "processes here take work as they have room, without a Redis server"
_DYNAMIC = "processes here take work as they have room"
# Of each target: what runs it, and what is to be said about it.
_TARGETS = {
    "simple": ("local", ""),
    "multi": ("multi", ""),
    "mpi": ("multi", "processes of this machine take the place of MPI's; for several machines there is --on storm"),
    "storm": ("storm", ""),
    "spark": ("spark", ""),
    "redis": ("multi", _SERVERS),
    "dyn_redis": ("multi", _SERVERS),
    "dyn_auto_redis": ("multi", _SERVERS),
    "hybrid_redis": ("multi", _SERVERS),
    "dyn_multi": ("multi", _DYNAMIC),
    "dyn_auto_multi": ("multi", _DYNAMIC),
    "zmq_multi": ("multi", _DYNAMIC),
}
_MPI = (("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"), ("PMI_RANK", "PMI_SIZE"))


@click.command("d4py")
@click.argument("target")
@click.argument("module")
@click.argument("topology", required=False)
@click.option("-a", "--attr", metavar="NAME", help="The graph's name in the module.")
@click.option("-n", "--num", type=click.IntRange(1), help="Number of processes.")
@click.option("-i", "--iter", "calls", type=click.IntRange(0), help="How often each root is called.")
@click.option("-d", "--data", help="Inputs by PE, as JSON; go before -i.")
@click.option("-f", "--file", type=click.Path(dir_okay=False), help="A file of such inputs; goes before -d.")
@click.option(
    "-s", "--simple", is_flag=True, help="Partitions in a process each; without partitions, roots and others."
)
@click.option("-m", "--mode", type=click.Choice(["local", "create", "remote"]), default="local", help="Of storm.")
@click.option("--codec", type=click.Choice(["general", "trusted"]), help="As `sferic run` has it.")
def d4py(target: str, module: str, topology: str | None, **given: Any) -> None:
    """Run what `dispel4py TARGET MODULE …` ran, with its options.

    TARGET is simple, multi, mpi, storm or spark.
    """
    from sferic.cli import main  # noqa: PLC0415 - which knows this command

    arguments = _arguments(target, module, topology, given)
    if _left_to_another_rank(target):
        return
    click.echo(f"sferic {shlex.join(arguments)}", err=True)
    main(arguments)


def _arguments(target: str, module: str, topology: str | None, given: dict[str, Any]) -> list[str]:
    workflow = f"{module}:{given['attr']}" if given["attr"] else module
    on, said = _target(target)
    if said:
        click.echo(f"{target}: {said}", err=True)
    options = list(_options(target, on, given))
    if on == "storm" and given["mode"] == "remote":
        if topology is None:
            remedy = f"say it after {module}, or use `sferic submit`, which also says where Nimbus is"
            raise WrongInput([Problem("-m remote: a topology on a cluster needs a name", remedy=remedy)])
        return ["submit", workflow, "--name", topology, *options]
    if on == "storm" and given["mode"] == "create":
        return ["compile", workflow, "--to", "storm", *(["--name", topology] if topology else []), *options]
    return ["run", workflow, "--on", on, *options]


def _target(target: str) -> tuple[str, str]:
    if target not in _TARGETS:
        raise WrongInput([Problem(f"{target!r} is no target", remedy=f"targets are {', '.join(_TARGETS)}")])
    return _TARGETS[target]


def _options(target: str, on: str, given: dict[str, Any]) -> Iterator[str]:
    number = given["num"] if target != "mpi" or given["num"] else _mpi()[1]
    if number and on != "local":
        yield from ("-n", str(number))
    if on == "local":
        yield "--single"
    if given["file"]:
        yield from ("-f", given["file"])
    elif given["data"]:
        yield from ("-d", given["data"])
    elif given["calls"] is not None:
        yield from ("-i", str(given["calls"]))
    if given["simple"] and on == "multi":  # Storm's -s kept files
        yield from ("--fuse", "hints")
    if given["codec"]:
        yield from ("--codec", given["codec"])


def _mpi() -> tuple[int, int]:
    """(rank, how many) below mpiexec; (0, 0) elsewhere."""
    for rank, size in _MPI:
        if rank in os.environ and size in os.environ:
            return int(os.environ[rank]), int(os.environ[size])
    return 0, 0


def _left_to_another_rank(target: str) -> bool:
    """mpiexec starts this command many times: the first starts all processes."""
    rank, size = _mpi()
    if target != "mpi" or not size:
        return False
    if rank == 0:
        click.echo(f"mpi: rank 0 starts all {size} processes; mpiexec is not needed", err=True)
    sys.stderr.flush()
    return rank != 0
