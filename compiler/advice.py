"""What is no error, and still worth knowing before a run: where it would be weak, where it stays slow."""

from collections.abc import Iterator

from sferic.compiler.diagnostics import Problem
from sferic.compiler.frontend.hints import clash, item_hints
from sferic.compiler.graph import OF_FUNCTION, Graph
from sferic.compiler.inputs import needs_items
from sferic.compiler.partitions import fates
from sferic.runtime.definition import Definition


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
        module, _, kind = node.type.partition(":")
        remedy = f"`def read(self, position)` in class {kind}, in place of `process`, mends it"
        if module == OF_FUNCTION:
            remedy = "a PE with positions in place of the function mends it, such as sferic.sources.Lines"
        yield Problem(text, node.location, remedy)


def wrong_hints(definition: Definition) -> Iterator[Problem]:
    """Connections between functions whose type hints say that no item of the one is one for the other."""
    hints = {element.path: item_hints(element.pe) for element in definition.elements}
    for edge in definition.edges:
        gives, takes = hints[edge.source][1], hints[edge.target][0]
        if gives is not None and takes is not None and clash(gives, takes):
            text = (
                f"{edge.source} says that it gives {gives.__name__}, and {edge.target} that it takes {takes.__name__}"
            )
            yield Problem(text, edge.location, "mend the type hints, or put a step between them")


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
