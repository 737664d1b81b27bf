"""100,000 (str, int) tuples, producer → map → consumer, against dispel4py's mappings on this machine."""

import subprocess
import time
from pathlib import Path

from harness import FOLDER, Row, interleaved, median, peer_python, spread

import sferic

COUNT = 100_000


class Pairs(sferic.ProducerPE):
    """The source."""

    def _process(self, inputs: object) -> None:
        for number in range(COUNT):
            self.write("output", ("name", number))


class Map(sferic.IterativePE):
    """Adds one."""

    def _process(self, data: tuple[str, int]) -> tuple[str, int]:
        return (data[0], data[1] + 1)


class Sink(sferic.ConsumerPE):
    """Takes all."""

    def _process(self, data: tuple[str, int]) -> None:
        pass


def ours(on: str) -> float:
    """Seconds of one run; what the sink got is counted."""
    graph = sferic.WorkflowGraph()
    pairs, mapped = Pairs(), Map()
    graph.connect(pairs, "output", mapped, "input")
    graph.connect(mapped, "output", Sink(), "input")
    began = time.perf_counter()
    results = sferic.run(graph, on=on, fuse="none" if on == "multi" else "auto")
    taken = time.perf_counter() - began
    assert results.counts["Sink"]["in"] == COUNT
    return taken


def theirs(python: Path, how: str) -> float:
    """Seconds of the same under dispel4py, without its start."""
    script = FOLDER / "peers" / "d4py_items.py"
    done = subprocess.run([python, script, how], check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def measure() -> list[Row]:
    """In process against simple, multiprocess against multi."""
    python = peer_python("d4py", "stream-d4py")
    rows: list[Row] = []
    for on, how, bar in (("local", "simple", 3), ("multi", "multi", 10)):
        mine, peers = interleaved([lambda on=on: ours(on), lambda how=how: theirs(python, how)], 3)
        ratio = median(peers) / median(mine)
        name = f"stream-d4py {how}"
        rows.append(
            Row(
                "local-items",
                name,
                COUNT / median(peers),
                COUNT / median(mine),
                "items/s",
                ratio,
                f"≥ {bar}",
                ratio >= bar,
                spread([COUNT / s for s in mine]),
            )
        )
    return rows
