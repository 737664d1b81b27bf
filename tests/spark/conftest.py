"""A run on Spark that is watched: everything that happened in it, whatever became of it."""

from dataclasses import dataclass, field

import pytest

from sferic.compiler.pipeline import Options, compile_plan
from sferic.launch import launch, pickled, with_reference
from sferic.runtime.observe import Outcome


class Never:
    requested = False


@dataclass
class Watched(Outcome):
    events: list = field(default_factory=list)

    def event(self, event):
        super().event(event)
        self.events.append(event)

    def told(self, kind):
        return [event for event in self.events if event["event"] == kind]


@pytest.fixture
def watch(spark, tmp_path):
    """Runs a graph, every PE a stage of its own, and returns what happened."""

    def watched(graph, stop=None, how=None, **options):
        outcome = Watched()
        compiled = compile_plan(graph, Options(target="spark", fuse="none", **options))
        compiled = with_reference(compiled, pickled(graph, tmp_path))
        launch(compiled, "spark", outcome, stop or Never(), tmp_path, spark=how)
        return outcome

    return watched
