"""Cases about which instance gets which item."""

from collections import Counter, defaultdict

from sferic import IterativePE, ProducerPE, WorkflowGraph

from .pes import Numbers, Ranked, Total, pipeline


def all_grouping():
    expected = [(rank, n) for rank in range(3) for n in range(20)]
    return pipeline(Numbers(20), Ranked(3, "all")), {"Ranked.output": expected}


def global_grouping():
    return pipeline(Numbers(20), Ranked(3, "global")), {"Ranked.output": [(0, n) for n in range(20)]}


class Count(IterativePE):
    """How many items each instance got; compared as a sum."""

    def __init__(self, instances, grouping):
        super().__init__()
        self.numprocesses = instances
        self.inputconnections["input"]["grouping"] = grouping
        self.seen = 0

    def _process(self, data):
        self.seen += 1

    def _postprocess(self):
        self.write("output", self.seen)


def shuffle_is_dealt():
    graph = pipeline(Numbers(40), Count(4, None))
    return graph, {"Count.output": [40], "spread": 4}


WORDS = "to be or not to be that is the question whether tis nobler in the mind to suffer".split() * 50


class Words(ProducerPE):
    def _process(self, inputs):
        for word in WORDS:
            self.write("output", (word, 1))


class WordCount(IterativePE):
    def __init__(self, grouping):
        super().__init__()
        self.numprocesses = 2
        self.inputconnections["input"]["grouping"] = grouping
        self.counts = Counter()

    def _process(self, data):
        self.counts[data[0]] += data[1]

    def _postprocess(self):
        for pair in self.counts.items():
            self.write("output", pair)


def group_by_field():
    return pipeline(Words(), WordCount([0])), {"WordCount.output": list(Counter(WORDS).items())}


def group_by_function():
    graph = pipeline(Words(), WordCount(lambda pair: pair[0]))
    return graph, {"WordCount.output": list(Counter(WORDS).items())}


class Dicts(ProducerPE):
    def _process(self, inputs):
        for number in range(30):
            self.write("output", {"name": f"n{number % 5}", "value": number})


class SumByName(IterativePE):
    def __init__(self):
        super().__init__()
        self.numprocesses = 2
        self.inputconnections["input"]["grouping"] = ["name"]
        self.sums = defaultdict(int)

    def _process(self, data):
        self.sums[data["name"]] += data["value"]

    def _postprocess(self):
        self.write("output", dict(self.sums)) if self.sums else None


class Merge(IterativePE):
    def __init__(self):
        super().__init__()
        self.merged = {}

    def _process(self, data):
        assert not self.merged.keys() & data.keys(), "one key on two instances"
        self.merged.update(data)

    def _postprocess(self):
        for pair in sorted(self.merged.items()):
            self.write("output", pair)


def group_by_name():
    sums = defaultdict(int)
    for number in range(30):
        sums[f"n{number % 5}"] += number
    return pipeline(Dicts(), SumByName(), Merge()), {"Merge.output": sorted(sums.items())}


class Ones(IterativePE):
    def _process(self, data):
        return 1


def two_sources_into_one_parallel_input():
    graph = WorkflowGraph()
    total = Ranked(2, [0])
    final = Total()
    graph.connect(Words(), "output", total, "input")
    graph.connect(Words(), "output", total, "input")
    graph.connect(total, "output", Ones(), "input")
    graph.connect(next(pe for pe in graph.get_contained_objects() if isinstance(pe, Ones)), "output", final, "input")
    return graph, {"Total.output": [2 * len(WORDS)]}


CASES = [
    all_grouping,
    global_grouping,
    shuffle_is_dealt,
    group_by_field,
    group_by_function,
    group_by_name,
    two_sources_into_one_parallel_input,
]
