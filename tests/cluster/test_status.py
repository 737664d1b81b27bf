"""What is shown of a topology: rates, workers' counts, the table and the blocks."""

import io
import json
import time
from types import SimpleNamespace

import pytest
from rich.console import Console
from streamparse.thrift import storm_thrift

from sferic.cluster import status, watch
from sferic.cluster.letters import drop, lots
from sferic.cluster.nimbus import NimbusAway, NoSuchTopology
from sferic.cluster.started import Replaced, started
from sferic.cluster.topologies import find
from sferic.runtime.frames import BatchHeader
from sferic.runtime.host.failures import batch_failed, now
from sferic.runtime.letters import table

ABOUT = {
    "version": "1.2",
    "plan": "p" * 64,
    "build": "b" * 64,
    "sources": 1,
    "roots": ["In"],
    "stages": [["In", 1, ["In"]], ["Sum", 2, ["Sum", "Out"]]],
}


class Nimbus:
    """One topology, `a`; `info` is what Storm says of it."""

    address = "here:1"

    def __init__(self, **blobs):
        self.kept = {f"sferic.a-1-1.{key.replace('__', '.')}": data for key, data in blobs.items()}
        self.names = {"a": "a-1-1"}
        self.executors, self.errors, self.uptime, self.fails = [], {}, 10, []

    def call(self, name, *_):
        if self.fails:
            raise self.fails.pop(0)
        if name == "getClusterInfo":
            topologies = [SimpleNamespace(name=one, id=key, status="INACTIVE") for one, key in self.names.items()]
            return SimpleNamespace(topologies=topologies)
        if name == "getTopologyConf":
            return json.dumps({"sferic.about": ABOUT})
        return SimpleNamespace(executors=self.executors, errors=self.errors, uptime_secs=self.uptime)

    def topologies(self):
        return self.call("getClusterInfo").topologies

    def blobs(self):
        return list(self.kept)

    def read_blob(self, key):
        return self.kept.get(key)

    def write_blob(self, key, data):
        self.kept[key] = data
        return True

    def delete_blob(self, key):
        self.kept.pop(key, None)

    def reconnect(self):
        pass


def counts(**pes):
    return json.dumps({pe: dict(zip(("in", "out", "failed", "ready"), row)) for pe, row in pes.items()}).encode()


def bolt(stage, mean, acked):
    stream = storm_thrift.GlobalStreamId(componentId="In", streamId="l0")
    told = SimpleNamespace(process_ms_avg={":all-time": {stream: mean}}, acked={":all-time": {stream: acked}})
    stats = SimpleNamespace(specific=SimpleNamespace(bolt=told, spout=None))
    return SimpleNamespace(component_id=stage, host="h", port=6700, stats=stats)


def test_counts_of_all_workers_and_rates_since_the_start():
    nimbus = Nimbus(counts__w1=counts(In=(1, 500, 0, 1), Sum=(300, 5, 0, 1)), counts__w2=counts(Sum=(100, 5, 2, 1)))
    said = status.look(nimbus, "a")
    assert list(said["pes"]) == ["In", "Sum", "Out"], "in the order of the workflow, and all of them"
    assert (said["status"], said["build"]) == ("paused", "b" * 64)
    row = said["pes"]["Sum"]
    assert (row["in"], row["out"], row["failed"], row["rate"]) == (400, 10, 2, 40.0)
    assert (row["ready"], row["instances"]) == (2, 2)
    assert said["pes"]["In"]["rate"] == 50.0, "of a source what goes out"
    assert started(nimbus, find(nimbus, "a")).all


def test_rates_between_two_looks(monkeypatch):
    nimbus = Nimbus(counts__w=counts(In=(1, 500, 0, 1), Sum=(300, 5, 0, 1)))
    clock = iter((100.0, 104.0, 105.0))
    monkeypatch.setattr(status.time, "time", lambda: next(clock))
    first = status.look(nimbus, "a")
    nimbus.kept["sferic.a-1-1.counts.w"] = counts(In=(1, 540, 0, 1), Sum=(308, 5, 0, 1))
    second = status.look(nimbus, "a", first)
    assert (second["rate_over"], second["pes"]["In"]["rate"], second["pes"]["Sum"]["rate"]) == (4, 10.0, 2.0)
    other = status.look(nimbus, "a", {**second, "id": "a-0-0"})
    assert other["rate_over"] == 10, "of another topology of that name nothing is known"


def test_who_is_ready_of_workers_that_are_being_replaced():
    nimbus = Nimbus(counts__old=counts(In=(1, 9, 0, 1), Sum=(9, 0, 0, 2)), counts__stays=counts(In=(1, 9, 0, 1)))
    looks = Replaced(nimbus, find(nimbus, "a"))

    def ready(**blobs):
        nimbus.kept |= {f"sferic.a-1-1.counts.{worker}": said for worker, said in blobs.items()}
        return looks.look(find(nimbus, "a")).ready

    assert ready() == 0, "all that is there may be of workers that are gone"
    assert ready(old=counts(In=(1, 11, 0, 1), Sum=(10, 0, 0, 2))) == 0, "its last word"
    assert ready(new=counts(Sum=(1, 0, 0, 1))) == 1
    assert ready(stays=counts(In=(1, 19, 0, 1))) == 1
    assert ready(stays=counts(In=(1, 29, 0, 1))) == 2
    assert ready(new=counts(Sum=(1, 0, 0, 2))) == 3


def test_latency_and_errors_by_pe():
    nimbus = Nimbus(counts__w=counts(Sum=(3, 5, 0, 2)))
    nimbus.executors = [bolt("Sum", 10.0, 1), bolt("Sum", 40.0, 2)]
    told = [
        SimpleNamespace(error=f"{pe}[0] failed on {t}: E\nat x", error_time_secs=t)
        for pe, t in (("Out", 3), ("Sum", 1), ("Sum", 2))
    ]
    nimbus.errors = {"Sum": told, "results": [SimpleNamespace(error="no room\n", error_time_secs=4)]}
    said = status.look(nimbus, "a")
    assert said["pes"]["Sum"]["latency_ms"] == 30.0
    assert said["pes"]["Sum"]["error"] == "Sum[0] failed on 2: E"
    assert said["pes"]["Out"]["error"] == "Out[0] failed on 3: E"
    lines = list(status.status_lines(said))
    assert "    last error: Out[0] failed on 3: E" in lines
    assert "  error in results: no room" in lines
    assert said["workers"] == ["h:6700"]


def test_numbers_of_processes_are_shown_where_workers_tell_them():
    old, new = (
        {"memory_bytes": 9 << 20, "latency_ms": 9.0, "at": 1},
        {"memory_bytes": 40 << 20, "latency_ms": 2.5, "at": 2},
    )
    blobs = {
        "counts__w1": json.dumps({"Sum": {"in": 1, "instances": {"0": old, "1": new}}}).encode(),
        "counts__w2": json.dumps({"Sum": {"in": 1, "instances": {"0": new}}}).encode(),
    }
    said = status.look(Nimbus(**blobs), "a")
    row = said["pes"]["Sum"]
    assert (row["memory_bytes"], row["latency_ms"], row["queued_bytes"]) == (80 << 20, 2.5, None)
    assert "  Sum: 0 of 2 instances, 2 in, 0 out, 0/s, 2.5 ms a batch, 80 MiB" in status.status_lines(said)


def test_the_table_on_a_terminal():
    nimbus = Nimbus(counts__w=counts(In=(1, 500, 0, 1), Sum=(300, 5, 7, 2)))
    nimbus.errors = {"Sum": [SimpleNamespace(error="Sum[0] failed on 2: E", error_time_secs=1)]}
    said = status.look(nimbus, "a")
    console = Console(file=io.StringIO(), width=100)
    console.print(watch.table(said))
    text = console.file.getvalue()
    assert "a: paused, up 10 s" in text
    row = next(line for line in text.splitlines() if "Sum" in line)
    assert [cell.strip() for cell in row.strip("│").split("│")] == ["Sum", "2/2", "300", "5", "30", "7"]
    assert "memory" not in text, "a column without numbers"
    assert text.count("failed on 2") == 1, "below the table, and not above it, too"


def test_a_watch_waits_for_nimbus_and_ends_with_the_topology(monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _: None)
    nimbus = Nimbus(counts__w=counts(Sum=(1, 1, 0, 2)))
    told = []
    seen = watch.looks(watch.at_topology(nimbus, "a", told.append), 0.1)
    assert next(seen)["status"] == "paused"
    nimbus.fails = [NimbusAway("broke off")]
    assert next(seen)["status"] == "paused"
    assert told == [f"Nimbus at {nimbus.address} is away; waiting for it", "Nimbus is back"]
    nimbus.kept["sferic.a-1-1.end.1.0.In"] = b""
    assert [said["status"] for said in seen] == ["finished"]
    with pytest.raises(NoSuchTopology):
        next(watch.looks(watch.at_topology(nimbus, "b", told.append), 0.1))


def test_elsewhere_a_block_each_time(capsys):
    with watch.screen() as show:
        show(status.look(Nimbus(counts__w=counts(Sum=(1, 1, 0, 2))), "a"))
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("--- ") and out[0].endswith("rates over 10 s")
    assert out[1] == "a: paused, up 10 s, a-1-1"


def letter(number):
    event = batch_failed("Sum", 0, "input", BatchHeader(4, 0, 1, 1).pack(), "dead-letter", f"error {number}")
    return json.dumps({**event, "time": now(), "codec": None, "data": None}).encode()


def test_letters_are_dropped_but_those_that_stay():
    nimbus = Nimbus(letters__1__1=letter(1) + b"\n" + letter(2) + b"\n", letters__2__1=letter(3) + b"\n")
    read = lots(nimbus, "a")
    assert [one.error for lot in read for one in lot.letters] == ["error 1", "error 2", "error 3"]
    nimbus.kept["sferic.a-1-1.letters.3.1"] = letter(4)
    assert drop(nimbus, read, stay=[2]) == 2
    left = [one for lot in lots(nimbus, "a") for one in lot.letters]
    assert [one.error for one in left] == ["error 2", "error 4"]
    assert next(iter(table(left[1:], 80, first=2))).startswith("2: ")


def test_an_unknown_name_with_the_nearest_known():
    with pytest.raises(NoSuchTopology, match=r"no topology prims on here:1. There: a, primes. Did you mean primes\?"):
        nimbus = Nimbus()
        nimbus.names["primes"] = "primes-2-2"
        find(nimbus, "prims")
