"""A run that is watched: everything that happened in it, whatever became of it."""

import shutil
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from sferic import __version__
from sferic.cluster.local_storm import run_on_local_storm
from sferic.compiler.pipeline import Options, compile_plan
from sferic.compiler.targets.storm import make_artefact
from sferic.launch import TARGETS, pickled, with_reference
from sferic.runtime.local.in_process import run_in_process
from sferic.runtime.local.multi import run_multi
from sferic.runtime.observe import Outcome


class _Never:
    requested = False


@dataclass
class Watched(Outcome):
    """An outcome that keeps every event. PEs are named by their class."""

    events: list = field(default_factory=list)

    def event(self, event):
        super().event(event)
        self.events.append(event)

    def out(self, pe):
        return [value for (path, _), values in self.results.items() if path == pe for value in values]

    def told(self, kind, pe=None):
        """Events of one kind, of one PE (for those that name only a stage: its stage)."""
        return [e for e in self.events if e["event"] == kind and pe in (None, e.get("pe"), e.get("stage"))]


@pytest.fixture(scope="session")
def watch():
    """Runs a graph, every PE in a process of its own, and returns what happened. `config`: of the topology."""

    def watched(graph, on, config=None):
        folder = Path(tempfile.mkdtemp(prefix="sferic-test-"))
        outcome = Watched()
        try:
            compiled = compile_plan(graph, Options(target=TARGETS[on], fuse="none"))
            if on != "storm":
                run = run_multi if on == "multi" else run_in_process
                run(compiled.plan, compiled.definition, outcome, _Never())
            else:
                plan = with_reference(compiled, pickled(graph, folder)).plan
                artefact = make_artefact(plan, folder, name="faults", python=sys.executable, version=__version__)
                artefact = replace(artefact, config={**artefact.config, **(config or {})})
                run_on_local_storm(artefact, folder, outcome, _Never())
        finally:
            shutil.rmtree(folder)
        return outcome

    return watched
