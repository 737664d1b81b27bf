"""Places for boxes in layers: what comes first is at the top, and lines cross as seldom as a few sweeps can see to.

The way of Sugiyama, Tagawa and Toda ("Methods for visual understanding of hierarchical system structures", 1981):
layers by the longest way, bends where a line passes a layer, order by the mean place of neighbours.
"""

import itertools
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from sferic.compiler.graph import topological

Key = Hashable
Size = tuple[float, float]
Point = tuple[float, float]
_SWEEPS = 6


@dataclass(frozen=True, slots=True)
class Layout:
    """Upper left corners, by key; the points that the line from one key to another passes; width and height."""

    places: Mapping[str, Point]
    bends: Mapping[tuple[str, str], tuple[Point, ...]]
    size: Size


def layered(sizes: Mapping[str, Size], edges: Sequence[tuple[str, str]], gap: Size) -> Layout:
    """Lay out boxes of these sizes. `edges` lead between different keys and have no circle."""
    edges = list(dict.fromkeys(edges))
    layer = _layers(list(sizes), edges)
    rows: list[list[Key]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for key in sizes:
        rows[layer[key]].append(key)
    above: dict[Key, list[Key]] = defaultdict(list)
    below: dict[Key, list[Key]] = defaultdict(list)
    bends: dict[tuple[str, str], list[Key]] = {}
    for source, target in edges:
        passed: list[Key] = [(source, target, row) for row in range(layer[source] + 1, layer[target])]
        bends[source, target] = passed
        for key in passed:
            rows[layer[source] + 1 + passed.index(key)].append(key)
        chain: list[Key] = [source, *passed, target]
        for one, other in itertools.pairwise(chain):
            below[one].append(other)
            above[other].append(one)
    every: dict[Key, Size] = {**sizes, **{key: (0.0, 0.0) for passed in bends.values() for key in passed}}
    _order(rows, above, below)
    centres = _across(rows, every, above, below, gap[0])
    return _placed(rows, every, centres, sizes, bends, gap[1])


def _layers(keys: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    before: dict[str, list[str]] = defaultdict(list)
    for source, target in edges:
        before[target].append(source)
    layer: dict[str, int] = {}
    for key in topological(keys, edges):
        layer[key] = max((layer[one] + 1 for one in before[key]), default=0)
    return layer


def _order(rows: list[list[Key]], above: Mapping[Key, list[Key]], below: Mapping[Key, list[Key]]) -> None:
    """Sort each row by the mean place of the neighbours, from the top down and back."""
    at = {key: float(index) for row in rows for index, key in enumerate(row)}
    for sweep in range(_SWEEPS):
        near = below if sweep % 2 else above
        for row in reversed(rows) if sweep % 2 else rows:
            means = {key: sum(at[one] for one in near[key]) / len(near[key]) if near[key] else at[key] for key in row}
            row.sort(key=means.__getitem__)
            at.update({key: float(index) for index, key in enumerate(row)})


def _across(
    rows: Sequence[Sequence[Key]],
    sizes: Mapping[Key, Size],
    above: Mapping[Key, list[Key]],
    below: Mapping[Key, list[Key]],
    gap: float,
) -> dict[Key, float]:
    """The centre of each box: near its neighbours, apart from those beside it."""
    centres: dict[Key, float] = {}
    for row in rows:
        x = 0.0
        for key in row:
            centres[key] = x + sizes[key][0] / 2
            x += sizes[key][0] + gap
        for key in row:
            centres[key] -= (x - gap) / 2
    for sweep in range(_SWEEPS):
        near = below if sweep % 2 else above
        for row in reversed(rows) if sweep % 2 else rows:
            wanted = {key: _mean([centres[one] for one in near[key]], centres[key]) for key in row}
            right = float("-inf")
            for key in row:
                centres[key] = max(wanted[key], right + sizes[key][0] / 2)
                right = centres[key] + sizes[key][0] / 2 + gap
            off = _mean([wanted[key] - centres[key] for key in row], 0.0)
            for key in row:
                centres[key] += off
    return centres


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _placed(
    rows: Sequence[Sequence[Key]],
    every: Mapping[Key, Size],
    centres: Mapping[Key, float],
    sizes: Mapping[str, Size],
    bends: Mapping[tuple[str, str], list[Key]],
    gap: float,
) -> Layout:
    left = min((centres[key] - every[key][0] / 2 for row in rows for key in row), default=0.0)
    right = max((centres[key] + every[key][0] / 2 for row in rows for key in row), default=0.0)
    middle: dict[Key, float] = {}
    y = 0.0
    for row in rows:
        height = max(every[key][1] for key in row)
        middle.update(dict.fromkeys(row, y + height / 2))
        y += height + gap
    places = {key: (centres[key] - left - w / 2, middle[key] - h / 2) for key, (w, h) in sizes.items()}
    points = {edge: tuple((centres[key] - left, middle[key]) for key in passed) for edge, passed in bends.items()}
    return Layout(places, points, (right - left, max(y - gap, 0.0)))
