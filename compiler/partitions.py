"""What became of the partitions that a user asked for."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sferic.compiler.graph import Graph
from sferic.runtime.outline import Partition


@dataclass(frozen=True, slots=True)
class Fate:
    """A partition after fusion. `stages`: its PEs by the stage they are in; `parts`: by what connects them with each
    other, whether fused or not; `why`: the reasons where there are several stages."""

    partition: Partition
    stages: tuple[tuple[str, ...], ...]
    parts: tuple[tuple[str, ...], ...]
    why: str = ""


def fates(graph: Graph) -> Iterator[Fate]:
    """Of each partition, in order; `graph` has its stages."""
    number_of = {path: number for number, one in enumerate(graph.partitions) for path in one.paths}
    stage_of = {path: number for number, stage in enumerate(graph.stages) for path in stage}
    beside: dict[str, list[str]] = defaultdict(list)
    reasons: dict[int, dict[str, None]] = defaultdict(dict)
    for edge in graph.edges:
        number = number_of.get(edge.source)
        if number is not None and number == number_of.get(edge.target):
            beside[edge.source].append(edge.target)
            beside[edge.target].append(edge.source)
            if not edge.fused:
                reasons[number][edge.why] = None
    for number, partition in enumerate(graph.partitions):
        stages: dict[int, list[str]] = defaultdict(list)
        for path in partition.paths:
            stages[stage_of[path]].append(path)
        parts = _parts(partition.paths, beside)
        why = list(reasons[number])
        if len(parts) > 1:
            why.insert(0, f"no connection joins {' with '.join(map(named, parts))}")
        joined = "; ".join(why) if len(stages) > 1 else ""
        yield Fate(partition, tuple(tuple(paths) for paths in stages.values()), parts, joined)


def named(paths: tuple[str, ...], most: int = 3) -> str:
    """The first of them."""
    return ", ".join(paths[:most]) + (f" and {len(paths) - most} more" if len(paths) > most else "")


def _parts(paths: tuple[str, ...], beside: Mapping[str, list[str]]) -> tuple[tuple[str, ...], ...]:
    """PEs that a way leads to from each other, in whatever direction."""
    part_of: dict[str, str] = {}
    for path in paths:
        todo = [path]
        while todo:
            one = todo.pop()
            if one not in part_of:
                part_of[one] = part_of.get(path, path)
                todo += beside.get(one, ())
    parts: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        parts[part_of[path]].append(path)
    return tuple(map(tuple, parts.values()))
