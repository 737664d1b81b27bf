"""The topology of workflows/flow.py on a development cluster: what its sink got and when, and processes to kill."""

import contextlib
import itertools
import signal
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from sferic.cluster import development
from sferic.cluster.home import Home
from sferic.cluster.processes import Known, command_of, know

WORKFLOW = Path(__file__).parent / "workflows" / "flow.py"
RATE = 300
PES = {"Numbers": 1, "Double": 1, "Keep": 2, "Total": 1}  # and how many processes of each
STARTED = 3  # how many processes each Double starts


class Flow:
    """One topology, by the notes that its processes make in `folder`."""

    def __init__(self, folder: Path, sleep: str = "", host: str = "sferic.runtime.worker") -> None:
        self.folder = folder
        self.host = host
        self.sleep = sleep
        self.kept: Counter[int] = Counter()
        self.times: list[float] = []
        self.newest = 0
        self._read: dict[Path, int] = {}
        self._whole = 0

    @property
    def options(self) -> list[str]:
        """What `sferic submit` needs beside the name."""
        given = {"folder": self.folder, "rate": RATE, "sleep": self.sleep}
        return [
            str(WORKFLOW),
            "--fuse",
            "none",
            *(part for key, value in given.items() for part in _option(key, value)),
        ]

    def look(self) -> None:
        """Read what was kept since the last look."""
        for path in self.folder.glob("kept-*"):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                data = file.read()
            whole = data.rpartition(b"\n")[0]
            self._read[path] = self._read.get(path, 0) + len(whole) + (1 if whole else 0)
            for line in whole.splitlines():
                number, _, when = line.partition(b" ")
                with contextlib.suppress(ValueError):  # of a process that was killed while it wrote
                    self.times.append(float(when))
                    self.kept[int(number)] += 1
                    self.newest = max(self.newest, int(number))

    def due(self) -> int:
        """The last number that the source should have written by now."""
        try:
            return int((time.time() - float((self.folder / "began").read_text())) * RATE)
        except (FileNotFoundError, ValueError):
            return 0

    def has_all(self, until: int) -> bool:
        """Has twice each of 1, 2 … `until` been kept?"""
        self.look()
        while self._whole < until and self.kept[2 * (self._whole + 1)]:
            self._whole += 1
        return self._whole >= until > 0

    def reached(self, number: int) -> bool:
        """Has twice `number`, or more, been kept?"""
        self.look()
        return self.newest >= 2 * number

    def missing(self, until: int) -> list[int]:
        """Those that have not."""
        return [number for number in range(1, until + 1) if not self.kept[2 * number]]

    def gap(self, since: float) -> float:
        """The longest time without an item from `since` on; what was under way then counts from the last before it."""
        self.look()
        times = sorted(self.times)
        gaps = [later - earlier for earlier, later in itertools.pairwise(times) if later > since]
        return max(gaps)

    def processes(self, pe: str = "*") -> list[Known]:
        """Those that run, of one PE or of all."""
        pids = {int(path.name.rpartition("-")[2]) for path in self.folder.glob(f"pid-{pe}-*-*")}
        # The number of one that has gone may be another's by now.
        found = [know(pid) for pid in pids if self.host in command_of(pid)]
        return [process for process in found if process.alive]

    def begun(self, pe: str) -> int:
        """How many processes of a PE there have been."""
        return len(list(self.folder.glob(f"pid-{pe}-*-*")))

    def worker_of(self, pe: str) -> Known:
        """The JVM that a process of this PE belongs to."""
        [process] = self.processes(pe)
        stat = Path(f"/proc/{process.pid}/stat").read_text()
        return know(int(stat.rpartition(")")[2].split()[1]))

    def started(self) -> list[Known]:
        """What Double started and what still runs, whoever its parent is now."""
        return [know(pid) for pid in _pids() if command_of(pid).split() == ["sleep", self.sleep]]


def _option(name: str, value: object) -> list[str]:
    return ["-p", f"{name}={value}"]


def workers(home: Home) -> list[Known]:
    """The JVMs of workers on this cluster, and those that write their logs."""
    mark = str(home.logs / "workers-artifacts")
    return [known for pid in _pids() if mark in command_of(pid) and (known := know(pid)).alive]


def daemons(home: Home, *names: str) -> list[Known]:
    """ZooKeeper, Nimbus, Supervisor: those of these names, else all."""
    found = development.recorded(home)
    return [] if found is None else [known for name, known in found.daemons.items() if name in (names or found.daemons)]


def kill(processes: Iterable[Known]) -> float:
    """With -9, all at once; when that was. Returns when they have gone."""
    listed = list(processes)
    when = time.time()
    for process in listed:
        process.signal(signal.SIGKILL)
    while any(process.alive for process in listed):
        time.sleep(0.01)
    return when


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
