"""sferic: abstract stream workflows, compiled to Apache Storm and Apache Spark, or run right here."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sferic.api import Results, WorkflowFailed, load, run
    from sferic.compiler.diagnostics import WrongInput
    from sferic.runtime.codec import register
    from sferic.runtime.light import Stream, Workflow
    from sferic.runtime.pe import ConsumerPE, GenericPE, IterativePE, ProducerPE, SimpleFunctionPE, every
    from sferic.runtime.workflow import CompositePE, WorkflowGraph, create_iterative_chain

__version__ = "0.1.0"

__all__ = [
    "CompositePE",
    "ConsumerPE",
    "GenericPE",
    "IterativePE",
    "ProducerPE",
    "Results",
    "SimpleFunctionPE",
    "Stream",
    "Workflow",
    "WorkflowFailed",
    "WorkflowGraph",
    "WrongInput",
    "__version__",
    "create_iterative_chain",
    "every",
    "load",
    "register",
    "run",
]

_ROOMS = {
    "sferic.api": ("Results", "WorkflowFailed", "load", "run"),
    "sferic.compiler.diagnostics": ("WrongInput",),
    "sferic.runtime.codec": ("register",),
    "sferic.runtime.light": ("Stream", "Workflow"),
    "sferic.runtime.pe": (
        "ConsumerPE",
        "GenericPE",
        "IterativePE",
        "ProducerPE",
        "SimpleFunctionPE",
        "every",
    ),
    "sferic.runtime.workflow": ("CompositePE", "WorkflowGraph", "create_iterative_chain"),
}


def __getattr__(name: str) -> Any:
    # Lazy: a worker that needs the base classes must not pay for the command line's imports.
    for module, names in _ROOMS.items():
        if name in names:
            return getattr(importlib.import_module(module), name)
    raise AttributeError(f"module 'sferic' has no attribute {name!r}")
