"""Word count, a `write` and a call of `process` a word; `folder` has the text and takes the notes."""

import json
import time
from pathlib import Path

from sferic import IterativePE, ProducerPE, WorkflowGraph


class Sentences(ProducerPE):
    """The lines of `text`, again and again; notes when the first is made."""

    def __init__(self, folder: str, repeats: int) -> None:
        super().__init__()
        self.folder, self.repeats = Path(folder), repeats

    def _process(self, inputs: object) -> None:
        lines = (self.folder / "text").read_text().splitlines()
        (self.folder / "first").write_text(str(time.time_ns()))
        for _ in range(self.repeats):
            for line in lines:
                self.write("output", line)


class Split(IterativePE):
    """The words of a sentence."""

    stateless = True

    def _process(self, data: str) -> None:
        for word in data.split():
            self.write("output", word)


class Count(IterativePE):
    """How often each word came, written at the end."""

    numprocesses = 2

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.inputconnections["input"]["grouping"] = lambda word: word
        self.folder = Path(folder)
        self.counts: dict[str, int] = {}

    def _process(self, data: str) -> None:
        self.counts[data] = self.counts.get(data, 0) + 1

    def postprocess(self) -> None:
        ended = time.time_ns()
        (self.folder / f"counts-{self.rank}").write_text(json.dumps(self.counts))
        (self.folder / f"last-{self.rank}").write_text(str(ended))


def build(folder: str, repeats: str) -> WorkflowGraph:
    """Sentences → words → counts of two instances."""
    graph = WorkflowGraph("words")
    split, count = Split(), Count(folder)
    graph.connect(Sentences(folder, int(repeats)), "output", split, "input")
    graph.connect(split, "output", count, "input")
    return graph
