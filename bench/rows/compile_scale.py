"""How the time to compile to Storm grows with the number of PEs in random graphs."""

import random
import time
from pathlib import Path

from harness import Row, interleaved, median, spread

from sferic import GenericPE, ProducerPE, WorkflowGraph
from sferic.compiler.pipeline import Options, compile_plan
from sferic.compiler.targets.storm import make_artefact

SIZES = (250, 500, 1000, 2000)


class Any2(GenericPE):
    """A PE with one input and one output."""

    def __init__(self) -> None:
        super().__init__()
        self.add_input("in")
        self.add_output("out")

    def _process(self, inputs: dict[str, object]) -> dict[str, object]:
        return {"out": inputs["in"]}


def random_graph(size: int) -> WorkflowGraph:
    """A connected DAG: each PE is fed by one or two of the fifty before it."""
    chance = random.Random(size)
    graph = WorkflowGraph("random")
    source, pes = ProducerPE(), [Any2() for _ in range(size - 1)]
    for index, pe in enumerate(pes):
        before = {chance.randrange(max(0, index - 50), index) for _ in range(chance.choice((1, 1, 2)))} if index else ()
        for other in before:
            graph.connect(pes[other], "out", pe, "in")
        if not before:
            graph.connect(source, "output", pe, "in")
    return graph


def seconds(size: int) -> float:
    """From the definition to topology.py and the Thrift struct."""
    graph = random_graph(size)
    began = time.perf_counter()
    plan = compile_plan(graph, Options(target="storm")).plan
    make_artefact(plan, Path.cwd(), name="random", python="python3", version="0")
    return time.perf_counter() - began


def measure() -> list[Row]:
    """A row for the largest, and one for the growth of the cost a PE."""
    taken = interleaved([lambda size=size: seconds(size) for size in SIZES], 5)
    medians = [median(values) for values in taken]
    growth = (medians[-1] / SIZES[-1]) / (medians[0] / SIZES[0])
    largest = Row(
        "compile-scale", "2,000 PEs", None, medians[-1], "s", None, "≤ 5", medians[-1] <= 5, spread(taken[-1])
    )
    grown = Row("compile-scale", "cost a PE, 2,000 against 250", None, growth, "×", growth, "≤ 1.3", growth <= 1.3)
    return [largest, grown]
