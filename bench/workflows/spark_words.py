"""Word count as Spark's experts write it: a word is counted where it is read, and equal words meet after that."""

from collections.abc import Iterator

from word_functions import keep, lines, split

from sferic import IterativePE, ProducerPE, WorkflowGraph

PARTS = 2


class Lines(ProducerPE):
    """The text, again and again."""

    splits = True
    numprocesses = PARTS

    def __init__(self, folder: str, repeats: int) -> None:
        super().__init__()
        self.folder, self.repeats = folder, repeats

    def _process(self, inputs: object) -> Iterator[str]:
        return lines(self.folder, self.rank, self.repeats)


class Split(IterativePE):
    """The words of a line."""

    stateless = True
    numprocesses = PARTS

    def _process(self, data: str) -> None:
        for word in split(data):
            self.write("output", word)


class Part(IterativePE):
    """How often each word came here: what `reduceByKey` does before it shuffles."""

    numprocesses = PARTS

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}

    def _process(self, data: str) -> None:
        self.counts[data] = self.counts.get(data, 0) + 1

    def postprocess(self) -> None:
        for pair in self.counts.items():
            self.write("output", pair)


class Count(IterativePE):
    """How often each word came, of parts or of words; kept at the end."""

    numprocesses = PARTS

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.inputconnections["input"]["grouping"] = [0]
        self.folder = folder
        self.counts: dict[str, int] = {}

    def _process(self, data: tuple[str, int]) -> None:
        word, count = data
        self.counts[word] = self.counts.get(word, 0) + count

    def postprocess(self) -> None:
        keep(self.folder, self.rank, self.counts.items())


class Words(Count):
    """The same of words one by one."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.inputconnections["input"]["grouping"] = lambda word: word

    def _process(self, data: str) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - other items
        self.counts[data] = self.counts.get(data, 0) + 1


def build(folder: str, repeats: str, way: str = "parts") -> WorkflowGraph:
    """Lines → words → parts of counts → counts; or, `way` "words", a hop for each word."""
    graph = WorkflowGraph("words")
    source, words = Lines(folder, int(repeats)), Split()
    graph.connect(source, "output", words, "input")
    if way == "parts":
        part, count = Part(), Count(folder)
        graph.connect(words, "output", part, "input")
        graph.connect(part, "output", count, "input")
        graph.partitions = [[source, words, part], [count]]
    else:
        graph.connect(words, "output", count := Words(folder), "input")
        graph.partitions = [[source, words], [count]]
    return graph
