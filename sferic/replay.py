"""Gives dead letters to their PEs again, in a run of what is behind these."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sferic.compiler.diagnostics import Problem, WrongInput
from sferic.runtime.definition import Definition, expand
from sferic.runtime.letters import Letter, Unreadable
from sferic.runtime.pe import GenericPE, ProducerPE
from sferic.runtime.workflow import WorkflowGraph

_End = tuple[str, str]


class Letters(ProducerPE):
    """Writes the items of dead letters."""

    def __init__(self, items: list[Any]) -> None:
        super().__init__()
        self.items = items

    def _process(self, inputs: Any) -> Any:
        del inputs
        yield from self.items


@dataclass(frozen=True, slots=True)
class Replay:
    """A workflow that begins where letters came from, and the letters that it cannot hold."""

    graph: WorkflowGraph
    items: int
    left: tuple[str, ...]
    left_numbers: tuple[int, ...]  # of the letters, from 1


def replay(graph: WorkflowGraph, letters: Iterable[Letter], *, trusted: bool) -> Replay:
    """The PEs that have letters and all behind them; every input that would lack its sender gets its letters."""
    definition = expand(graph)
    pes = {element.path: element for element in definition.elements}
    given: dict[_End, list[Any]] = {}
    left: dict[int, str] = {}
    for number, letter in enumerate(letters, 1):
        element = pes.get(letter.pe)
        try:
            if element is None:
                raise Unreadable(f"the workflow has no PE {letter.pe!r}")
            port, items = _entry(element.pe, letter, trusted=trusted)
        except Unreadable as error:
            left[number] = f"letter {number} ({letter.pe}): {error}"
        else:
            given.setdefault((letter.pe, port), []).extend(items)
    if not given:
        raise WrongInput([Problem("none of the letters can be given again"), *map(Problem, left.values())])
    whole = _behind(definition, given)
    whole.rules = graph.rules
    return Replay(whole, sum(map(len, given.values())), tuple(left.values()), tuple(left))


def _entry(pe: GenericPE, letter: Letter, *, trusted: bool) -> tuple[str, list[Any]]:
    if letter.port == "":
        raise Unreadable(f"no item failed, but {letter.item}")
    if letter.written:
        raise Unreadable(f"it could not leave through port {letter.port!r}")
    items = letter.items(trusted=trusted)
    if letter.port is not None:
        if letter.port not in pe.inputconnections:
            raise Unreadable(f"its PE has no input port {letter.port!r}")
        return letter.port, items
    ports = {port for item in items for port in item}
    if len(ports) != 1:
        raise Unreadable("it is not an item of one port")
    [port] = ports
    return port, [item[port] for item in items]


def _behind(definition: Definition, given: dict[_End, list[Any]]) -> WorkflowGraph:
    kept = {path for path, _ in given}
    while more := {edge.target for edge in definition.edges if edge.source in kept} - kept:
        kept |= more
    elements = {element.path: element for element in definition.elements if element.path in kept}
    whole = WorkflowGraph(definition.name)
    lacking: dict[_End, list[Any]] = {}
    for path, element in elements.items():
        element.pe.name = path.replace("/", ".")
        whole.add(element.pe, **element.settings)
        lacking |= {(path, port): [] for port in element.pe.inputconnections}
    for edge in definition.edges:
        if edge.source in kept:
            source, target = elements[edge.source].pe, elements[edge.target].pe
            whole.connect(source, edge.source_port, target, edge.target_port, edge.grouping)
            lacking.pop((edge.target, edge.target_port), None)
    for (path, port), items in (lacking | given).items():
        pe = elements[path].pe
        source = Letters(items)
        source.name = f"letters for {pe.name}.{port}"
        grouping = next((e.grouping for e in definition.edges if (e.target, e.target_port) == (path, port)), None)
        whole.connect(source, Letters.OUTPUT_NAME, pe, port, grouping)
    return whole
