"""The graph builder: PEs, how they connect, which of them share a process."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sferic.runtime.location import Location, caller
from sferic.runtime.pe import GenericPE, Grouping, SimpleFunctionPE


@dataclass(frozen=True, slots=True, eq=False)
class Added:
    """One PE of a graph, as it was added."""

    pe: GenericPE
    location: Location
    settings: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, eq=False)
class Connected:
    """One connection, as it was made; `grouping` here goes before the input port's own."""

    source: GenericPE
    source_port: str
    target: GenericPE
    target_port: str
    location: Location
    grouping: Grouping = None


class WorkflowGraph:
    """An abstract workflow. Nothing is checked while it is built: the compiler reports all problems together."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.added: dict[int, Added] = {}
        self.connections: list[Connected] = []
        self._partitions: list[list[GenericPE]] = []
        self.partitions_at: Location | None = None

    def add(self, pe: GenericPE, **settings: Any) -> GenericPE:
        """Add `pe` (connect does so by itself). Settings given here go before the class's attributes."""
        known = self.added.get(id(pe))
        if known is None:
            self.added[id(pe)] = Added(pe, caller(), settings)
        elif settings:
            self.added[id(pe)] = Added(pe, known.location, {**known.settings, **settings})
        return pe

    def connect(
        self,
        source: GenericPE,
        source_port: str,
        target: GenericPE,
        target_port: str,
        grouping: Grouping = None,
    ) -> None:
        """Connect an output port to an input port."""
        self.add(source)
        self.add(target)
        self.connections.append(Connected(source, source_port, target, target_port, caller(), grouping))

    @property
    def partitions(self) -> list[list[GenericPE]]:
        """Lists of PEs that are to share one process."""
        return self._partitions

    @partitions.setter
    def partitions(self, partitions: Iterable[Sequence[GenericPE]]) -> None:
        try:
            self._partitions = [list(partition) for partition in partitions]
        except TypeError:
            raise TypeError("partitions are lists of PEs: [[a, b], [c]]") from None
        self.partitions_at = caller()

    def get_contained_objects(self) -> list[GenericPE]:
        """The PEs of this graph, in the order in which they were added."""
        return [added.pe for added in self.added.values()]

    def get_contained_object(self, pe_id: str) -> GenericPE | None:
        """The PE with this id or name, or None."""
        return next((pe for pe in self.get_contained_objects() if pe_id in (pe.id, pe.name)), None)

    getContainedObjects = get_contained_objects  # noqa: N815 - dispel4py's first spelling
    getContainedObject = get_contained_object  # noqa: N815 - dispel4py's first spelling


class CompositePE(GenericPE):
    """A sub-workflow used as one PE. A mapped port may lead to several inner ports."""

    subgraph: "WorkflowGraph"
    inputmappings: dict[str, list[tuple[GenericPE, str]]]
    outputmappings: dict[str, list[tuple[GenericPE, str]]]

    def __new__(cls, *args: Any, **kwargs: Any) -> "CompositePE":
        # As of every PE: one whose subclass forgets super().__init__() is whole.
        composite = cast("CompositePE", super().__new__(cls, *args, **kwargs))
        composite.subgraph = WorkflowGraph()
        composite.inputmappings = {}
        composite.outputmappings = {}
        return composite

    def __init__(self, create_graph: Callable[..., Any] | None = None, params: dict[str, Any] | None = None) -> None:
        super().__init__()
        if create_graph is not None:
            create_graph(self, **(params or {}))

    def add(self, pe: GenericPE, **settings: Any) -> GenericPE:
        """Add a PE to the sub-workflow."""
        return self.subgraph.add(pe, **settings)

    def connect(
        self,
        source: GenericPE,
        source_port: str,
        target: GenericPE,
        target_port: str,
        grouping: Grouping = None,
    ) -> None:
        """Connect two PEs of the sub-workflow."""
        self.subgraph.connect(source, source_port, target, target_port, grouping)

    def _map_input(self, name: str, internal_pe: GenericPE, internal_input: str) -> None:
        self.subgraph.add(internal_pe)
        self.inputmappings.setdefault(name, []).append((internal_pe, internal_input))
        self.inputconnections.setdefault(name, {"name": name})

    def _map_output(self, name: str, internal_pe: GenericPE, internal_output: str) -> None:
        self.subgraph.add(internal_pe)
        self.outputmappings.setdefault(name, []).append((internal_pe, internal_output))
        self.outputconnections.setdefault(name, {"name": name})

    def map_input(self, name: str, internal_pe: GenericPE, internal_input: str) -> None:
        """Make an inner input port reachable as this composite's port `name`."""
        self._map_input(name, internal_pe, internal_input)

    def map_output(self, name: str, internal_pe: GenericPE, internal_output: str) -> None:
        """Make an inner output port reachable as this composite's port `name`."""
        self._map_output(name, internal_pe, internal_output)


def create_iterative_chain(
    functions: Sequence[Any],
    FunctionPE_class: type[SimpleFunctionPE] = SimpleFunctionPE,  # noqa: N803 - dispel4py's name
    name_prefix: str = "",
    name_suffix: str = "",
) -> CompositePE:
    """A composite that runs `functions` one after the other; a function may come as ``(function, params)``.

    Its ports are `input` and `output`.
    """
    if not functions:
        raise ValueError("create_iterative_chain() needs at least one function")
    chain = CompositePE()
    previous: GenericPE | None = None
    for given in functions:
        function, params = given if isinstance(given, tuple) else (given, {})
        pe = FunctionPE_class(function, params)
        pe.base_name = f"{name_prefix}{getattr(function, '__name__', 'function')}{name_suffix}"
        if previous is None:
            chain.map_input("input", pe, pe.INPUT_NAME)
        else:
            chain.connect(previous, SimpleFunctionPE.OUTPUT_NAME, pe, pe.INPUT_NAME)
        previous = pe
    assert previous is not None
    chain.map_output("output", previous, SimpleFunctionPE.OUTPUT_NAME)
    return chain
