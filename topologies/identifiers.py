"""The most frequent identifiers in the Python sources of a folder, by default Python's own standard library.

files → lines → names → count by name (two instances) → top 20
"""

import keyword
import re
import sysconfig
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sferic import GenericPE, IterativePE, ProducerPE, WorkflowGraph

NAME = re.compile(r"[^\W\d]\w*")
LONG_TEXT = r'"{3}(?:[^\\]|\\.)*?"{3}' + r"|'{3}(?:[^\\]|\\.)*?'{3}"
TEXT = r'"(?:[^"\\\n]|\\.)*"' + r"|'(?:[^'\\\n]|\\.)*'"
NO_CODE = re.compile(rf"(?:\b[rRbBuUfF]{{1,2}})?(?:{LONG_TEXT}|{TEXT})|#[^\n]*", re.DOTALL)
NUMBER = re.compile(r"\b\d[\w.]*")
LEFT_OUT = {"site-packages", "test", "tests", "__pycache__", "idlelib", "lib2to3"}


class Files(ProducerPE):
    """Paths of the Python files below a folder, in a fixed order."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.folder = folder

    def _process(self, inputs: Any) -> Iterator[str]:
        for path in sorted(Path(self.folder).rglob("*.py")):
            if LEFT_OUT.isdisjoint(path.relative_to(self.folder).parts):
                yield str(path)


class Lines(IterativePE):
    """The lines of code in a file: no comments, no strings, no empty lines."""

    stateless = True

    def _process(self, data: str) -> None:
        text = Path(data).read_text(encoding="utf-8", errors="replace")
        for line in NO_CODE.sub(" ", text).splitlines():
            if line.strip():
                self.write("output", line)


class Names(IterativePE):
    """The identifiers in a line; keywords are none."""

    stateless = True

    def _process(self, data: str) -> None:
        for name in NAME.findall(NUMBER.sub(" ", data)):
            if not keyword.iskeyword(name):
                self.write("output", name)


class CountByName(GenericPE):
    """How often each name came: ``(name, count)`` at the end. Equal names always reach the same instance."""

    numprocesses = 2

    def __init__(self) -> None:
        super().__init__()
        self.add_input("name", grouping=lambda name: name)
        self.add_output("counts")
        self.counts: Counter[str] = Counter()

    def process(self, inputs: dict[str, Any]) -> None:
        self.counts[inputs["name"]] += 1

    def postprocess(self) -> None:
        for pair in self.counts.items():
            self.write("counts", pair)


class Top(IterativePE):
    """The most frequent names, of all instances before it."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.inputconnections["input"]["grouping"] = "global"
        self.size = size
        self.counts: list[tuple[str, int]] = []

    def _process(self, data: tuple[str, int]) -> None:
        self.counts.append(data)

    def postprocess(self) -> None:
        for pair in sorted(self.counts, key=lambda pair: (-pair[1], pair[0]))[: self.size]:
            self.write("output", pair)


def build(folder: str = "", top: int = 20) -> WorkflowGraph:
    """The workflow; `folder` is where the sources are."""
    graph = WorkflowGraph("identifiers")
    files, lines, names = Files(folder or sysconfig.get_path("stdlib")), Lines(), Names()
    count, best = CountByName(), Top(top)
    graph.connect(files, "output", lines, "input")
    graph.connect(lines, "output", names, "input")
    graph.connect(names, "output", count, "name")
    graph.connect(count, "counts", best, "input")
    graph.partitions = [[files], [lines, names], [count], [best]]
    return graph
