"""One operator at a time: who changes a topology in several steps says so in a blob, `sferic.busy.NAME`."""

import contextlib
import getpass
import json
import os
import socket
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any

from sferic.cluster.nimbus import Nimbus, NimbusError
from sferic.cluster.processes import Known, start_of


def _key(name: str) -> str:
    return f"sferic.busy.{name}"


def refuse_if_busy(nimbus: Nimbus, name: str) -> None:
    """NimbusError where somebody else is changing the topology of this name."""
    data = nimbus.read_blob(_key(name)) if _key(name) in nimbus.blobs() else None  # Nimbus logs what is not there
    if data is None:
        return
    held: dict[str, Any] = json.loads(data or b"{}")
    if _left_behind(held):
        nimbus.delete_blob(_key(name))
        return
    who = f"{held.get('user')} on {held.get('host')} (process {held.get('pid')})"
    raise NimbusError(
        f"{name} on {nimbus.address} is under `sferic {held.get('doing')}` of {who} since {held.get('since')}. Wait "
        f"for it; if that command is no more, say --take-over. `sferic kill {name}` works in any case"
    )


def _left_behind(held: dict[str, Any]) -> bool:
    """Is it of a process of this machine that is no more?"""
    here = held.get("host") == socket.gethostname()
    return here and not Known(int(held.get("pid", 0)), str(held.get("start"))).alive


@contextlib.contextmanager
def busy(nimbus: Nimbus, name: str, doing: str, *, take_over: bool = False) -> Generator[None]:
    """Nobody else changes the topology of this name meanwhile. NimbusError where somebody is at it."""
    said = {
        "doing": doing,
        "user": _user(),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "start": start_of(os.getpid()),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    if take_over:
        nimbus.delete_blob(_key(name))
    else:
        refuse_if_busy(nimbus, name)
    if not nimbus.write_blob(_key(name), json.dumps(said).encode()):
        refuse_if_busy(nimbus, name)
        raise NimbusError(f"{name} on {nimbus.address} has just been taken by another command. Try again")
    try:
        yield
    finally:
        with contextlib.suppress(NimbusError):  # it is away: who comes next sees that this process is no more
            nimbus.delete_blob(_key(name))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return f"user {os.getuid()}"
