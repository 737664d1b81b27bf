"""Runs a command that streams, from outside: its notes of first and last, and its CPU time between them."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import FOLDER
from processes import TreeCpu, descendants

_TURN = 0.05
_STUCK = 300.0  # seconds after which a run is given up, and that is an error


@dataclass(frozen=True)
class Steady:
    """From the first item to the last, what starts and ends a run left out."""

    seconds: float
    cpu: float


class RunFailed(RuntimeError):  # noqa: N818 - names the situation
    """What was run ended early, or never; the text has its last words."""


def command_of(
    workflow: str | Path, on: Sequence[str] = ("storm",), *, fuse: str = "none", **parameters: object
) -> list[str]:
    """What a user would type to run a workflow on a local Storm, or `on` a target with its options; a name alone is
    one in workflows/."""
    path = FOLDER / "workflows" / workflow
    given = [part for name, value in parameters.items() for part in ("-p", f"{name}={value}")]
    return [sys.executable, "-m", "sferic.cli", "run", str(path), "--on", *on, "--fuse", fuse, *given]


def run(command: Sequence[str | Path], folder: Path, *, ends_itself: bool, until: str = "last") -> TreeCpu:
    """Run to the note `until` (or, with `ends_itself`, to the end) and stop it by ending its stdin."""
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=said, stderr=said, cwd=folder)
    cpu, began = TreeCpu(lambda: descendants(process.pid)), time.monotonic()
    assert process.stdin is not None
    try:
        while process.poll() is None and (ends_itself or not (folder / until).exists()):
            cpu.sample()
            time.sleep(_TURN)
            if time.monotonic() - began > _STUCK:
                raise RunFailed(f"no end after {_STUCK:g} s\n{_last_words(folder)}")
        if ends_itself and process.returncode == 0:
            return cpu
        if process.poll() is not None:
            raise RunFailed(f"status {process.returncode}\n{_last_words(folder)}")
        cpu.sample()
        process.stdin.close()
        process.wait(30)
        return cpu
    finally:
        process.stdin.close()
        if process.poll() is None:
            process.kill()
            process.wait()


def _last_words(folder: Path) -> str:
    words = [folder / "said", *folder.glob("storm/storm.log")]
    return "\n".join(line for path in words if path.exists() for line in path.read_text().splitlines()[-30:])


def steady(folder: Path, cpu: TreeCpu) -> Steady:
    """Between the notes `first` and the latest `last`."""
    first = int((folder / "first").read_text())
    last = max(int(path.read_text()) for path in folder.glob("last*"))
    return Steady((last - first) / 1e9, cpu.at(last) - cpu.at(first))


def counted(folder: Path, instances: int) -> Counter[str]:
    """The sum of all counters' notes; they may still be writing when the run has ended."""
    limit = time.monotonic() + 20
    while True:
        try:
            parts = [json.loads(path.read_text()) for path in folder.glob("counts-*")]
        except json.JSONDecodeError:
            parts = []
        if len(parts) == instances:
            break
        if time.monotonic() > limit:
            raise RunFailed(f"{len(parts)} of {instances} counters said something\n{_last_words(folder)}")
        time.sleep(_TURN)
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return total
