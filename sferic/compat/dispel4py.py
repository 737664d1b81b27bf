"""dispel4py's imports, answered by sferic: `install()` in a notebook, a script or a test suite.

The command does so by itself for the workflows that it runs.
"""

import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from sferic import api
from sferic.runtime.compat.core import GenericPE
from sferic.runtime.compat.finder import answer, stop_answering
from sferic.runtime.compat.workflow_graph import WorkflowGraph
from sferic.runtime.definition import expand
from sferic.runtime.loading import allowed_while_loading
from sferic.runtime.outline import Element

__all__ = ["install", "run", "uninstall"]

Collected = dict[str, dict[str, list[Any]]]


def install(codec: Literal["general", "trusted"] = "general") -> None:
    """Answer `import dispel4py…` in this process from now on.

    `codec`: how `multi_process.process` writes items; "trusted" pickles what "general" does not know. RuntimeError if
    another dispel4py was imported before; a warning if one is installed, which is not asked.
    """

    def start(workflow: WorkflowGraph, inputs: Mapping[Any, Any], **how: Any) -> Collected:
        return run(workflow, inputs, codec=codec, **how)

    answers = answer(start)
    other = answers.other()
    if other:
        warnings.warn(f"sferic answers for dispel4py: the one in {other} is not used", stacklevel=2)


def uninstall() -> None:
    """Answer no more. What was imported stays with those who have it."""
    stop_answering()


def run(
    workflow: WorkflowGraph,
    inputs: Mapping[Any, Any],
    *,
    on: Literal["local", "multi"] = "local",
    processes: int | None = None,
    partitioned: bool = False,
    ports: Mapping[str, Sequence[str]] | None = None,
    codec: str = "general",
) -> Collected:
    """Run a workflow as dispel4py's `process` would: results by the PE's id and port, of ports that gave any.

    `ports`: results of these ports by the PE's id, connected or not, and of no others.
    """
    kept: dict[tuple[str, str], GenericPE] = {}
    if ports is not None:
        workflow, kept = _keeping(workflow, ports)
    elements = expand(workflow).elements
    with _one_each(elements if on == "local" else ()), allowed_while_loading():
        results = api.run(
            workflow, inputs, on, processes=processes, fuse="hints" if partitioned else "auto", codec=codec
        )
    collected: Collected = {}
    pes = {element.path: element.pe for element in elements}
    for path in results:
        pe_id = pes[path].id
        for port, items in results[path].items():
            if items and (ports is None or port in ports.get(pe_id, ())):
                collected.setdefault(pe_id, {})[port] = items
    for (pe_id, port), pe in kept.items():
        collected.pop(pe.id, None)
        if items := results[pe]["item"]:
            collected.setdefault(pe_id, {})[port] = items
    return collected


@contextmanager
def _one_each(elements: Sequence[Element]) -> Generator[None]:
    """The sequential mapping has one instance of each PE, whatever it asks for."""
    said = [(element.pe, element.pe.numprocesses) for element in elements]
    for pe, _ in said:
        pe.numprocesses = 1
    try:
        yield
    finally:
        for pe, number in said:
            pe.numprocesses = number


class _Keep(GenericPE):
    """Makes a result of what a connected port sends."""

    def __init__(self) -> None:
        super().__init__()
        self._add_input("item")
        self._add_output("item")

    def process(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return inputs


def _keeping(
    workflow: WorkflowGraph, ports: Mapping[str, Sequence[str]]
) -> tuple[WorkflowGraph, dict[tuple[str, str], GenericPE]]:
    """(the same workflow with a PE at each connected port of these, those PEs)."""
    whole = WorkflowGraph(workflow.name)
    whole.added = dict(workflow.added)
    whole.connections = list(workflow.connections)
    whole.objToNode = dict(workflow.objToNode)
    whole.flatten()
    connected = {(made.source.id, made.source_port) for made in whole.connections}
    kept: dict[tuple[str, str], GenericPE] = {}
    for pe in whole.get_contained_objects():
        for port in ports.get(pe.id, ()):
            if (pe.id, port) in connected:
                kept[pe.id, port] = _Keep()
                whole.connect(pe, port, kept[pe.id, port], "item")
    return whole, kept
