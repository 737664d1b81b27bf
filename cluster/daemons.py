"""Daemons of a cluster on this machine: started to stay, noted, found again, and one command at a time at them."""

import contextlib
import fcntl
import json
import os
import subprocess
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sferic.cluster.errors import OperationError
from sferic.cluster.namespace import NamespaceRefused, in_network_of, in_new_network
from sferic.cluster.processes import Known, end

_LOOK = 0.1  # seconds between two looks whether a daemon is ready
_START = 120.0  # seconds a daemon may take: more is a fault, and not this machine's load
LEAVE = 15.0
_LAST = 15  # lines of a log that are shown

Tell = Callable[[str], None]


class ClusterError(OperationError):
    """The development cluster is not as the command needs it; the text says what to do."""


@contextlib.contextmanager
def alone(folder: Path, what: str = "the cluster") -> Generator[None]:
    """One command at a time starts or ends what is in this folder, which is called `what`."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ClusterError(f"another command is starting or ending {what}; wait for it") from error
        os.set_inheritable(lock.fileno(), False)
        yield


def read_record(path: Path) -> tuple[dict[str, Any], dict[str, Known]] | None:
    """(what was noted, the processes in it); they may have gone since."""
    try:
        said = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return said, {name: Known(**known) for name, known in said.pop("daemons").items()}


def write_record(path: Path, said: Mapping[str, Any], daemons: Mapping[str, Known]) -> None:
    """Note them, all or nothing."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps({**said, "daemons": {name: asdict(known) for name, known in daemons.items()}}) + "\n")
    part.replace(path)


def launch(
    command: Sequence[str], out: Path, cwd: Path, env: Mapping[str, str], *, closed: bool, network_of: int | None
) -> "subprocess.Popen[bytes]":
    """A process in a session of its own: in the network of `network_of`, if `closed`, or else in a new one."""

    def popen() -> "subprocess.Popen[bytes]":
        with out.open("wb") as said:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env=env,
                start_new_session=True,
            )

    if not closed:
        return popen()
    return in_new_network(popen) if network_of is None else in_network_of(network_of, popen)


def leave(daemon: Known, tell: Tell) -> None:
    """End it, and say so where that takes a kill."""

    def slow(known: Known) -> None:
        tell(f"process {known.pid} has not left within {LEAVE:.0f} s and is killed")

    end([daemon], LEAVE, slow)


class Starting:
    """Daemons that are starting: each is waited for, and heard where one of them ends instead."""

    def __init__(self, logs: Path, tell: Tell, *, article: str = "", away: type[Exception] = NamespaceRefused) -> None:
        """`logs`: the folder with each one's ``.log`` and ``.out``. `article`: before their names, with its space.
        `away`: what is raised, beside NamespaceRefused, by one who asks where nobody answers yet."""
        self._logs = logs
        self._tell = tell
        self._article = article
        self._away = (away, NamespaceRefused)  # the latter: whose network it was has just ended
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def add(self, name: str, child: "subprocess.Popen[bytes]") -> None:
        """It was launched, perhaps in the place of one before."""
        self._children[name] = child

    def has(self, name: str) -> bool:
        """Was it launched here?"""
        return name in self._children

    def ended(self, name: str) -> bool:
        """Did it end by itself?"""
        return self._children[name].poll() is not None

    def wait(self, name: str, ready: Callable[[], bool], *, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Until `name` is `ready`; calls `meanwhile` between two looks. Raises ClusterError."""
        began = time.monotonic()
        while not self._is(ready):
            for each, child in self._children.items():
                if child.poll() is not None:
                    raise ClusterError(self._bad(each, f"ended with status {child.returncode}"))
            meanwhile()
            if time.monotonic() - began > _START:
                raise ClusterError(self._bad(name, f"is not ready after {_START:.0f} s"))
            time.sleep(_LOOK)
        if name in self._children:
            self._tell(f"{self._article}{name} is up ({time.monotonic() - began:.1f} s)")

    def _is(self, ready: Callable[[], bool]) -> bool:
        try:
            return ready()
        except self._away:
            return False

    def _bad(self, name: str, what: str) -> str:
        return f"{self._article}{name} {what}. {_last_words(self._logs, (f'{name}.log', f'{name}.out'))}"


def _last_words(folder: Path, logs: Iterable[str]) -> str:
    """The ends of these logs, as far as they are there."""
    there = [folder / log for log in logs if (folder / log).exists()]
    lines = [line for log in there for line in log.read_text(errors="replace").splitlines()[-_LAST:]]
    return f"It said last, in {folder}:\n" + ("\n".join(lines) or "(nothing)")
