"""PEs that many cases are made of."""

from sferic import IterativePE, ProducerPE, WorkflowGraph


class Numbers(ProducerPE):
    def __init__(self, count):
        super().__init__()
        self.count = count

    def _process(self, inputs):
        for number in range(self.count):
            self.write("output", number)


class EndOfSource(Numbers):
    def _postprocess(self):
        self.write("output", "end of the source")


class Same(IterativePE):
    stateless = True

    def _process(self, data):
        return data


class Ranked(IterativePE):
    """Says which instance saw what."""

    def __init__(self, instances=1, grouping=None):
        super().__init__()
        self.numprocesses = instances
        self.inputconnections["input"]["grouping"] = grouping

    def _process(self, data):
        return (self.rank, data)


class Total(IterativePE):
    def __init__(self, instances=1):
        super().__init__()
        self.numprocesses = instances
        self.total = 0

    def _process(self, data):
        self.total += data if isinstance(data, int) else data[1]

    def _postprocess(self):
        self.write("output", self.total)


class Distinct(IterativePE):
    def __init__(self):
        super().__init__()
        self.seen = set()

    def _process(self, data):
        self.seen.add(data)

    def _postprocess(self):
        for item in self.seen:
            self.write("output", item)


def pipeline(*pes):
    graph = WorkflowGraph()
    for before, after in zip(pes, pes[1:], strict=False):
        graph.connect(before, next(iter(before.outputconnections)), after, next(iter(after.inputconnections)))
    return graph
