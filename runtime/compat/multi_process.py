"""What `dispel4py.new.multi_process` has for users; `mpi_process` is answered by the same, without MPI."""

import argparse
import queue
from typing import Any

from sferic.runtime.compat import running
from sferic.runtime.compat.logger import simpleLogger
from sferic.runtime.compat.processor import STATUS_ACTIVE, STATUS_INACTIVE, STATUS_TERMINATED, assign_processes

simple_logger = simpleLogger

__all__ = [
    "STATUS_ACTIVE",
    "STATUS_INACTIVE",
    "STATUS_TERMINATED",
    "parse_args",
    "process",
    "simpleLogger",
    "simple_logger",
]


def parse_args(args: list[str] | None = None, namespace: Any = None) -> Any:
    """`-n` and `-s`; others are left alone."""
    parser = argparse.ArgumentParser(prog="dispel4py", description="Run a workflow in several processes.")
    parser.add_argument("-s", "--simple", action="store_true", help="run partitions in a process each")
    parser.add_argument("-n", "--num", metavar="num_processes", required=True, type=int, help="number of processes")
    return parser.parse_known_args(args, namespace)[0]


def process(workflow: Any, inputs: Any, args: Any) -> "queue.Queue[Any] | None":
    """Run `workflow` in `args.num` processes; `args.simple`: partitions in a process each.

    With `args.results` it returns a queue of (PE's id, port, item) of what came out of unconnected ports, and
    STATUS_TERMINATED after them; where PEs have to share processes, of (id, (PE's id, port), [item]).
    """
    partitioned = bool(getattr(args, "simple", False))
    number = getattr(args, "num", None) or getattr(args, "num_processes", None)
    collected = running.start(workflow, inputs, on="multi", processes=number, partitioned=partitioned)
    if not getattr(args, "results", False):
        return None
    shared = partitioned or (number is not None and not assign_processes(workflow, number)[0])
    results: queue.Queue[Any] = queue.Queue()
    for pe, ports in collected.items():
        for port, items in ports.items():
            for item in items:
                results.put((pe, (pe, port), [item]) if shared else (pe, port, item))
    results.put(STATUS_TERMINATED)
    return results
