"""Arrays of 1 MB over one hop."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sferic import ConsumerPE, ProducerPE, WorkflowGraph

DOUBLES = 131_072  # 1 MiB


class Arrays(ProducerPE):
    """Each of one number all over; notes when the first is made."""

    def __init__(self, folder: str, count: int) -> None:
        super().__init__()
        self.folder, self.count = Path(folder), count

    def _process(self, inputs: object) -> Iterator[Any]:
        array = np.empty(DOUBLES)
        (self.folder / "first").write_text(str(time.time_ns()))
        for number in range(self.count):
            array.fill(number)
            yield array


class Taken(ConsumerPE):
    """Looks at both ends of each; notes when the last has come."""

    def __init__(self, folder: str, count: int) -> None:
        super().__init__()
        self.folder, self.count, self.next = Path(folder), count, 0

    def _process(self, data: Any) -> None:
        if data.shape != (DOUBLES,) or data[0] != self.next or data[-1] != self.next:
            raise ValueError(f"array {self.next} came as {data!r}")
        self.next += 1
        if self.next == self.count:
            (self.folder / "last").write_text(str(time.time_ns()))


def build(folder: str, count: str) -> WorkflowGraph:
    """Source → sink."""
    graph = WorkflowGraph("arrays")
    graph.connect(Arrays(folder, int(count)), "output", Taken(folder, int(count)), "input")
    return graph
