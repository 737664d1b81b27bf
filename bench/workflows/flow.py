"""Numbers by the clock, through a PE that starts processes of its own, to files that say when each came.

A number is due at a time, whoever reads: a source that begins again catches up as fast as it can. Beside the sink is a
PE with state. Every process writes its pid down, as `pid-PE-RANK-PID`.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from sferic import ConsumerPE, IterativePE, ProducerPE, WorkflowGraph


def _note(folder: Path, name: str, rank: int) -> None:
    (folder / f"pid-{name}-{rank}-{os.getpid()}").touch()


class Numbers(ProducerPE):
    """1, 2, 3 …, `rate` a second since the first of these processes began."""

    endless = True

    def __init__(self, folder: str, rate: int) -> None:
        super().__init__()
        self.folder = Path(folder)
        self.rate = rate

    def preprocess(self) -> None:
        _note(self.folder, "Numbers", self.rank)
        try:
            with (self.folder / "began").open("x") as file:
                file.write(repr(time.time()))
        except FileExistsError:
            return

    def read(self, position: int | None) -> Iterator[tuple[int, int]]:
        number = position or 0
        began = float((self.folder / "began").read_text())
        with (self.folder / f"sent-{os.getpid()}").open("a") as sent:
            while True:
                number += 1
                wait = began + number / self.rate - time.time()
                if wait > 0:
                    sent.flush()
                    time.sleep(wait)
                yield number, number
                sent.write(f"{number}\n")


class Double(IterativePE):
    """Twice the number. Starts processes that mind nobody's end: in its own group, in a session, as a daemon."""

    stateless = True

    def __init__(self, folder: str, sleep: str) -> None:
        super().__init__()
        self.folder = Path(folder)
        self.sleep = sleep

    def preprocess(self) -> None:
        _note(self.folder, "Double", self.rank)
        if self.sleep:
            self.near = subprocess.Popen(["sleep", self.sleep])
            self.far = subprocess.Popen(["sleep", self.sleep], start_new_session=True)
            subprocess.run(["sh", "-c", f"setsid sleep {self.sleep} >/dev/null 2>&1 &"], check=True)

    def _process(self, data: int) -> int:
        return 2 * data


class Keep(ConsumerPE):
    """Appends each number, and when it came, to a file of the process's own."""

    stateless = True
    numprocesses = 2

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.folder = Path(folder)

    def preprocess(self) -> None:
        _note(self.folder, "Keep", self.rank)
        self.file = (self.folder / f"kept-{self.rank}-{os.getpid()}").open("a", buffering=1)

    def _process(self, inputs: int) -> None:
        self.file.write(f"{inputs} {time.time():.3f}\n")


class Total(ConsumerPE):
    """Has state: its loss must be said."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.folder = Path(folder)
        self.total = 0

    def preprocess(self) -> None:
        _note(self.folder, "Total", self.rank)

    def _process(self, inputs: int) -> None:
        self.total += inputs


def build(folder: str, rate: int = 300, sleep: str = "") -> WorkflowGraph:
    """Numbers → Double → Keep (two instances), and beside it Total."""
    graph = WorkflowGraph("flow")
    double = Double(folder, sleep)
    graph.connect(Numbers(folder, rate), "output", double, "input")
    graph.connect(double, "output", Keep(folder), "input")
    graph.connect(double, "output", Total(folder), "input")
    return graph
