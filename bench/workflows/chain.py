"""Items at a fixed rate over three hops; the last PE notes how long each was on the way."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

from sferic import ConsumerPE, IterativePE, ProducerPE, WorkflowGraph


class Stamps(ProducerPE):
    """The times at which items are made, in ns of the day's clock."""

    def __init__(self, count: int, rate: int) -> None:
        super().__init__()
        self.count, self.pause = count, 1 / rate

    def _process(self, inputs: object) -> Iterator[int]:
        due = time.monotonic()
        for _ in range(self.count):
            time.sleep(max(0.0, due - time.monotonic()))
            due += self.pause
            yield time.time_ns()


class Pass(IterativePE):
    """What comes goes on."""

    stateless = True

    def _process(self, data: int) -> int:
        return data


class Delays(ConsumerPE):
    """How long items were on the way, in ns, in order."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.folder = Path(folder)
        self.delays: list[int] = []

    def _process(self, data: int) -> None:
        self.delays.append(time.time_ns() - data)

    def postprocess(self) -> None:
        part = self.folder / ".delays"
        part.write_text(json.dumps(self.delays))
        part.rename(self.folder / "delays")


def build(folder: str, count: str, rate: str) -> WorkflowGraph:
    """Source → two PEs that pass on → sink."""
    graph = WorkflowGraph("chain")
    stamps, first, second = Stamps(int(count), int(rate)), Pass(), Pass()
    graph.connect(stamps, "output", first, "input")
    graph.connect(first, "output", second, "input")
    graph.connect(second, "output", Delays(folder), "input")
    return graph
