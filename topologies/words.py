"""The most frequent words of a text, by default of Python's own language reference; words.yaml is the same in YAML.

lines → words → count by word (two instances) → top 10
"""

import importlib
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sferic import IterativePE, Workflow

WORD = re.compile(r"[^\W\d_]+")


def lines(path: str) -> Iterator[str]:
    """The lines of a file, or of the texts that Python's help() shows."""
    if path:
        with Path(path).open(encoding="utf-8") as file:
            yield from file
    else:
        topics: dict[str, str] = importlib.import_module("pydoc_data.topics").topics
        for name in sorted(topics):
            yield from topics[name].splitlines()


def split(line: str) -> list[str]:
    """The words of a line, in lower case."""
    return WORD.findall(line.lower())


def itself(word: str) -> str:
    """A word is its own key."""
    return word


class Count(IterativePE):
    """``(word, count)`` at the end. Equal words must reach the same instance."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def _process(self, data: str) -> None:
        self.counts[data] += 1

    def postprocess(self) -> None:
        for pair in self.counts.items():
            self.write("output", pair)


class Top(IterativePE):
    """The most frequent words, of all instances before it."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.counts: list[tuple[str, int]] = []

    def _process(self, data: tuple[str, int]) -> None:
        self.counts.append(data)

    def postprocess(self) -> None:
        for pair in sorted(self.counts, key=lambda pair: (-pair[1], pair[0]))[: self.size]:
            self.write("output", pair)


def build(path: str = "", top: int = 10, counters: int = 2) -> Workflow:
    """The workflow, in the light way."""
    wf = Workflow("words")
    read = wf.source(lines, path=path)
    words = read.flat_map(split)
    counts = words.key_by(itself, instances=counters).apply(Count, name="count")
    best = counts.to_one().apply(Top, size=top, name="top")
    wf.partitions = [[read.pe, words.pe], [counts.pe], [best.pe]]
    return wf
