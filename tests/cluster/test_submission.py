"""What is looked at before anything is uploaded. Submissions that go through: tests/cluster/real."""

import json
from types import SimpleNamespace

import pytest
from streamparse.thrift import storm_thrift

import sferic
from sferic import __version__
from sferic.cluster.nimbus import Address, Nimbus, NimbusError
from sferic.cluster.submission import submit
from sferic.compiler.pipeline import Options, compile_plan
from sferic.compiler.targets.storm import make_artefact


class Numbers(sferic.ProducerPE):
    def _process(self, inputs):
        yield 1


class Client:
    """A Nimbus that must not be given anything."""

    def __init__(self, buffer=1 << 20, version="2.8.3", names=()):
        self.buffer, self.version, self.names = buffer, version, names

    def getClusterInfo(self):
        topologies = [SimpleNamespace(name=name, id=f"{name}-1-1", status="INACTIVE") for name in self.names]
        one = SimpleNamespace(version=self.version)
        return SimpleNamespace(nimbuses=[one], supervisors=[one], topologies=topologies)

    def getNimbusConf(self):
        return json.dumps({"nimbus.thrift.max_buffer_size": self.buffer})

    def listBlobs(self, session):
        return SimpleNamespace(keys=[], session=session)

    def beginFileUpload(self):
        raise AssertionError("an upload was begun")


def refused(tmp_path, monkeypatch, **how):
    monkeypatch.setattr("sferic.cluster.submission.rebuild", lambda *_: None)  # the definition is of this process
    graph = sferic.WorkflowGraph()
    graph.add(Numbers())
    plan = compile_plan(graph, Options(target="storm")).plan
    artefact = make_artefact(plan, tmp_path, name="numbers", python="python3", version=__version__)
    nimbus = Nimbus(Address("there", 6627), Client(**how), storm_thrift)
    with pytest.raises(NimbusError) as caught:
        submit(artefact, tmp_path, nimbus, __version__)
    return str(caught.value)


def test_a_name_in_use(tmp_path, monkeypatch):
    said = refused(tmp_path, monkeypatch, names=["other", "numbers"])
    assert said.startswith("a topology numbers is on there:6627 already (inactive).")
    assert said.endswith("sferic kill numbers")


def test_another_version(tmp_path, monkeypatch):
    said = refused(tmp_path, monkeypatch, version="2.4.0", names=["numbers"])
    assert said == "Nimbus at there:6627 is Storm 2.4.0; topologies of sferic need Storm 2.8.x"


def test_a_description_above_the_buffer(tmp_path, monkeypatch):
    said = refused(tmp_path, monkeypatch, buffer=2000)
    assert "Nimbus at there:6627 takes 2,000. Fuse PEs into partitions, or raise nimbus.thrift.max_buffer_size" in said
