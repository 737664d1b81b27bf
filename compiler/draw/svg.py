"""Pictures as SVG: laid out here, so that nothing else need be installed; the same bytes for the same picture."""

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from sferic.compiler.draw.layout import Layout, Point, Size, layered
from sferic.compiler.draw.picture import Arrow, Box, Group, Picture, short, whole_groups

_LETTER = 7.3  # px that a character of the titles takes, at most
_TITLE, _LABEL = 36, 44  # characters that are shown
_LINE, _HIGH = 16.0, 30.0
_GAP = (26.0, 46.0)
_PAD, _HEAD, _EDGE = 14.0, 22.0, 20.0
_NOT_XML = re.compile("[\x00-\x1f\ud800-\udfff\ufffe\uffff]")
_TIP = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
    'orient="auto"><path d="M0 0L8 4L0 8z" fill="#486581"/></marker></defs>'
)
_STYLE = """
text { font: 12px ui-sans-serif, system-ui, sans-serif; fill: #1f2933; }
.note { font-size: 11px; fill: #52606d; } .label { font-size: 10.5px; fill: #334e68; paint-order: stroke;
stroke: #fff; stroke-width: 3px; }
.head { font-size: 11px; fill: #486581; paint-order: stroke; stroke: #f0f4f8; stroke-width: 4px; }
.name { font-size: 14px; font-weight: 600; }
.pe { fill: #fff; stroke: #486581; stroke-width: 1.2; } .quiet { stroke-dasharray: 4 3; }
.group { fill: #f0f4f8; stroke: #9fb3c8; } .arrow { fill: none; stroke: #829ab1; stroke-width: 1.2; }
.hop { stroke: #243b53; stroke-width: 1.8; } .page { fill: #fff; }
"""


@dataclass(frozen=True, slots=True)
class _Frame:
    """A group with its boxes, or one box by itself."""

    group: Group | None
    inside: Layout
    size: Size


def svg(picture: Picture) -> str:
    """A whole SVG document. Long names are cut in the middle; the whole one is shown when the pointer rests on it."""
    groups = whole_groups(picture)
    home = {key: f"g{index}" for index, group in enumerate(groups) for key in group.keys}
    home |= {box.key: f"b{index}" for index, box in enumerate(picture.boxes) if box.key not in home}
    frames = _frames(picture, groups, home)
    between = [(home[a.source], home[a.target]) for a in picture.arrows if home[a.source] != home[a.target]]
    outer = layered({key: frame.size for key, frame in frames.items()}, between, _GAP)
    corner: dict[str, Point] = {}
    for box in picture.boxes:
        (x, y), (inner_x, inner_y) = outer.places[home[box.key]], frames[home[box.key]].inside.places[box.key]
        corner[box.key] = (x + inner_x + _EDGE, y + inner_y + _EDGE + _HEAD)
    sizes = {box.key: _size(box) for box in picture.boxes}
    width = max(outer.size[0], _LETTER * 1.3 * len(short(picture.title, _TITLE))) + 2 * _EDGE
    height = outer.size[1] + 2 * _EDGE + _HEAD
    extent = f'width="{width:.0f}" height="{height:.0f}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {extent} viewBox="0 0 {width:.0f} {height:.0f}" role="img">',
        f"<title>{_text(picture.title)}</title>",
        f"<style>{_STYLE}</style>",
        _TIP,
        '<rect class="page" width="100%" height="100%"/>',
        f'<text class="name" x="{_EDGE:.0f}" y="24">{_text(short(picture.title, _TITLE))}</text>',
    ]
    heads: list[str] = []
    for key, frame in frames.items():
        if frame.group is not None:
            rectangle, head = _group_lines(frame.group, outer.places[key], frame.size)
            lines.append(rectangle)
            heads.append(head)
    arrows = list(_ways(picture, home, outer, frames, corner, sizes))
    lines += [_arrow_line(arrow, way) for arrow, way in arrows]
    for box in picture.boxes:
        lines += _box_lines(box, corner[box.key], sizes[box.key])
    lines += [*heads, *(_label_line(arrow, way) for arrow, way in arrows if arrow.label)]
    return "\n".join([*lines, "</svg>", ""])


def _frames(picture: Picture, groups: tuple[Group, ...], home: Mapping[str, str]) -> dict[str, _Frame]:
    by_home: dict[str, list[Box]] = defaultdict(list)
    for box in picture.boxes:
        by_home[home[box.key]].append(box)
    frames: dict[str, _Frame] = {}
    for key, boxes in by_home.items():
        edges = [(a.source, a.target) for a in picture.arrows if home[a.source] == key == home[a.target]]
        inside = layered({box.key: _size(box) for box in boxes}, edges, _GAP)
        if key.startswith("b"):
            frames[key] = _Frame(None, inside, inside.size)
            continue
        group = groups[int(key[1:])]
        head = _LETTER * len(short(group.title, _TITLE))
        width = max(inside.size[0], head) + 2 * _PAD
        left = (width - inside.size[0]) / 2
        places = {one: (x + left, y + _PAD + _HEAD) for one, (x, y) in inside.places.items()}
        bends = {e: tuple((x + left, y + _PAD + _HEAD) for x, y in points) for e, points in inside.bends.items()}
        size = (width, inside.size[1] + 2 * _PAD + _HEAD)
        frames[key] = _Frame(group, Layout(places, bends, inside.size), size)
    return frames


def _ways(
    picture: Picture,
    home: Mapping[str, str],
    outer: Layout,
    frames: Mapping[str, _Frame],
    corner: Mapping[str, Point],
    sizes: Mapping[str, Size],
) -> Iterator[tuple[Arrow, list[Point]]]:
    """The points of each arrow. Those of one box leave and arrive side by side, in the order of where they lead."""

    def centre(key: str) -> float:
        return corner[key][0] + sizes[key][0] / 2

    passed: list[tuple[Point, ...]] = []
    leaving: dict[str, list[int]] = defaultdict(list)
    arriving: dict[str, list[int]] = defaultdict(list)
    for index, arrow in enumerate(picture.arrows):
        start, end = home[arrow.source], home[arrow.target]
        bends, (left, top) = outer.bends.get((start, end), ()), (0.0, 0.0)
        if start == end:
            bends, (left, top) = frames[start].inside.bends[arrow.source, arrow.target], outer.places[start]
        passed.append(tuple((x + left + _EDGE, y + top + _EDGE + _HEAD) for x, y in bends))
        leaving[arrow.source].append(index)
        arriving[arrow.target].append(index)
    for indexes in leaving.values():
        indexes.sort(key=lambda index: passed[index][0][0] if passed[index] else centre(picture.arrows[index].target))
    for indexes in arriving.values():
        indexes.sort(key=lambda index: passed[index][-1][0] if passed[index] else centre(picture.arrows[index].source))
    for index, arrow in enumerate(picture.arrows):
        first = _port(corner[arrow.source], sizes[arrow.source], leaving[arrow.source], index, bottom=True)
        last = _port(corner[arrow.target], sizes[arrow.target], arriving[arrow.target], index, bottom=False)
        yield arrow, [first, *passed[index], last]


def _port(corner: Point, size: Size, indexes: list[int], index: int, *, bottom: bool) -> Point:
    share = (indexes.index(index) + 1) / (len(indexes) + 1)
    return corner[0] + size[0] * share, corner[1] + (size[1] if bottom else 0.0)


def _size(box: Box) -> Size:
    longest = max(len(short(box.title, _TITLE)), len(short(box.note, _TITLE)) * 0.92)
    return max(64.0, longest * _LETTER + 22), _HIGH + (_LINE if box.note else 0.0)


def _group_lines(group: Group, place: Point, size: Size) -> tuple[str, str]:
    x, y = place[0] + _EDGE, place[1] + _EDGE + _HEAD
    return (
        f'<rect class="group" x="{x:.1f}" y="{y:.1f}" width="{size[0]:.1f}" height="{size[1]:.1f}" rx="8"/>',
        f'<text class="head" x="{x + _PAD:.1f}" y="{y + 18:.1f}">{_text(short(group.title, _TITLE))}</text>',
    )


def _box_lines(box: Box, corner: Point, size: Size) -> Iterator[str]:
    x, y = corner
    yield f"<g><title>{_text(box.title)}</title>"
    look = "pe quiet" if box.quiet else "pe"
    yield f'<rect class="{look}" x="{x:.1f}" y="{y:.1f}" width="{size[0]:.1f}" height="{size[1]:.1f}" rx="5"/>'
    middle = x + size[0] / 2
    yield f'<text x="{middle:.1f}" y="{y + 19:.1f}" text-anchor="middle">{_text(short(box.title, _TITLE))}</text>'
    if box.note:
        note = _text(short(box.note, _TITLE))
        yield f'<text class="note" x="{middle:.1f}" y="{y + 19 + _LINE:.1f}" text-anchor="middle">{note}</text>'
    yield "</g>"


def _arrow_line(arrow: Arrow, way: list[Point]) -> str:
    path = f"M{way[0][0]:.1f} {way[0][1]:.1f}"
    for (x, y), (to_x, to_y) in itertools.pairwise(way):
        half = (to_y - y) / 2
        path += f"C{x:.1f} {y + half:.1f} {to_x:.1f} {to_y - half:.1f} {to_x:.1f} {to_y:.1f}"
    return f'<path class="arrow{" hop" if arrow.hop else ""}" d="{path}" marker-end="url(#tip)"/>'


def _label_line(arrow: Arrow, way: list[Point]) -> str:
    (x, y), (to_x, to_y) = way[-2:]
    text = _text(short(arrow.label, _LABEL))
    return (
        f'<text class="label" x="{(x + to_x) / 2:.1f}" y="{(y + to_y) / 2 + 3:.1f}" text-anchor="middle">{text}'
        f"<title>{_text(arrow.label)}</title></text>"
    )


def _text(text: str) -> str:
    """As XML takes it: escaped, without characters that no XML may hold."""
    return escape(_NOT_XML.sub("�", text))
