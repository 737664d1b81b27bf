"""A local run whose JVM is not what it should be: a script in its place."""

import time

import pytest

import sferic
from sferic import __version__
from sferic.cluster import local_storm
from sferic.compiler.pipeline import Options, compile_plan
from sferic.compiler.targets.storm import make_artefact
from sferic.runtime.observe import Outcome


class Numbers(sferic.ProducerPE):
    def _process(self, inputs):
        yield 1


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a workflow with these lines of shell as its JVM; `stop` is the request to stop."""
    java = tmp_path / "jdk" / "bin" / "java"
    java.parent.mkdir(parents=True)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    monkeypatch.setattr(local_storm, "shim_jar", lambda: tmp_path / "shim.jar")
    monkeypatch.setattr(local_storm, "storm_jars", tuple)

    def run(script, stop):
        version = "case $1 in -version) echo 'openjdk version \"17.0.1\"' >&2; exit;; esac"
        java.write_text(f"#!/bin/sh\n{version}\n{script}\n")
        java.chmod(0o755)
        graph = sferic.WorkflowGraph()
        graph.add(Numbers())
        plan = compile_plan(graph, Options(target="storm")).plan
        artefact = make_artefact(plan, tmp_path, name="gone", python="python3", version=__version__)
        outcome = Outcome()
        local_storm.run_on_local_storm(artefact, tmp_path, outcome, stop)
        return outcome

    return run


def test_a_stop_for_a_jvm_that_has_gone_shows_its_last_words(run, tmp_path):
    class WhenGone:
        @property
        def requested(self):
            while not (tmp_path / "deaf").exists():
                time.sleep(0.01)
            return True

    outcome = run(f"exec 0<&-; touch {tmp_path}/deaf; echo 'no room here' >&2; exit 3", WhenGone())
    [error] = outcome.errors
    assert error["text"].startswith("the JVM of the local Storm ended by itself with status 3.")
    assert error["text"].endswith("no room here")
