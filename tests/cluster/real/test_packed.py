"""Workers whose Python has nothing installed, and secrets that nobody finds."""

import importlib.util
import json
import os
import sys
import venv
from base64 import b64decode, b64encode
from pathlib import Path

import pytest

from sferic.cluster import development
from sferic.cluster.nimbus import connect
from sferic.cluster.topologies import about, find

_spec = importlib.util.spec_from_file_location("real_conftest", Path(__file__).with_name("conftest.py"))
_shared = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_shared)
until = _shared.until
_spec = importlib.util.spec_from_file_location("wheels", Path(__file__).parents[1] / "wheels.py")
wheels = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(wheels)

pytestmark = pytest.mark.timeout(180)

WORKFLOW = """
import markupsafe
import markupsafe._speedups
from sferic import IterativePE, ProducerPE, WorkflowGraph


class Texts(ProducerPE):
    def _process(self, inputs):
        yield from (f"<{number}>" for number in range(100))


class Escaped(IterativePE):
    stateless = True

    def _process(self, text):
        import os
        import sys

        ours = [name for name in os.environ if name.startswith("PYTHON")]
        return str(markupsafe.escape(text)), markupsafe._speedups.__file__, sys.executable, ours


graph = WorkflowGraph("escaped")
graph.connect(Texts(), "output", Escaped(), "input")
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """An interpreter that has nothing installed."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, symlinks=True)
    return str(folder / "bin" / "python")


def values(done):
    assert done.returncode == 0, done.stderr
    return [json.loads(line)["value"] for line in done.stdout.splitlines()]


def test_packed_for_a_python_without_packages(sferic, topology, folder, bare, tmp_path):
    (folder / "escaped.py").write_text(WORKFLOW)
    wheels.repacked(tmp_path / "index", "ormsgpack")
    wheels.repacked(tmp_path / "index", "markupsafe")
    refused = sferic("submit", "escaped.py", "--name", "refused", "--python", bare)
    assert refused.returncode == 1, "workers would not have started"
    assert "lacks ormsgpack, which the runtime needs and markupsafe. Let it travel" in refused.stderr
    here = f"{sys.platform}_{os.uname().machine}"
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "index")}
    name = topology("escaped.py", "--python", bare, "--pack", "--platform", here, **offline)
    found = values(sferic("results", name, "--follow"))
    assert sorted(text for text, *_ in found) == sorted(f"&lt;{number}&gt;" for number in range(100))
    [(place, python, ours)] = {(place, python, tuple(ours)) for _, place, python, ours in found}
    assert python == bare
    assert ours == ("PYTHONPATH",), "variables of the supervisor's reach workers' Python"
    packages = Path(place).parents[1]
    assert packages.name == "packages" and packages.parent.name == "resources"
    assert name in packages.parents[1].name, "unpacked elsewhere than with the topology"


def test_an_interpreter_that_lacks_something_when_it_starts(sferic, topology, bare, tmp_path):
    sly = tmp_path / "python"  # as it is where nobody can look before
    sly.write_text(f'#!/bin/sh\n[ "$2" = --check ] && exit 0\nexec {bare} "$@"\n')
    sly.chmod(0o755)
    name = topology("w.py:squares", "--python", str(sly))

    def failed():
        said = json.loads(sferic("status", name, "--json").stdout)
        return said if said["status"] == "failed" else None

    said = until(failed)
    assert said["failed"].startswith(f"the workers' interpreter, {bare} on ")
    assert "lacks ormsgpack, which the runtime needs. Let it travel with the workflow (--pack)" in said["failed"]
    logs = sferic("logs", name, "-n", "100000").stdout
    assert '"died"' not in logs, "it was started again and again"


@pytest.fixture
def connected(cluster):
    with connect(development.running(cluster).address) as nimbus:
        yield nimbus


def secret_of(nimbus, name):
    found = find(nimbus, name)
    return b64decode(about(nimbus, found)["key"]), nimbus.call("getTopologyConf", found.id)


@pytest.mark.parametrize("way", ["submit", "storm_jar"])
def test_the_key_of_the_trusted_codec_is_told_to_nobody(sferic, cluster, folder, connected, way):
    name = f"secret_{way}"
    trusted = ("w.py:squares", "--name", name, "--codec", "trusted", "--fuse", "none")
    if way == "submit":
        done = sferic("submit", *trusted)
    else:
        made = sferic("compile", *trusted, "--to", "storm", "-o", name)
        assert made.returncode == 0, made.stderr
        done = _shared.storm_jar(cluster, folder / name / f"{name}.jar", name)
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        assert sorted(values(sferic("results", name, "--follow"))) == [n**2 for n in range(1000)]
        key, told = secret_of(connected, name)
        assert len(key) == 32
        text = b64encode(key)
        assert text.decode() not in told
        logs = [path for path in cluster.logs.rglob("*") if path.is_file()]
        assert any(path.name == "worker.log" and name in str(path) for path in logs)
        assert not [path for path in logs if text in path.read_bytes() or key in path.read_bytes()]
        shown = b"".join(path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if readable(path))
        assert b"sferic" in shown and text not in shown
        assert not [path for path in (folder / name).glob("*") if text in path.read_bytes()]
    finally:
        sferic("kill", name)


def readable(path):
    try:
        return path.read_bytes() is not None
    except OSError:
        return False
