"""A source that has nothing to give, and so many PEs with state after it."""

from collections.abc import Iterator

from sferic import IterativePE, ProducerPE, WorkflowGraph


class Nothing(ProducerPE):
    """Waits."""

    def __init__(self, *, endless: bool) -> None:
        super().__init__()
        self.endless = endless

    def read(self, position: int | None) -> Iterator[tuple[int, int]]:
        while self.endless:
            self.wait(1)
        yield from ()


class Total(IterativePE):
    """Keeps what came."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def _process(self, data: int) -> int:
        self.total += data
        return data


def build(stages: str, endless: str) -> WorkflowGraph:
    """Source → total → … → total."""
    graph = WorkflowGraph("nothing")
    last = Nothing(endless=endless == "yes")
    for _ in range(int(stages)):
        graph.connect(last, "output", last := Total(), "input")
    return graph
