"""What is no error, and still worth knowing before a run: where it would be weak, where it stays slow."""

from collections.abc import Iterator

from sferic.compiler.diagnostics import Problem
from sferic.compiler.graph import Graph
from sferic.compiler.inputs import needs_items
from sferic.compiler.partitions import fates


def weaknesses(graph: Graph) -> Iterator[Problem]:
    """Sources that cannot go on where they were when their process dies; `graph` has been checked."""
    for node in graph.nodes:
        if not node.source or node.positions or needs_items(node):
            continue
        if node.settings.endless:
            text = f"{node.path} does not know its position: what is not yet acked when its process dies is lost"
        else:
            text = f"{node.path} does not know its position, so it counts as having state: if its process dies, "
            text += "the run begins again from the start, once"
        kind = node.type.rpartition(":")[2]
        yield Problem(
            text, node.location, f"`def read(self, position)` in class {kind}, in place of `process`, mends it"
        )


def came_apart(graph: Graph) -> Iterator[Problem]:
    """Partitions that become several processes because nothing connects their PEs; `graph` is what the plan says."""
    for fate in fates(graph):
        if len(fate.parts) > 1 and len(fate.stages) > 1:
            text = f"the PEs of this partition do not share a process: {fate.why}"
            yield Problem(text, fate.partition.location, "connect them, or give each part a partition of its own")


def stayed_at_one(graph: Graph, processes: int | None) -> Iterator[Problem]:
    """PEs that have one instance although -n `processes` asked for more; `graph` is what the plan says."""
    nodes = graph.by_path()
    fixed = [stage for stage in graph.stages if nodes[stage[0]].instances == 1 or nodes[stage[0]].said_instances]
    least = sum(nodes[stage[0]].instances for stage in fixed) + len(graph.stages) - len(fixed)
    if processes is None or processes <= least:
        return
    for node in graph.nodes:
        if node.instances == 1 and node.instances_remedy:
            text = f"{node.path} stays at one instance: {node.instances_why}"
            yield Problem(text, node.location, f"changed by {node.instances_remedy}")
