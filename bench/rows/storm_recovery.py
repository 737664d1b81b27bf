"""A process of the word count on a local Storm killed with -9 under load: how long until words are counted again.

The JVM must be the same process. Split keeps nothing between items: nothing may be lost, shown by the counts of a
finite run. A counter has state: its loss must be said, by a run of an endless source, which goes on. (A finite one
would begin again from its start, to end with the right counts.)
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness import Row, interleaved, median, say, spread
from processes import descendants
from storm_run import command_of, counted
from text import expected, write_text

LIMIT = 1.5
_REPEATS = 400
_UNDER_LOAD = 1_000_000  # words counted before the kill
_STUCK = 120.0


class _Run:
    """One run, watched by the files that its processes write."""

    def __init__(self, folder: Path, *, endless: bool) -> None:
        self.folder = folder
        write_text(folder)
        repeats = 1_000_000 if endless else _REPEATS
        command = command_of("recovery.py", folder=folder, repeats=repeats, endless="yes" if endless else "no")
        with (folder / "said").open("wb") as said:
            self.process = subprocess.Popen(command, stdout=said, stderr=said)
        self._until = time.monotonic() + _STUCK

    def words(self) -> int:
        """Counted so far, by all processes there were."""
        return sum(int.from_bytes(path.read_bytes(), sys.byteorder) for path in self.folder.glob("count-*"))

    def wait_for_words(self, more_than: int) -> int:
        """When so many were counted, in ns."""
        while self.words() <= more_than:
            self.check()
            time.sleep(0.001)
        return time.time_ns()

    def check(self) -> None:
        """Nothing goes on for ever."""
        if self.process.poll() is not None or time.monotonic() > self._until:
            raise AssertionError(f"status {self.process.returncode}\n{self.said()}")

    def pids(self, kind: str) -> dict[int, Path]:
        """The processes that wrote notes of this kind."""
        return {
            int(path.name.rpartition("-")[2]): path for path in self.folder.glob(f"{kind}-*") if path.stat().st_size
        }

    def jvm(self) -> int:
        """The process of Storm."""
        [pid] = [
            pid
            for pid in descendants(self.process.pid)
            if b"sferic.LocalMain" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]
        return pid

    def said(self) -> str:
        """All it said."""
        return (self.folder / "said").read_text()

    def end_with_state_lost(self) -> None:
        """Stop it; what was lost must have been said."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(_STUCK)
        if "state is lost" not in self.said():
            raise AssertionError(f"it does not say that state was lost:\n{self.said()}")

    def end_with_nothing_lost(self) -> None:
        """To its own end, with the right counts."""
        status = self.process.wait(_STUCK)
        if status != 0 or counted(self.folder, 2) != expected(_REPEATS) or "lost" in self.said():
            raise AssertionError(f"status {status}, or wrong counts\n{self.said()}")


def recovery(kind: str) -> float:
    """Seconds from the kill of a process of this kind (split, count) to the first word counted by way of its heir."""
    with tempfile.TemporaryDirectory(prefix="sferic-bench-") as name:
        run = _Run(Path(name), endless=kind == "count")
        try:
            run.wait_for_words(_UNDER_LOAD)
            jvm, before = run.jvm(), run.pids(kind)
            killed = time.time_ns()
            os.kill(min(before), signal.SIGKILL)
            while not (fresh := run.pids(kind).keys() - before.keys()):
                run.check()
                time.sleep(0.001)
            assert fresh
            flows = run.wait_for_words(run.words())
            if run.jvm() != jvm:
                raise AssertionError("the JVM is another one")
            if kind == "count":
                run.end_with_state_lost()
            else:
                run.end_with_nothing_lost()
        finally:
            if run.process.poll() is None:
                run.process.kill()
                run.process.wait()
    seconds = (flows - killed) / 1e9
    say(f"{kind} killed: {seconds:.2f} s")
    return seconds


def measure() -> list[Row]:
    """Without state and with it."""
    split, count = interleaved([lambda: recovery("split"), lambda: recovery("count")], 3)
    return [
        Row(
            "storm-recovery",
            what,
            None,
            median(taken),
            "s",
            None,
            f"≤ {LIMIT:g} s",
            median(taken) <= LIMIT,
            spread(taken),
        )
        for what, taken in (("no state: nothing lost", split), ("state: its loss is said", count))
    ]
