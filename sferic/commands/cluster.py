"""The command for clusters on this machine."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import click

from sferic.commands.connection import tell
from sferic.commands.options import JSON
from sferic.runtime.observe import FAILED


class _Process(Protocol):
    @property
    def pid(self) -> int: ...


@dataclass(frozen=True, slots=True)
class _Up:
    """A cluster, as it is told of."""

    closed: bool
    daemons: Mapping[str, _Process]
    ports: Mapping[str, str]  # who can reach what
    also: Mapping[str, Any] = field(default_factory=dict[str, Any])  # what is to be said of this kind only


@dataclass(frozen=True, slots=True)
class _Kind:
    """What can be done with a kind of cluster. `called`: at the beginning of a sentence; `option`: which names it."""

    called: str
    option: str
    logs: Path
    start: Callable[[Callable[[str], None], bool], object]
    end: Callable[[Callable[[str], None]], bool]
    found: Callable[[], "_Up | None"]
    gone: Callable[[], list[str]]  # daemons of one that was started and is there in part


@click.command("cluster")
@click.argument("action", type=click.Choice(["up", "status", "down"]))
@click.option("--spark", is_flag=True, help="In place of Storm's: a Spark master and a worker, on loopback only.")
@click.option("--closed", is_flag=True, help="up: in a network of its own, which only root reaches. Linux, as root.")
@JSON
def cluster_command(action: str, *, spark: bool, closed: bool, as_json: bool) -> None:
    """Start, look at or end a Storm cluster on this machine, for development, or with --spark one of Spark.

    ZooKeeper, Nimbus and Supervisor, or Spark's master and worker, are processes of yours that stay when this command
    is over. What Storm's keep is there again at the next start. Both clusters may be up at the same time.
    """
    kind = _spark() if spark else _storm()
    say: Callable[[str], None] = (lambda _: None) if as_json else tell
    if action == "up":
        kind.start(say, closed)
    elif action == "down":
        ended = kind.end(say)
        told = f"{kind.called} is down." if ended else "It was not up."
        click.echo(json.dumps({"ended": ended}) if as_json else told)
        return
    found = kind.found()
    if found is None:
        gone = kind.gone()
        again = f"in part: {', '.join(gone)} is gone. See {kind.logs}, then: sferic cluster up{kind.option}"
        other = _storm() if spark else _spark()
        there = f"{other.called} is up: sferic cluster status{other.option}" if other.found() else ""
        if as_json:
            click.echo(json.dumps({"up": False, "gone": gone}))
        else:
            click.echo(f"{kind.called} is {again if gone else 'down'}" + f". {there}" * bool(there))
        sys.exit(FAILED)
    pids = {name: known.pid for name, known in found.daemons.items()}
    said = {"up": True, "closed": found.closed, "pids": pids, "ports": found.ports, "logs": str(kind.logs)}
    if as_json:
        click.echo(json.dumps(said | dict(found.also)))
        return
    click.echo(f"{kind.called} is up: " + ", ".join(f"{name} (process {pid})" for name, pid in pids.items()))
    for what, whom in found.ports.items():
        click.echo(f"  {what}: open to {whom}")
    for what, value in found.also.items():
        click.echo(f"  {what}: {value}")
    click.echo(f"  logs: {kind.logs}")


def _storm() -> _Kind:
    from sferic.cluster import development  # noqa: PLC0415 - only who operates needs it

    home = development.home()

    def found() -> _Up | None:
        running = development.running(home)
        return None if running is None else _Up(running.closed, running.daemons, running.ports)

    def gone() -> list[str]:
        before = development.recorded(home)
        return [] if before is None else before.gone

    return _Kind(
        "The cluster",
        "",
        home.logs,
        lambda say, closed: development.up(home, say, closed=closed),
        lambda say: development.down(home, say),
        found,
        gone,
    )


def _spark() -> _Kind:
    from sferic.cluster import spark_development as development  # noqa: PLC0415 - only who operates needs it
    from sferic.cluster.spark_submission import leave, on_this_cluster  # noqa: PLC0415

    home = development.home()

    def found() -> _Up | None:
        running = development.running(home)
        if running is None:
            return None
        also = {"master": running.master, "cores": running.cores}
        return _Up(running.closed, running.daemons, running.reached_by, also)

    def end(say: Callable[[str], None]) -> bool:
        left = on_this_cluster()
        for job in left:
            leave(job)
        if left:
            names = ", ".join(job.name for job in left)
            say(f"what ran on it is ended where it was: {names}. To go on, when it is up again: sferic resume NAME")
        return development.down(home, say)

    def gone() -> list[str]:
        before = development.recorded(home)
        return [] if before is None else before.gone

    return _Kind(
        "Spark's cluster",
        " --spark",
        home.logs,
        lambda say, closed: development.up(home, say, closed=closed),
        end,
        found,
        gone,
    )
