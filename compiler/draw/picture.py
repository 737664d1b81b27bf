"""What is to be seen: boxes, arrows between them, and groups around them. Formats only have to write it down."""

from collections.abc import Iterable
from dataclasses import dataclass

from sferic.compiler.graph import OF_FUNCTION, Edge, Graph, Node
from sferic.compiler.notation import grouping_text, routing_text
from sferic.runtime.plan import RESULTS, Link, Plan, PlannedPE

_RESULTS = "results of\0"  # no path of a PE begins so


@dataclass(frozen=True, slots=True)
class Box:
    """A PE, or where results go (`quiet`). `note` is a second, smaller line."""

    key: str
    title: str
    note: str = ""
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Arrow:
    """From box to box, by their keys. `hop`: items leave the process here."""

    source: str
    target: str
    label: str = ""
    hop: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Boxes that share a process."""

    title: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A box is in one group at most; without the groups there is no way back."""

    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    groups: tuple[Group, ...]


def picture_of_graph(graph: Graph) -> Picture:
    """PEs, connections, partitions: what the user wrote, without composites."""
    nodes = graph.by_path()
    boxes = tuple(Box(node.path, node.path, _node_note(node)) for node in graph.nodes)
    arrows = tuple(Arrow(edge.source, edge.target, _edge_label(edge, nodes)) for edge in graph.edges)
    groups = tuple(Group(f"partition {n}", one.paths) for n, one in enumerate(graph.partitions, 1))
    return Picture(graph.name or "workflow", boxes, arrows, groups)


def picture_of_plan(plan: Plan) -> Picture:
    """Stages with their instances, the calls inside, the links between them, and where results come from."""
    pes = {pe.path: pe for stage in plan.stages for pe in stage.pes}
    boxes = [Box(path, path, _class(pe.type, path)) for path, pe in pes.items()]
    arrows = [
        Arrow(hop.from_pe, hop.to_pe, _ports(pes[hop.from_pe], hop.from_port, pes[hop.to_pe], hop.to_port))
        for stage in plan.stages
        for hop in stage.hops
    ]
    senders = dict.fromkeys(link.from_pe for link in plan.links if link.to_stage == RESULTS)
    boxes += [Box(_RESULTS + path, "results", quiet=True) for path in senders]
    arrows += [_link_arrow(link, pes) for link in plan.links]
    groups = tuple(
        Group(f"{stage.id} × {stage.instances}", tuple(pe.path for pe in stage.pes)) for stage in plan.stages
    )
    return Picture(plan.name or "workflow", tuple(boxes), tuple(arrows), groups)


def _link_arrow(link: Link, pes: dict[str, PlannedPE]) -> Arrow:
    sender = pes[link.from_pe]
    if link.to_stage == RESULTS:
        return Arrow(link.from_pe, _RESULTS + link.from_pe, link.from_port if len(sender.outputs) > 1 else "", hop=True)
    receiver = pes[link.to_pe]
    how = routing_text(link.routing)
    label = _joined(_ports(sender, link.from_port, receiver, link.to_port), how if how != "shuffle" else "")
    return Arrow(link.from_pe, link.to_pe, label, hop=True)


def _edge_label(edge: Edge, nodes: dict[str, Node]) -> str:
    ports = _ports(nodes[edge.source], edge.source_port, nodes[edge.target], edge.target_port)
    return _joined(ports, "" if edge.grouping is None else f"by {grouping_text(edge.grouping)}")


def _ports(sender: Node | PlannedPE, out: str, receiver: Node | PlannedPE, into: str) -> str:
    """Ports are named only where there is more than one."""
    names = [out if len(sender.outputs) > 1 else "", into if len(receiver.inputs) > 1 else ""]
    return " → ".join(name for name in names if name)


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _node_note(node: Node) -> str:
    said = dict(node.said).get("numprocesses")
    return _joined(_class(node.type, node.path), f"× {said}" if said is not None else "")


def _class(type_name: str, path: str) -> str:
    """The class, where the name does not say it already."""
    name = type_name.rpartition(":")[2].rpartition(".")[2]
    own = path.rpartition("/")[2]
    if name == "SimpleFunctionPE" or type_name.startswith(f"{OF_FUNCTION}:"):
        return ""
    return "" if own.rstrip("0123456789").lower() == name.lower() else name


def whole_groups(picture: Picture) -> tuple[Group, ...]:
    """The groups that can be drawn as boxes around theirs: such that no way leads out of one and back."""
    groups = picture.groups
    while True:
        home = {key: index for index, group in enumerate(groups) for key in group.keys}
        edges = {(home.get(a.source, a.source), home.get(a.target, a.target)) for a in picture.arrows}
        ends = {end for edge in edges for end in edge}
        while bare := ends - {target for source, target in edges if source != target and source in ends}:
            ends -= bare
        cut = {end for end in ends if isinstance(end, int) and len(groups[end].keys) > 1}
        if not cut:
            return groups
        groups = tuple(group for index, group in enumerate(groups) if index != max(cut))


def short(text: str, most: int) -> str:
    """`text`, without its middle where it is longer."""
    return text if len(text) <= most else f"{text[: most // 2]}…{text[len(text) - (most - 1) // 2 :]}"


def boxes_of(picture: Picture, group: Group) -> Iterable[Box]:
    """The boxes in `group`, in the picture's order."""
    inside = set(group.keys)
    return (box for box in picture.boxes if box.key in inside)
