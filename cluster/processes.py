"""Processes that outlive the command that started them: found again by pid and start, so that none is mistaken."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

_LOOK = 0.05  # seconds between two looks whether a process has gone


@dataclass(frozen=True, slots=True)
class Known:
    """A process as it was when it was noted. `started`: when, in the system's own words; no other one has both."""

    pid: int
    started: str

    @property
    def alive(self) -> bool:
        """Is this very process running?"""
        return start_of(self.pid) == self.started != ""

    def signal(self, number: int) -> None:
        """Send a signal, if it is still this process."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def know(pid: int) -> Known:
    """The process that has this pid now."""
    return Known(pid, start_of(pid))


def start_of(pid: int) -> str:
    """When the process began; empty where there is none, or only what its parent has not yet asked for."""
    stat = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        return _ps(pid, "lstart")
    try:
        fields = stat.read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return "" if fields[0] in "ZX" else f"{boot} {fields[19]}"


def command_of(pid: int) -> str:
    """The command line of a process; empty where there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return "" if Path("/proc/self/stat").exists() else _ps(pid, "command")


def _ps(pid: int, column: str) -> str:
    done = subprocess.run(
        ["ps", "-ww", "-o", f"{column}=", "-p", str(pid)],  # noqa: S607 - where it is differs between systems
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()


def end(processes: Iterable[Known], patience: float, tell: Callable[[Known], None] = lambda _: None) -> None:
    """Ask them to leave, and kill those that have not within `patience` seconds; `tell` is told of these."""
    left = [process for process in processes if process.alive]
    for process in left:
        process.signal(signal.SIGTERM)
    until = time.monotonic() + patience
    while left and time.monotonic() < until:
        time.sleep(_LOOK)
        left = [process for process in left if process.alive]
    for process in left:
        tell(process)
        process.signal(signal.SIGKILL)
    while any(process.alive for process in left):
        time.sleep(_LOOK)
