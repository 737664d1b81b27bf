"""An update, over a Nimbus in memory that refuses, goes away and comes back."""

import gzip
import io
import json
import zipfile
from types import SimpleNamespace

import pytest

from sferic.cluster import patience, steering, topologies, update
from sferic.cluster.nimbus import NimbusAway, NimbusError, NoSuchTopology
from sferic.cluster.submission import Package
from sferic.cluster.update import Limits, Updated

LIMITS = Limits(5, 5)


def jar(text):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("topology.bin", text)
    return out.getvalue()


def package(version):
    about = {"plan": version * 12, "sources": 1, "stages": [["S", 2, ["S"]]], "stateful": []}
    return Package("a", jar(version), version.encode(), {"topology.workers": 1, "sferic.about": about})


class Cluster:
    """A Nimbus. `starts`: versions of which all instances become ready; others fail. `away`: calls that break off."""

    address = "there:1"
    types = SimpleNamespace(KillOptions=lambda **_: None)

    def __init__(self, starts, away=None, refuses=()):
        self.starts, self.away, self.refuses = starts, dict(away or {}), refuses
        self.kept, self.running, self.count, self.told, self.begun = {}, None, 0, [], []
        self.status, self.rests = "ACTIVE", []  # `rests`: of each that has begun, was it told to rest?
        self.calls = []

    def begin(self, package):
        self.count += 1
        self.running = f"a-{self.count}-{self.count}"
        version = package.struct.decode()
        self.begun.append(version)
        self.status = "ACTIVE"
        self.rests.append("sferic.rest" in package.config)
        self.kept[f"{self.running}-stormjar.jar"] = package.jar
        stored = {
            **package.config,
            "topology.kryo.register": {"k": None},
            "topology.submitter.user": "u",
            "storm.id": 1,
        }
        self.kept[f"{self.running}-stormconf.ser"] = gzip.compress(json.dumps(stored).encode())
        self.kept[f"sferic.{self.running}.about"] = json.dumps(package.config["sferic.about"]).encode()
        if version in self.starts:
            self.kept[f"sferic.{self.running}.counts.w"] = json.dumps({"S": {"ready": 2}}).encode()
        else:
            event = {"event": "error", "text": f"{version} is broken"}
            self.kept[f"sferic.{self.running}.failed"] = json.dumps(event).encode()
        return self.running

    def start(self, nimbus, package, location):
        self.call("submit")
        if package.struct.decode() in self.refuses:
            raise NimbusError("it refuses")
        assert self.running is None and location == "place"
        return self.begin(package)

    def topologies(self):
        return self.call("getClusterInfo").topologies

    def call(self, name, *arguments):
        self.calls.append(name)
        if self.away.get(name):
            self.away[name] -= 1
            raise NimbusAway(f"broke off at {name}")
        if name == "killTopologyWithOpts":
            self.running = None
        if name in ("activate", "deactivate"):
            self.status = {"activate": "ACTIVE", "deactivate": "INACTIVE"}[name]
        if name == "getTopologyConf":
            return json.dumps({"sferic.about": json.loads(self.kept[f"sferic.{arguments[0]}.about"])})
        running = [SimpleNamespace(name="a", id=self.running, status=self.status)] if self.running else []
        return SimpleNamespace(topologies=running)

    def blobs(self):
        return list(self.kept)

    def read_blob(self, key):
        return self.kept.get(key)

    def write_blob(self, key, data):
        return self.kept.setdefault(key, data) is data

    def put_blob(self, key, data):
        self.kept[key] = data
        if key.endswith("orders") and data == b"stop":
            self.kept[key.replace("orders", "end.1.0.S")] = b""

    def delete_blob(self, key):
        self.kept.pop(key, None)

    def reconnect(self):
        self.calls.append("reconnect")


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setattr(patience, "_AGAIN", 0.001)
    monkeypatch.setattr(update, "_LOOK", 0.001)
    monkeypatch.setattr(topologies, "_LOOK", 0.001)

    def replace(cluster, new):
        monkeypatch.setattr(update, "start", cluster.start)
        monkeypatch.setattr(update, "upload", lambda *_: cluster.calls.append("upload") or "place")
        old = topologies.find(cluster, "a") if cluster.running else None
        return update.replace(cluster, old, new, cluster.told.append, LIMITS)

    return replace


def over(**how):
    cluster = Cluster(**how)
    cluster.begin(package("1"))
    return cluster


def test_the_new_one_is_uploaded_before_the_old_one_drains(run):
    cluster = over(starts="12")
    assert run(cluster, package("2")) == Updated("a-2-2")
    assert cluster.calls.index("upload") < cluster.calls.index("killTopologyWithOpts") < cluster.calls.index("submit")
    before = update.kept(cluster, "a")
    assert before.struct == b"1"
    assert before.config["topology.kryo.register"] == [{"k": None}], "as Nimbus takes it"
    assert not {"topology.submitter.user", "storm.id"} & before.config.keys(), "Nimbus says these itself"
    assert "sferic.fresh" not in before.config, "its sources have begun"


def test_one_that_does_not_start_gives_way_to_the_old(run):
    cluster = over(starts="1")
    done = run(cluster, package("2"))
    assert (cluster.running, done.id, done.back) == ("a-3-3", "a-3-3", "2 is broken")
    assert cluster.begun == ["1", "2", "1"]
    assert not any(key.startswith("sferic.a-2-2.") for key in cluster.kept), "nothing is left of what did not start"


def test_one_that_nimbus_refuses_gives_way_to_the_old(run):
    cluster = over(starts="1", refuses="2")
    assert run(cluster, package("2")) == Updated("a-2-2", "it refuses")
    assert cluster.begun == ["1", "1"]


def test_neither_starts_and_what_to_do_is_said(run):
    cluster = over(starts="")
    with pytest.raises(NimbusError) as caught:
        run(cluster, package("2"))
    assert "the new one: 2 is broken\nthe one before: 1 is broken" in str(caught.value)
    assert "sferic update --back --name a" in str(caught.value)
    cluster.starts = "1"
    assert run(cluster, update.kept(cluster, "a")).id == "a-4-4"


def paused(**how):
    cluster = over(**how)
    cluster.status = "INACTIVE"
    return cluster


def is_paused(cluster):
    """As Storm and its workers see it."""
    orders = cluster.kept.get(f"sferic.{cluster.running}.orders")
    left = f"sferic.{cluster.running}.rests" in cluster.kept
    return cluster.status == "INACTIVE" and cluster.rests[-1] and orders == b"rested" and not left


def test_what_was_paused_stays_paused_and_has_started(run):
    cluster = paused(starts="12")
    assert run(cluster, package("2")) == Updated("a-2-2")
    assert is_paused(cluster)
    assert cluster.told[-2:] == [
        "a-2-2 runs: 2 of 2 instances are ready",
        "a-2-2 is paused, as the one before it was. To go on: sferic resume a",
    ]
    assert "sferic.rest" in update.kept(cluster, "a").config, "if the update had broken off here"


def test_what_goes_back_is_paused_again_and_what_was_active_is_active(run):
    cluster = paused(starts="1")
    assert run(cluster, package("2")).back == "2 is broken"
    assert is_paused(cluster)
    cluster.status = "ACTIVE"
    cluster.starts = "12"
    assert run(cluster, package("2")).back == ""
    assert (cluster.status, cluster.rests) == ("ACTIVE", [False, True, True, False])


@pytest.mark.parametrize("call", ["submit", "deactivate"])
def test_an_update_of_what_was_paused_goes_on_where_it_broke_off(run, monkeypatch, call):
    monkeypatch.setattr(update, "_PATIENCE", 0.05)
    cluster = paused(starts="12", away={call: 10**6})
    with pytest.raises(NimbusError, match=f"broke off at {call}"):
        run(cluster, package("2"))
    cluster.away.clear()
    if cluster.running:
        found = topologies.find(cluster, "a")
        assert (cluster.status, found.status) == ("ACTIVE", "paused"), "its sources rest, though Storm does not know"
    assert run(cluster, package("2")).back == ""
    assert is_paused(cluster)


def test_what_an_update_that_broke_off_left_resting_goes_on(run, monkeypatch):
    monkeypatch.setattr(update, "_PATIENCE", 0.05)
    cluster = paused(starts="12", away={"deactivate": 10**6})
    with pytest.raises(NimbusError):
        run(cluster, package("2"))
    steering.resume(cluster, topologies.find(cluster, "a"))
    assert topologies.find(cluster, "a").status == "active"
    assert cluster.kept["sferic.a-2-2.orders"] == b"go"


@pytest.mark.parametrize("call", ["getClusterInfo", "submit"])
def test_a_nimbus_that_goes_away_meanwhile_is_waited_for(run, call):
    cluster = over(starts="12")
    old = topologies.find(cluster, "a")
    cluster.away[call] = 3
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(topologies, "find", lambda *_: old)
        assert run(cluster, package("2")).back == ""
    assert cluster.begun == ["1", "2"]
    assert cluster.calls.count("reconnect") == 3


def test_a_nimbus_that_stays_away_is_no_reason_to_go_back(run, monkeypatch):
    monkeypatch.setattr(update, "_PATIENCE", 0.05)
    cluster = over(starts="12", away={"submit": 10**6})
    with pytest.raises(NimbusError, match=r"broke off at submit\n.*may run now .*\n?.*sferic update --back --name a"):
        run(cluster, package("2"))


@pytest.mark.parametrize("call", ["getClusterInfo", "getTopologyConf", "killTopologyWithOpts"])
def test_a_stop_waits_for_nimbus_and_ends_what_it_was_to_end(run, call):
    cluster = over(starts="1")
    old = topologies.find(cluster, "a")
    cluster.away[call] = 2
    told = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(topologies, "about", _about_when_nimbus_is_there(topologies.about))
        assert topologies.stop(cluster, old, lambda _: None, 5, told.append).finished
    assert cluster.running is None
    assert told == ["Nimbus at there:1 is away; waiting for it", "Nimbus is back"]


def _about_when_nimbus_is_there(about):
    """The first look, before anything was asked of the topology, is not waited for."""
    calls = []

    def look(nimbus, found):
        calls.append(found)
        if len(calls) > 1:
            return about(nimbus, found)
        away, nimbus.away = nimbus.away, {}
        try:
            return about(nimbus, found)
        finally:
            nimbus.away = away

    return look


def test_a_stop_ends_no_other_topology_of_that_name(run):
    cluster = over(starts="1")
    old = topologies.find(cluster, "a")

    def another(key, data):
        cluster.kept[key.replace("orders", "end.1.0.S")] = b""
        cluster.running = "a-9-9"

    cluster.put_blob = another
    topologies.stop(cluster, old, lambda _: None, 5, lambda _: None)
    assert cluster.running == "a-9-9"


def test_a_stop_says_what_goes_on_when_nimbus_stays_away(run):
    cluster = over(starts="1")
    old = topologies.find(cluster, "a")
    cluster.put_blob = lambda *_: cluster.away.update(getClusterInfo=10**6)
    with pytest.raises(NimbusError, match="a was told to end, and drains. When Nimbus is back, the same command again"):
        topologies.stop(cluster, old, lambda _: None, 0.05, lambda _: None)


def test_a_kill_by_somebody_else_ends_the_update(run):
    cluster = over(starts="12")

    def killed(key, data):
        if key.endswith("orders"):
            cluster.running = None
            cluster.kept = {key: data for key, data in cluster.kept.items() if not key.startswith("sferic.a-1-1.")}

    cluster.put_blob = killed
    with pytest.raises((NoSuchTopology, NimbusError), match="somebody has killed a"):
        run(cluster, package("2"))
    assert cluster.begun == ["1"]
