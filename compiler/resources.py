"""What a plan needs of a cluster: memory and cores of each process, its share of a JVM, and how many JVMs."""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sferic.runtime.plan import RESULTS, Link, Plan, Stage

CHILD_MIB = 128  # of a PE that does not say: an idle process takes 40, and its imports most of the rest
CHILD_CORES = 0.25  # of a process whose PEs do not say: more would keep small clusters from taking it
SHIM_CORES = 0.1  # of an instance's threads in the JVM, which carry batches and never look into them
SHIM_MIB = 128  # of an instance's heap: Storm's own default, enough for batches up to 1 MiB
PER_WORKER = 16  # processes below one JVM: it dies with all of them
WINDOW = 16  # groups of a source that may be unanswered
_MIB = 1 << 20
_COPIES = 4  # of a group: as it is kept for another try, sent, received, and written to the process
_QUEUE_BYTES = 256 * _MIB  # in an executor's queue, at most, if all its batches were full
_QUEUE = 256


@dataclass(frozen=True, slots=True)
class Need:
    """Of one instance of a stage: MiB and cores. `on_heap` is its share of the JVM's heap, `off_heap` its process."""

    on_heap: int
    off_heap: int
    cores: float

    def as_config(self) -> dict[str, float]:
        """Storm's settings of a component."""
        return {
            "topology.component.resources.onheap.memory.mb": float(self.on_heap),
            "topology.component.resources.offheap.memory.mb": float(self.off_heap),
            "topology.component.cpu.pcore.percent": round(self.cores * 100, 1),
        }


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody has said for a whole topology, None where nobody has: JVMs; MiB and cores of a process whose PEs do
    not say."""

    workers: int | None = None
    memory: int | None = None
    cpu: float | None = None


NOTHING_ASKED = Asked()


@dataclass(frozen=True, slots=True)
class Resources:
    """Of a whole plan. `stages` by id; the component that takes results has none of them."""

    stages: dict[str, Need]
    results: Need | None
    workers: int
    heap: int  # MiB that the largest of so many JVMs needs
    queue: int  # batches that an executor's queue holds
    asked: Asked

    def total(self, plan: Plan) -> Need:
        """Of all instances."""
        needs = [(self.stages[stage.id], stage.instances) for stage in plan.stages]
        needs += [] if self.results is None else [(self.results, 1)]
        return Need(
            sum(need.on_heap * count for need, count in needs),
            sum(need.off_heap * count for need, count in needs),
            round(sum(need.cores * count for need, count in needs), 3),
        )


def resources(plan: Plan, asked: Asked = NOTHING_ASKED) -> Resources:
    """Work them out."""
    links = _links_by_stage(plan)
    stages = {
        stage.id: Need(_heap(links[stage.id]), _memory(stage, asked), _cores(stage, asked) + SHIM_CORES)
        for stage in plan.stages
    }
    results = links[RESULTS]
    taking = Need(_heap(results), 0, SHIM_CORES) if results else None
    processes = sum(stage.instances for stage in plan.stages)
    count = asked.workers or math.ceil(processes / PER_WORKER)
    shares = sorted((stages[stage.id].on_heap for stage in plan.stages for _ in range(stage.instances)), reverse=True)
    shares += [] if taking is None else [taking.on_heap]
    # Storm deals executors out evenly, with an acker and its own among them: as if all large ones met.
    heap = sum(sorted(shares, reverse=True)[: math.ceil(len(shares) / count)]) + SHIM_MIB
    return Resources(stages, taking, count, heap, _queue(plan), asked)


def _links_by_stage(plan: Plan) -> Mapping[str, list[Link]]:
    """Of each stage those that come in and go out."""
    found: defaultdict[str, list[Link]] = defaultdict(list)
    for link in plan.links:
        found[link.from_stage].append(link)
        found[link.to_stage].append(link)
    return found


def _memory(stage: Stage, asked: Asked) -> int:
    """PEs of a stage are in one process: each has its own beside the others'."""
    said = [pe.memory for pe in stage.pes if pe.memory is not None]
    return sum(said) if said else asked.memory or CHILD_MIB


def _cores(stage: Stage, asked: Asked) -> float:
    """They take turns: it is as busy as the busiest."""
    said = [pe.cpu for pe in stage.pes if pe.cpu is not None]
    return max(said) if said else asked.cpu or CHILD_CORES


def _heap(links: list[Link]) -> int:
    """MiB for the batches of an instance that are under way, none smaller than Storm's default."""
    largest = max((link.batch.bytes for link in links), default=0)
    return max(SHIM_MIB, SHIM_MIB // 2 + math.ceil(_COPIES * WINDOW * largest / _MIB))


def _queue(plan: Plan) -> int:
    largest = max((link.batch.bytes for link in plan.links), default=1)
    fitting = 1 << max(0, _QUEUE_BYTES // largest).bit_length() - 1 if largest < _QUEUE_BYTES else 1
    return max(16, min(_QUEUE, fitting))
