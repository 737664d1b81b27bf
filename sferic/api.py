"""Running a workflow from Python: scripts, tests, notebooks."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, cast

from sferic.compiler.diagnostics import WrongInput
from sferic.compiler.inputs import Inputs
from sferic.compiler.load import load as _load
from sferic.compiler.pipeline import Compiled, Options, compile_plan
from sferic.launch import TARGETS, Spark, launch, pickled, with_reference
from sferic.report import Speaking
from sferic.runtime.loading import refuse_while_loading
from sferic.runtime.observe import Event, Outcome
from sferic.runtime.outline import paths_called
from sferic.runtime.pe import GenericPE
from sferic.runtime.plan import RESULTS
from sferic.runtime.settings import OnFailure
from sferic.runtime.workflow import WorkflowGraph


class WorkflowFailed(RuntimeError):  # noqa: N818 - says what happened
    """A run that ended with an error; the text names PE, instance and item, and shows the user's own traceback."""


class Results(Mapping[Any, dict[str, list[Any]]]):
    """Items of unconnected output ports: ``results[pe][port]``, with the PE as object, name or path; [] for none.

    `failures` are the items that failed under a policy that went on, the first 10,000 of them; `more_failures` says how
    many more there were.
    """

    def __init__(self, compiled: Compiled, outcome: Outcome) -> None:
        self._paths = {id(element.pe): element.path for element in compiled.definition.elements}
        self._by_path: dict[str, dict[str, list[Any]]] = {}
        ports = {(link.from_pe, link.from_port) for link in compiled.plan.links if link.to_stage == RESULTS}
        for path, port in sorted(ports):
            self._by_path.setdefault(path, {})[port] = outcome.results.get((path, port), [])
        self.failures: tuple[Event, ...] = tuple(outcome.failures)
        self.more_failures = outcome.failed - len(outcome.failures)
        self.counts = outcome.counts

    def __getitem__(self, pe: Any) -> dict[str, list[Any]]:
        name = self._paths.get(id(pe), pe.name) if isinstance(pe, GenericPE) else str(pe)
        paths = paths_called(name, self._by_path)
        if len(paths) > 1:
            raise KeyError(f"{name!r} is the name of {' and '.join(paths)}: use the whole path")
        if paths and (paths[0] == name or not isinstance(pe, GenericPE)):
            return self._by_path[paths[0]]
        raise KeyError(f"{name!r} has no unconnected output port; {', '.join(self._by_path) or 'no PE'} has")

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_path)

    def __len__(self) -> int:
        return len(self._by_path)

    def __repr__(self) -> str:
        return f"Results({self._by_path!r})"


def load(workflow: str, /, **params: object) -> WorkflowGraph:
    """The graph of a WORKFLOW as the command line names it, such as ``words.yaml``; `params` are those of -p.

    Raises WrongInput and LoadingError (a ValueError).
    """
    loaded = _load(workflow, [f"{name}={value}" for name, value in params.items()])
    if loaded.problems:
        raise WrongInput(loaded.problems)
    return loaded.graph


class _Never:
    requested = False


def run(
    graph: WorkflowGraph,
    inputs: Inputs = None,
    on: Literal["local", "multi", "storm", "spark"] = "local",
    *,
    processes: int | None = None,
    fuse: Literal["auto", "hints", "none"] = "auto",
    check_items: bool = False,
    codec: str = "general",
    on_failure: OnFailure = "stop",
    mode: Literal["batch", "dstream"] | None = None,
) -> Results:
    """Run a workflow to its end.

    `inputs`: how often sources are called, or by PE (object, name) calls or a list of ``{port: item}``. `mode`: of a
    run on Spark; what has no end is a stream where it is not said. Raises WrongInput before anything
    starts, and WorkflowFailed.
    """
    refuse_while_loading("sferic.run")
    _refuse_nonsense(graph, inputs, on=on, fuse=fuse, codec=codec, on_failure=on_failure)
    options = Options(
        target=TARGETS[on],
        processes=processes,
        fuse=fuse,
        check_items=check_items,
        codec=codec,
        on_failure=on_failure,
    )
    compiled = compile_plan(graph, options, inputs)
    outcome = Speaking()
    folder = Path(tempfile.mkdtemp(prefix="sferic-"))
    try:
        if on in ("storm", "spark"):
            compiled = with_reference(compiled, pickled(graph, folder))
        launch(compiled, on, outcome, _Never(), folder, spark=Spark(mode))
    finally:
        shutil.rmtree(folder)
    if outcome.status not in (0, 3):
        raise WorkflowFailed(failure_text(outcome))
    return Results(compiled, outcome)


_CHOICES = {
    "on": tuple(TARGETS),
    "fuse": ("auto", "hints", "none"),
    "codec": ("general", "trusted"),
    "on_failure": ("stop", "skip", "dead-letter"),
}


def _refuse_nonsense(graph: object, inputs: object, **said: str) -> None:
    """What a type checker would have told."""
    if not isinstance(graph, WorkflowGraph):
        raise TypeError(f"run() takes a WorkflowGraph, not {graph!r}")
    if inputs is not None and not isinstance(inputs, (int, Mapping)):
        raise TypeError(f"inputs={inputs!r}: it is a number of calls, or by PE calls or a list of {{port: item}}")
    if said["on"] != "local" and isinstance(inputs, Mapping):
        _refuse_what_is_no_json(cast("Mapping[Any, Any]", inputs), said["on"])
    for name, value in said.items():
        if value not in _CHOICES[name]:
            raise ValueError(f"{name}={value!r}: it is one of {', '.join(_CHOICES[name])}")


def _refuse_what_is_no_json(inputs: Mapping[Any, Any], on: str) -> None:
    """Between processes the inputs of roots travel in the plan."""
    for pe, given in inputs.items():
        try:
            json.dumps(given)
        except (TypeError, ValueError) as error:
            name = pe.name if isinstance(pe, GenericPE) else pe
            text = f"the input of {name} cannot be given to a run on {on!r}: {error}"
            raise TypeError(f"{text}. Write such items from a source, or run it on 'local'") from None


def failure_text(outcome: Outcome) -> str:
    """What went wrong, in the words of the events."""
    parts = [event["text"] for event in outcome.errors]
    parts += [
        f"{event['pe']} (instance {event['rank']}) failed on {event['item']}\n{event['traceback']}"
        for event in outcome.failures
        if event["policy"] == "stop"
    ]
    return "\n".join(parts) or "the run ended early"
