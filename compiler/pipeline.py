"""From a workflow graph to a plan: the whole way, in the order in which it happens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

from sferic.compiler.diagnostics import Problem
from sferic.compiler.frontend.python import graph_of
from sferic.compiler.graph import Graph
from sferic.compiler.inputs import Inputs, NamedInputs, named_inputs
from sferic.compiler.passes.check import Check
from sferic.compiler.passes.codecs import ChooseCodecs
from sferic.compiler.passes.emit import Emit
from sferic.compiler.passes.expand import Expand
from sferic.compiler.passes.fuse import Fuse, Mode
from sferic.compiler.passes.lower import LowerGroupings
from sferic.compiler.passes.parallelism import Parallelism
from sferic.compiler.verify import verify_graph, verify_plan
from sferic.runtime.definition import Definition, definition_of, digest
from sferic.runtime.outline import outline
from sferic.runtime.plan import DefinitionRef, Plan
from sferic.runtime.settings import OnFailure
from sferic.runtime.workflow import WorkflowGraph


@dataclass(frozen=True, slots=True)
class Options:
    """What a run or a compilation says beside the definition."""

    target: str = "in-process"  # or one whose stages are processes
    processes: int | None = None
    fuse: Literal["auto", "hints", "none"] = "auto"
    on_failure: OnFailure = "stop"
    codec: str = "general"
    check_items: bool = False
    single: bool = False  # one instance of each PE, whatever it asks for
    definition: str = ""
    params: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    resolved: Mapping[str, Any] | None = None  # what a YAML file came to, for workers
    root: str = ""  # folder of the workflow's files; places in a plan are told relative to it
    needs_data: bool = True  # False: roots that lack their data are no problem yet
    problems: tuple[Problem, ...] = ()  # found with the files; told with all others


class Pass(Protocol):
    """From one frozen graph to the next. Options are its fields; its docstring says what holds after."""

    name: ClassVar[str]  # as faults and `explain` call it

    def apply(self, graph: Graph) -> Graph:
        """The next graph. The one that it is made from stays as it is."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """What a pass left behind."""

    name: str
    graph: Graph


@dataclass(frozen=True, slots=True)
class Compiled:
    """A plan, what it came from, and how: `steps` begins with the definition as it was read."""

    plan: Plan
    definition: Definition
    steps: tuple[Step, ...]

    @property
    def graph(self) -> Graph:
        """What the plan says, as a graph."""
        return self.steps[-1].graph


def compile_plan(workflow: WorkflowGraph, options: Options, inputs: Inputs = None) -> Compiled:
    """Compile; WrongInput with every problem found."""
    read = outline(workflow)
    steps = run_passes(graph_of(read), passes(options, named_inputs(inputs, read)))
    definition = definition_of(read)
    reference = DefinitionRef(
        options.definition, options.params, digest(definition), options.files, resolved=options.resolved
    )
    emit = Emit(reference, options.on_failure, options.check_items, options.root)
    plan = emit.apply(steps[-1].graph)
    verify_plan(plan, steps[-1].graph, definition)
    return Compiled(plan, definition, steps)


def passes(options: Options, inputs: NamedInputs = None) -> tuple[Pass, ...]:
    """The passes, in order."""
    fuse = Fuse(_fuse_mode(options), options.processes)
    return (
        Expand(),
        Check(inputs, options.needs_data, options.problems),
        LowerGroupings(),
        Parallelism(options.processes, fuse, options.single),
        fuse,
        ChooseCodecs(options.codec),
    )


def run_passes(graph: Graph, todo: Sequence[Pass]) -> tuple[Step, ...]:
    """Apply the passes one after the other, each verified; what each left behind, the graph as read first."""
    steps = [Step("read", graph)]
    for one in todo:
        graph = one.apply(graph)
        verify_graph(graph, one.name)
        steps.append(Step(one.name, graph))
    return tuple(steps)


def _fuse_mode(options: Options) -> Mode:
    if options.target == "in-process" and options.fuse == "auto" and not options.check_items:
        return "all"
    return options.fuse
