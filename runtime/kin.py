"""What a child process started, found by a mark in its environment, which is inherited whatever parent, group and
session it has now. The shim's Kin.java knows the same marks. Linux; elsewhere a child's group is all that is found."""

import os
import signal
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

MARK = "SFERIC_KIN"
_ROUNDS = 5


def new_mark() -> str:
    """For a new child of this process: NAMESPACE:PID:START:ANY."""
    pid = os.getpid()
    return f"{_namespace()}:{pid}:{_started(pid)}:{uuid.uuid4()}"


def end_kin(*marks: str) -> None:
    """Kill all that have one of these marks, except the caller."""
    if any(marks):
        _kill(frozenset(filter(None, marks)).__contains__)


def end_orphans() -> None:
    """Kill what children of processes that are no more have left on this machine."""
    here = _namespace()

    def orphaned(mark: str) -> bool:
        parts = mark.split(":", 3)
        return len(parts) == 4 and parts[0] == here and parts[1].isdigit() and _started(int(parts[1])) != parts[2]

    _kill(orphaned)


def runs(pid: int) -> bool:
    """Is there a process of this number that has not ended?"""
    if sys.platform == "linux":
        return bool(_started(pid))
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def _kill(wanted: Callable[[str], bool]) -> None:
    """Once more while there are any: who is killed may just have started another."""
    for _ in range(_ROUNDS):
        found = [pid for pid, mark in _marked() if pid != os.getpid() and wanted(mark)]
        if not found:
            return
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def _marked() -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    begin = f"{MARK}=".encode()
    for process in Path("/proc").glob("[1-9]*"):
        try:
            environment = (process / "environ").read_bytes()
        except OSError:
            continue  # it has gone, or is somebody else's
        for each in environment.split(b"\0"):
            if each.startswith(begin):
                found.append((int(process.name), each[len(begin) :].decode(errors="replace")))
    return found


def _started(pid: int) -> str:
    """When a process began, in the system's ticks; empty where there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def _namespace() -> str:
    """Processes in another namespace have other numbers."""
    try:
        return "".join(filter(str.isdigit, Path("/proc/self/ns/pid").readlink().name))
    except OSError:
        return ""
