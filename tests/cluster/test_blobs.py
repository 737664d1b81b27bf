"""What commands make of the blobs of topologies, with a Nimbus in memory."""

import json
from types import SimpleNamespace

import pytest

from sferic.cluster import topologies
from sferic.cluster.nimbus import NoSuchTopology
from sferic.runtime import frames
from sferic.runtime.codec import GeneralCodec
from sferic.runtime.frames import BatchHeader

ABOUT = {"version": "1", "plan": "p", "sources": 2, "results": {"4": ["Sum", "output", "general"]}}


class Memory:
    address = "here:1"

    def __init__(self, running, **blobs):
        self.running = running
        self.kept = {f"sferic.{key.replace('__', '.').replace('_', '-')}": data for key, data in blobs.items()}

    def call(self, name, *arguments):
        if name == "getClusterInfo":
            return SimpleNamespace(
                topologies=[SimpleNamespace(name=n, id=i, status="ACTIVE") for n, i in self.running.items()]
            )
        assert name == "getTopologyConf"
        return json.dumps({"sferic.about": ABOUT})

    def blobs(self):
        return ["of-somebody-else", *self.kept]

    def read_blob(self, key):
        return self.kept.get(key)

    def delete_blob(self, key):
        self.kept.pop(key, None)


def chunk(*values):
    batch = BatchHeader(4, 0, 1, len(values)).pack() + GeneralCodec().encode(list(values))
    return frames.pack_frame(frames.RESULT, batch)


def test_the_one_that_runs_comes_before_those_that_have_gone():
    nimbus = Memory({"a": "a-7-300"}, a_6_200__end__0__S=b"", a_7_300__failed=b"")
    found = topologies.find(nimbus, "a")
    assert (found.id, found.status, found.blobs) == ("a-7-300", "active", ("sferic.a-7-300.failed",))


def test_of_those_that_have_gone_the_last():
    nimbus = Memory({}, a_9_200__about=b"", a_10_300__about=b"", a_11_100__about=b"", a_b_12_400__about=b"")
    assert topologies.find(nimbus, "a").id == "a-10-300"
    assert topologies.find(nimbus, "a-b").id == "a-b-12-400"
    with pytest.raises(NoSuchTopology, match="no topology b on here:1. There: none"):
        topologies.find(nimbus, "b")


def test_a_chunk_is_taken_away_when_its_results_were_dealt_with():
    nimbus = Memory({"a": "a-1-1"}, a_1_1__results__2__1=chunk(3), a_1_1__results__1__1=chunk(1, 2) + chunk("two"))
    taken = topologies.take_results(nimbus, topologies.find(nimbus, "a"))
    assert next(taken) == ("Sum", "output", [1, 2])
    assert next(taken) == ("Sum", "output", ["two"])
    assert len(nimbus.kept) == 2
    assert next(taken) == ("Sum", "output", [3])
    assert list(nimbus.kept) == ["sferic.a-1-1.results.2.1"]
    assert list(taken) == []
    assert nimbus.kept == {}


def test_results_of_one_that_has_gone_are_read_by_what_it_left():
    nimbus = Memory({}, a_1_1__results__1__1=chunk(1), a_1_1__about=json.dumps(ABOUT).encode())
    found = topologies.find(nimbus, "a")
    assert [values for _, _, values in topologies.take_results(nimbus, found, keep=True)] == [[1]]
    topologies.tidy(nimbus, found)
    assert len(nimbus.kept) == 2, "results were there to be fetched"
    list(topologies.take_results(nimbus, found))
    topologies.tidy(nimbus, found)
    assert nimbus.kept == {}


def test_it_has_finished_when_all_sources_have_ended():
    nimbus = Memory({"a": "a-1-1"}, a_1_1__end__0__S=b"")
    assert not topologies.state(nimbus, topologies.find(nimbus, "a")).finished
    nimbus.kept["sferic.a-1-1.end.1.S"] = b""
    assert topologies.state(nimbus, topologies.find(nimbus, "a")).finished


def test_lost_state_is_why_it_failed():
    lost = json.dumps({"event": "lost", "stage": "Sum", "rank": 1}).encode()
    nimbus = Memory({"a": "a-1-1"}, a_1_1__failed=lost)
    failed = topologies.state(nimbus, topologies.find(nimbus, "a")).failed
    assert failed.startswith("Sum (instance 1): its process or its worker died and its state is lost")
