"""What `dispel4py.utils` has for users."""

from pathlib import Path
from types import ModuleType
from typing import Any

from sferic.runtime.compat.keys import plain
from sferic.runtime.loading import load_module
from sferic.runtime.routing import key_hash
from sferic.runtime.workflow import WorkflowGraph


def findWorkflowGraph(mod: ModuleType, attr: str | None) -> WorkflowGraph:  # noqa: N802 - dispel4py's name
    """The graph `attr` of a module, or the one it has that is no composite. LookupError if there is none."""
    if attr is not None:
        return getattr(mod, attr)
    graphs = [value for value in vars(mod).values() if isinstance(value, WorkflowGraph)]
    whole = [graph for graph in graphs if not getattr(graph, "inputmappings", None)]
    if not whole:
        raise LookupError(f"{mod.__name__} has no WorkflowGraph")
    return whole[-1]


def loadGraph(module_name: str, attr: str | None = None) -> WorkflowGraph:  # noqa: N802 - dispel4py's name
    """The graph of a module."""
    return findWorkflowGraph(load_module(module_name, Path.cwd())[0], attr)


def load_graph(graph_source: str, attr: str | None = None) -> WorkflowGraph:
    """The graph of a module or a file."""
    return loadGraph(graph_source, attr)


def loadGraphFromFile(  # noqa: N802 - dispel4py's name
    module_name: str,  # noqa: ARG001 - a file's module is called after the file
    path: str,
    attr: str | None = None,
) -> WorkflowGraph:
    """The graph of a file."""
    return loadGraph(path, attr)


def make_hash(value: Any) -> int:
    """The hash by which a group-by chooses instances: the same at every start, unlike dispel4py's."""
    return key_hash(plain(value))
