"""Starts a compiled workflow on one of the targets of this machine."""

import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from sferic import __version__
from sferic.compiler.packages import Packages
from sferic.compiler.pipeline import Compiled
from sferic.runtime.codec.types import kind_of
from sferic.runtime.definition import Definition, digest, expand
from sferic.runtime.likeness import likeness, of_user
from sferic.runtime.loading import PICKLED
from sferic.runtime.local.in_process import run_in_process
from sferic.runtime.local.multi import run_multi
from sferic.runtime.observe import Observer, StopRequest
from sferic.runtime.plan import DefinitionRef
from sferic.runtime.spark import INTERVAL, Mode, StreamSettings
from sferic.runtime.workflow import WorkflowGraph

TARGETS = {"local": "in-process", "multi": "multi", "storm": "storm", "spark": "spark"}


@dataclass(frozen=True, slots=True)
class Spark:
    """How a run on Spark goes on. `mode`: None for what fits. Of streams: seconds between ticks, and the folder to
    go on from, one that is gone after the run where it is not said."""

    mode: Mode | None = None
    interval: float = INTERVAL
    checkpoint: str | None = None


def launch(
    compiled: Compiled,
    on: str,
    observer: Observer,
    stop: StopRequest,
    root: Path,
    *,
    capture: bool = False,
    packages: Packages | None = None,
    spark: Spark | None = None,
) -> None:
    """Run to the end on one of TARGETS. `capture`: what PEs print on "local" is the observer's, too."""
    if on == "local":
        run_in_process(compiled.plan, compiled.definition, observer, stop, capture=capture)
    elif on == "multi":
        run_multi(compiled.plan, compiled.definition, observer, stop)
    elif on == "storm":
        _on_storm(compiled, observer, stop, root, packages)
    else:
        _on_spark(compiled, observer, stop, root, Spark() if spark is None else spark)


def _on_storm(compiled: Compiled, observer: Observer, stop: StopRequest, root: Path, packages: Packages | None) -> None:
    from sferic.cluster.local_storm import run_on_local_storm  # noqa: PLC0415 - only Storm needs its packages
    from sferic.compiler.targets.storm import make_artefact  # noqa: PLC0415

    name = topology_name(compiled)
    artefact = make_artefact(
        compiled.plan, root, name=name, python=sys.executable, version=__version__, packages=packages
    )
    run_on_local_storm(artefact, root, observer, stop)


def _on_spark(compiled: Compiled, observer: Observer, stop: StopRequest, root: Path, spark: Spark) -> None:
    from sferic.cluster.local_spark import run_on_local_spark  # noqa: PLC0415 - only Spark needs its packages
    from sferic.compiler.targets.spark import make_artefact  # noqa: PLC0415

    name = topology_name(compiled)
    plan = compiled.plan
    if plan.definition.pickled:  # a checkpoint of it is of what it was
        files = ((PICKLED, likeness(compiled.definition)),)
        plan = replace(plan, definition=replace(plan.definition, files=files))
    artefact = make_artefact(plan, root, name=name, version=__version__, mode=spark.mode)
    stream = StreamSettings(spark.interval, spark.checkpoint or "", __version__)
    run_on_local_spark(artefact, root, observer, stop, stream)


def topology_name(compiled: Compiled) -> str:
    """A name that clusters take, after the workflow's file or its own name."""
    target = compiled.plan.definition.target
    wanted = Path(target.partition(":")[0]).stem if target else compiled.plan.name
    return "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "-" for c in wanted[:200]) or "workflow"


def pickled(graph: WorkflowGraph, folder: Path) -> DefinitionRef:
    """Write a graph that lives only in this process where workers find it."""
    cloudpickle: Any = importlib.import_module("cloudpickle")  # only graphs in memory need it

    modules = list(_users_modules(expand(graph)))
    by_value = [module for module in modules if module.__name__ != "__main__"]  # which cloudpickle knows by itself
    for module in by_value:
        cloudpickle.register_pickle_by_value(module)
    try:
        # The classes of items go along by name: the codec finds them where the worker has no such module.
        classes = {module.__name__: _item_classes(module) for module in modules}
        (folder / PICKLED).write_bytes(cloudpickle.dumps((graph, classes)))
    finally:
        for module in by_value:
            cloudpickle.unregister_pickle_by_value(module)
    return DefinitionRef("", digest=digest(expand(graph)), pickled=True)


def _users_modules(definition: Definition) -> Iterator[ModuleType]:
    """Where PEs' classes come from, and functions that they and groupings hold; what is installed is there anyway."""
    names = {type(element.pe).__module__ for element in definition.elements}
    held = [value for element in definition.elements for value in vars(element.pe).values()]
    for one in [*held, *(edge.grouping for edge in definition.edges)]:
        if isinstance(one, FunctionType):
            names.add(one.__module__)
    for name in sorted(names):
        module = sys.modules.get(name)
        if module is not None and of_user(name):
            yield module


def _item_classes(module: ModuleType) -> dict[str, type]:
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__ and kind_of(value)
    }


def with_reference(compiled: Compiled, reference: DefinitionRef) -> Compiled:
    """The same plan with another way to its definition."""
    return replace(compiled, plan=replace(compiled.plan, definition=reference))
