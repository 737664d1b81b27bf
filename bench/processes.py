"""CPU time of a process and all that it started, read from /proc."""

import bisect
import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_LOOK_FOR_NEW = 0.5  # seconds: to walk /proc costs more than to read what is known


@dataclass(frozen=True)
class Stat:
    """A line of /proc/PID/stat: seconds of its own and of children that it has waited for."""

    parent: int
    own: float
    waited: float
    started: int


def parse_stat(text: str) -> Stat:
    """The name of a process may hold spaces and brackets: fields are counted from the last bracket."""
    fields = text.rpartition(")")[2].split()
    own, waited = int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])
    return Stat(int(fields[1]), own / _TICKS, waited / _TICKS, int(fields[19]))


def read_stat(pid: int) -> Stat | None:
    """None when the process is gone."""
    try:
        return parse_stat(Path(f"/proc/{pid}/stat").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return None


def descendants(root: int) -> list[int]:
    """`root` and all below it, parents first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (stat := read_stat(int(entry.name))) is not None:
            children.setdefault(stat.parent, []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def marked(mark: str) -> list[int]:
    """All processes that were started with `mark` in their environment, whoever their parents are by now."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and mark.encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return found


class TreeCpu:
    """CPU seconds of some processes over time, those that ended included."""

    def __init__(self, find: Callable[[], list[int]]) -> None:
        """`find`: those that there are."""
        self._find = find
        self._known: dict[int, Stat] = {}
        self._looked = 0.0
        self._lost = 0.0  # of those whose parent ended before them: nobody's waited time has it
        self._times: list[int] = []
        self._seconds: list[float] = []

    def sample(self) -> None:
        """Note the total now."""
        if time.monotonic() - self._looked > _LOOK_FOR_NEW:
            self._looked = time.monotonic()
            for pid in self._find():
                self._known.setdefault(pid, Stat(0, 0.0, 0.0, 0))
        now = time.time_ns()
        for pid, last in list(self._known.items()):
            stat = read_stat(pid)
            if stat is not None and last.started in (0, stat.started):
                self._known[pid] = stat
                continue
            del self._known[pid]
            if last.parent not in self._known:
                self._lost += last.own + last.waited
        total = self._lost + sum(stat.own + stat.waited for stat in self._known.values())
        # A child that ended between two reads may be seen in both or in neither: time never goes back.
        self._times.append(now)
        self._seconds.append(max(total, self._seconds[-1] if self._seconds else 0.0))

    def at(self, when: int) -> float:
        """CPU seconds up to `when` (ns of the day's clock), on the line between the samples beside it."""
        place = bisect.bisect_left(self._times, when)
        if place == 0:
            return self._seconds[0]
        if place == len(self._times):
            return self._seconds[-1]
        before, after = self._times[place - 1], self._times[place]
        share = (when - before) / (after - before)
        return self._seconds[place - 1] + share * (self._seconds[place] - self._seconds[place - 1])
