"""The word count of words.py, watched from outside: when a process of Split was ready, how many words were counted."""

import mmap
import os
import sys
import time
from pathlib import Path

from sferic import WorkflowGraph

sys.path.insert(0, str(Path(__file__).parent))

from words import Count, Sentences, Split


class Forever(Sentences):
    """Until it is stopped."""

    endless = True


class Noted(Split):
    """Notes the time at which it can take items, under its process's number."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.folder = Path(folder)

    def preprocess(self) -> None:
        (self.folder / f"split-{os.getpid()}").write_text(str(time.time_ns()))


class Watched(Count):
    """Each instance counts its words in a file of its own, too, which others read while it runs."""

    def preprocess(self) -> None:
        path = self.folder / f"count-{self.rank}-{os.getpid()}"
        path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self.taken = memoryview(mmap.mmap(file.fileno(), 8)).cast("Q")

    def _process(self, data: str) -> None:
        self.counts[data] = self.counts.get(data, 0) + 1
        self.taken[0] += 1


def build(folder: str, repeats: str, endless: str = "no") -> WorkflowGraph:
    """Sentences → words → counts of two instances."""
    graph = WorkflowGraph("words")
    split, count = Noted(folder), Watched(folder)
    kind = Forever if endless == "yes" else Sentences
    graph.connect(kind(folder, int(repeats)), "output", split, "input")
    graph.connect(split, "output", count, "input")
    return graph
