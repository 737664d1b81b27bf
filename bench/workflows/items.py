"""(str, int) tuples, producer → map → consumer; notes of the first and of the last."""

import time
from pathlib import Path

from sferic import ConsumerPE, IterativePE, ProducerPE, WorkflowGraph


class Pairs(ProducerPE):
    """The source."""

    def __init__(self, folder: str, count: int) -> None:
        super().__init__()
        self.folder, self.count = Path(folder), count

    def _process(self, inputs: object) -> None:
        (self.folder / "first-0").write_text(str(time.time_ns()))
        for number in range(self.count):
            self.write("output", ("name", number))


class Map(IterativePE):
    """Adds one."""

    stateless = True

    def _process(self, data: tuple[str, int]) -> tuple[str, int]:
        return (data[0], data[1] + 1)


class Sink(ConsumerPE):
    """Takes all."""

    def __init__(self, folder: str, count: int) -> None:
        super().__init__()
        self.folder, self.count = Path(folder), count

    def _process(self, data: tuple[str, int]) -> None:
        if data[1] == self.count:
            (self.folder / "last-0").write_text(str(time.time_ns()))


def build(folder: str, count: str, fused: str = "no") -> WorkflowGraph:
    """The three in a row."""
    graph = WorkflowGraph("items")
    pairs, mapped, sink = Pairs(folder, int(count)), Map(), Sink(folder, int(count))
    graph.connect(pairs, "output", mapped, "input")
    graph.connect(mapped, "output", sink, "input")
    if fused == "yes":
        graph.partitions = [[pairs, mapped, sink]]
    return graph
