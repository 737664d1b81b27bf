"""What a WORKFLOW on the command line stands for: a file of Python or YAML, or a module."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sferic.compiler.diagnostics import Problem, WrongInput
from sferic.compiler.frontend.files import travelling_files
from sferic.compiler.pipeline import Options
from sferic.runtime.loading import load_graph
from sferic.runtime.resolved import Resolved, build
from sferic.runtime.workflow import WorkflowGraph

YAML = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A workflow, and how workers find it: `reference` is relative to `root`; `files` are (path, sha256)."""

    graph: WorkflowGraph
    reference: str
    root: Path
    params: Mapping[str, str]
    files: tuple[tuple[str, str], ...]
    resolved: Resolved | None = None
    problems: tuple[Problem, ...] = ()

    def options(self, **said: Any) -> Options:
        """Options of a compilation of it; `said` are those that are not about where it comes from."""
        return Options(
            definition=self.reference,
            params=tuple(sorted(self.params.items())),
            files=self.files,
            resolved=self.resolved,
            root=str(self.root),
            problems=self.problems,
            **said,
        )


def load(workflow: str, params: Sequence[str] = ()) -> Loaded:
    """Load WORKFLOW with -p parameters, each ``NAME=VALUE``. LoadingError, or WrongInput."""
    given = dict(map(_parameter, params))
    root, reference = _place(workflow)
    if not reference.endswith(YAML):
        graph = load_graph(reference, given, root)
        return Loaded(graph, reference, root, given, travelling_files(reference, root))
    from sferic.compiler.frontend.yaml_workflow import resolve  # noqa: PLC0415 - its packages are for YAML only

    resolved, problems = resolve(reference, root, given)
    uses = [one["use"] for one in resolved["pes"]] + [one["function"] for one in resolved["connections"]]
    files = travelling_files(reference, root, [use for use in uses if use], resolved["include"])
    return Loaded(build(resolved, root), reference, root, given, files, resolved, tuple(problems))


def _place(workflow: str) -> tuple[Path, str]:
    place, _, name = workflow.partition(":")
    if not place.endswith((".py", *YAML)):
        return Path.cwd(), workflow
    return Path(place).resolve().parent, Path(place).name + (f":{name}" if name else "")


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise WrongInput([Problem(f"-p {text} says no value", remedy="write it as NAME=VALUE")])
    return name, value
