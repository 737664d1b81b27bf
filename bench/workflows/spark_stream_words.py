"""Word count of files as they come into a folder; the counts so far are kept every second."""

from collections.abc import Iterator
from pathlib import Path

from word_functions import keep, split

from sferic import IterativePE, WorkflowGraph, every
from sferic.sources import WatchedFolder

PARTS = 2


class Files(WatchedFolder):
    """Notes when it is ready."""

    def preprocess(self) -> None:
        super().preprocess()
        Path(self.path).with_name("ready").touch()


class Read(IterativePE):
    """The lines of a file."""

    stateless = True
    numprocesses = PARTS

    def _process(self, data: str) -> Iterator[str]:
        with Path(data).open() as file:
            yield from file


class Split(IterativePE):
    """The words of a line."""

    stateless = True
    numprocesses = PARTS

    def _process(self, data: str) -> None:
        for word in split(data):
            self.write("output", word)


class Part(IterativePE):
    """How often each word came here of late: what `reduceByKey` does with a batch."""

    numprocesses = PARTS

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}

    def _process(self, data: str) -> None:
        self.counts[data] = self.counts.get(data, 0) + 1

    @every(0.2)
    def pass_on(self) -> None:
        """And begin again."""
        for pair in self.counts.items():
            self.write("output", pair)
        self.counts = {}


class Count(IterativePE):
    """How often each word came."""

    numprocesses = PARTS

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.inputconnections["input"]["grouping"] = [0]
        self.folder = folder
        self.counts: dict[str, int] = {}

    def _process(self, data: tuple[str, int]) -> None:
        word, count = data
        self.counts[word] = self.counts.get(word, 0) + count

    @every(1)
    def keep(self) -> None:
        """All of them."""
        keep(self.folder, self.rank, self.counts.items())


def build(folder: str) -> WorkflowGraph:
    """Files → lines → words → parts of counts → counts."""
    graph = WorkflowGraph("words")
    files, read, words, part = Files(f"{folder}/in", settle=0.05, poll=0.05), Read(), Split(), Part()
    graph.connect(files, "output", read, "input")
    graph.connect(read, "output", words, "input")
    graph.connect(words, "output", part, "input")
    graph.connect(part, "output", count := Count(folder), "input")
    graph.partitions = [[files], [read, words, part], [count]]
    return graph
