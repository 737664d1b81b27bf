"""100,000 (str, int) tuples, producer → map → consumer, against dispel4py's mappings on this machine."""

import subprocess
import time
from pathlib import Path

from harness import FOLDER, Row, interleaved, median, peer_python, spread

import sferic

COUNT = 100_000
# mpiexec listens on every network there is: it gets one with loopback only.
_CLOSED = ("unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$0" "$@"')
# Ranks that wait for work leave the core to the others.
_MPI = (
    "--allow-run-as-root",
    "--oversubscribe",
    "--mca",
    "mpi_yield_when_idle",
    "1",
    "--mca",
    "btl",
    "self,sm",
)


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


def mpi_command(python: Path, processes: int) -> list[str | Path]:
    """What starts `processes` ranks of a script that follows; for the interpreter of the peers."""
    return [*_CLOSED, python.with_name("mpiexec"), *_MPI, "-n", str(processes)]


def theirs(python: Path, how: str) -> float:
    """Seconds of the same under dispel4py, without its start."""
    script = FOLDER / "peers" / "d4py_items.py"
    before = mpi_command(python, 3) if how == "mpi" else []
    done = subprocess.run([*before, python, script, how], check=True, capture_output=True, text=True, timeout=120)
    return float(done.stdout.split()[-1])


def measure() -> list[Row]:
    """In process against simple, multiprocess against multi and MPI."""
    python = peer_python("d4py", "stream-d4py", "openmpi", "mpi4py")
    hows = ("simple", "multi", "mpi")
    measures = [lambda: ours("local"), lambda: ours("multi"), *(lambda how=how: theirs(python, how) for how in hows)]
    local, multi, *peers = interleaved(measures, 3)
    rows: list[Row] = []
    for mine, how, their, bar in zip((local, multi, multi), hows, peers, (3, 10, 3), strict=True):
        ratio = median(their) / median(mine)
        rows.append(
            Row(
                "local-items",
                f"stream-d4py {how}",
                COUNT / median(their),
                COUNT / median(mine),
                "items/s",
                ratio,
                f"≥ {bar} ×",
                ratio >= bar,
                spread([COUNT / s for s in mine]),
            )
        )
    return rows
