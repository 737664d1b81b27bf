"""A local run whose JVM is not what it should be: a script in its place."""

import json
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


class Same(sferic.IterativePE):
    def _process(self, data):
        return data


class Never:
    requested = False


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a workflow with these lines of shell as its JVM; `stop` is the request to stop."""
    java = tmp_path / "jdk" / "bin" / "java"
    java.parent.mkdir(parents=True)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    monkeypatch.setattr(local_storm, "shim_jar", lambda: tmp_path / "shim.jar")
    monkeypatch.setattr(local_storm, "storm_jars", tuple)

    def run(script, stop, instances=1):
        version = "case $1 in -version) echo 'openjdk version \"17.0.1\"' >&2; exit;; esac"
        java.write_text(f"#!/bin/sh\n{version}\n{script}\n")
        java.chmod(0o755)
        graph = sferic.WorkflowGraph()
        graph.add(same := Same(), numprocesses=instances)
        graph.connect(Numbers(), "output", same, "input")
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


def test_all_is_in_one_worker_however_many_processes_there_are(run, tmp_path):
    run(f'for last; do :; done; cp "$last" {tmp_path}/given.json; exit 1', Never(), instances=100)
    assert json.loads((tmp_path / "given.json").read_text())["config"]["topology.workers"] == 1


def test_what_storm_logged_last_is_shown_where_nothing_was_said(run):
    log = (
        'for last; do :; done; folder=$(dirname "$last")/tmp; mkdir -p "$folder"; echo "it halts" > "$folder/storm.log"'
    )
    [error] = run(f"{log}; exit 20", Never()).errors
    assert error["text"].endswith("status 20. Its last words:\nit halts")
