"""What `dispel4py.new.processor` has for users: inputs, roots, groupings, how many processes a PE gets."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sferic.runtime.compat.keys import key_of
from sferic.runtime.compat.logger import simpleLogger
from sferic.runtime.compat.utils import load_graph
from sferic.runtime.routing import key_hash

simple_logger = simpleLogger

STATUS_ACTIVE = 10
STATUS_INACTIVE = 11
STATUS_TERMINATED = 12
STATUS = {STATUS_ACTIVE: "ACTIVE", STATUS_INACTIVE: "INACTIVE", STATUS_TERMINATED: "TERMINATED"}


def get_inputs(pe: Any, inputs: Mapping[Any, Any]) -> Any:
    """What `inputs` have for `pe`, as object, by name or by id; None for nothing."""
    for key in (pe, getattr(pe, "name", None), getattr(pe, "id", None)):
        if key is not None and key in inputs:
            return inputs[key]
    return None


class ShuffleCommunication:
    """Items to the destinations in turn; senders begin at different ones."""

    def __init__(self, rank: int, sources: Sequence[int], destinations: Sequence[int]) -> None:
        self.destinations = destinations
        self.currentIndex = sources.index(rank) % len(destinations) - 1
        self.name = None

    def get_destination(self, data: Any) -> list[int]:
        """The next in turn."""
        self.currentIndex = (self.currentIndex + 1) % len(self.destinations)
        return [self.destinations[self.currentIndex]]

    getDestination = get_destination  # noqa: N815 - dispel4py's first spelling


class GroupByCommunication:
    """Items with equal values at the positions `group_by` to one destination, the same at every start."""

    def __init__(self, destinations: Sequence[int], input_name: str, group_by: Sequence[int | str]) -> None:
        self.destinations = destinations
        self.input_name = input_name
        self.group_by = self.name = group_by

    def get_destination(self, data: Mapping[str, Any]) -> list[int]:
        """The one for the item's key."""
        key = key_of(tuple(self.group_by))(data[self.input_name])
        return [self.destinations[key_hash(key) % len(self.destinations)]]

    getDestination = get_destination  # noqa: N815 - dispel4py's first spelling


class AllToOneCommunication:
    """All items to the first destination."""

    def __init__(self, destinations: Sequence[int]) -> None:
        self.destinations = destinations
        self.name = "global"

    def get_destination(self, data: Any) -> list[int]:
        """The first."""
        return [self.destinations[0]]

    getDestination = get_destination  # noqa: N815 - dispel4py's first spelling


class OneToAllCommunication:
    """All items to all destinations."""

    def __init__(self, destinations: Sequence[int]) -> None:
        self.destinations = destinations
        self.name = "all"

    def get_destination(self, data: Any) -> Sequence[int]:
        """All of them."""
        return self.destinations

    getDestination = get_destination  # noqa: N815 - dispel4py's first spelling


def _get_connected_inputs(node: Any, graph: Any) -> list[str]:
    edges = (edge for edge in graph[node].values() if edge["DIRECTION"][1] is node.get_contained_object())
    return [target for edge in edges for _, target in edge["ALL_CONNECTIONS"]]


_getConnectedInputs = _get_connected_inputs  # noqa: N816 - dispel4py's first spelling


def _is_root(node: Any, workflow: Any) -> bool:
    return not _get_connected_inputs(node, workflow.graph)


def _get_num_processes(size: int, num_sources: int, num_processes: int, total_processes: int) -> int:
    if num_processes != 1:
        return num_processes
    return (size - num_sources) // max(1, total_processes - num_sources)


_getNumProcesses = _get_num_processes  # noqa: N816 - dispel4py's first spelling


def assign_processes(workflow: Any, size: int) -> tuple[bool, list[str], dict[str, range]]:
    """(enough?, ids of the roots, the processes of each PE by id)."""
    nodes = list(workflow.graph.nodes)
    roots = [node.get_contained_object().id for node in nodes if _is_root(node, workflow)]
    pes = [node.get_contained_object() for node in nodes]
    total = sum(1 if pe.id in roots else pe.numprocesses or 1 for pe in pes)
    if total > size:
        return False, roots, {}
    processes: dict[str, range] = {}
    taken = 0
    for pe in pes:
        one = pe.id in roots or pe.single
        count = 1 if one else _get_num_processes(size, len(roots), pe.numprocesses or 1, total)
        processes[pe.id] = range(taken, taken + count)
        taken += count
    return True, roots, processes


_assign_processes = assign_processes


def get_partitions(workflow: Any) -> list[list[Any]]:
    """The partitions that `workflow` says; of one that says none, its roots and all others."""
    if not workflow.partitions:
        nodes = list(workflow.graph.nodes)
        roots = [node.get_contained_object() for node in nodes if _is_root(node, workflow)]
        others = [node.get_contained_object() for node in nodes if not _is_root(node, workflow)]
        workflow.partitions = [part for part in (roots, others) if part]
    return workflow.partitions


get_partitions_adv = get_partitions


def create_arg_parser() -> argparse.ArgumentParser:
    """The options that all of dispel4py's mappings have."""
    parser = argparse.ArgumentParser(description="Run a workflow of dispel4py's.")
    parser.add_argument("target", help="how to run it")
    parser.add_argument("module", help="the module or file that makes the graph")
    parser.add_argument("-a", "--attr", metavar="attribute", help="the graph's name in the module")
    parser.add_argument("-f", "--file", metavar="inputfile", help="a file of inputs in JSON; goes before -d")
    parser.add_argument("-d", "--data", metavar="inputdata", help="inputs in JSON; go before -i")
    parser.add_argument("-i", "--iter", metavar="iterations", type=int, default=1, help="calls of each root")
    return parser


def parse_common_args() -> tuple[argparse.Namespace, list[str]]:
    """(these options, all others) of this process's command line."""
    return create_arg_parser().parse_known_args()


def get_inputs_from_arguments(args: Any) -> dict[str, Any]:
    """What `args.file` or `args.data` say. ValueError where that is no JSON, or there is no such file."""
    if args.file:
        if not Path(args.file).exists():
            raise ValueError(f"there is no file {args.file}")
        return json.loads(Path(args.file).read_text(encoding="utf-8"))
    return json.loads(args.data) if args.data else {}


def create_inputs(args: Any, graph: Any) -> dict[Any, Any]:
    """Inputs by the PEs' ids, from `args.file`, `args.data` or `args.iter`."""
    inputs: dict[Any, Any] = get_inputs_from_arguments(args)
    nodes = [] if graph is None else list(graph.graph.nodes)
    if not inputs:
        inputs = {node.get_contained_object(): args.iter for node in nodes if _is_root(node, graph)}
    for node in nodes:
        pe = node.get_contained_object()
        for key in (pe, getattr(pe, "name", None)):
            if key in inputs:
                inputs[pe.id] = inputs.pop(key)
    return inputs


def load_graph_and_inputs(args: Any) -> tuple[Any, dict[Any, Any]]:
    """(the graph of `args.module` without composites, its inputs)."""
    graph: Any = load_graph(args.module, args.attr)
    graph.flatten()
    return graph, create_inputs(args, graph)
