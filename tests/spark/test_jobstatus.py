"""What a driver says of itself."""

import json
import os

from sferic.jobstatus import JobStatus
from sferic.runtime.observe import Outcome
from sferic.runtime.spark import Pulse


class Stop:
    requested = False


def told(path):
    return json.loads(path.read_text())


def test_from_the_start_to_the_end(tmp_path):
    path, outcome, stop = tmp_path / "status.json", Outcome(), Stop()
    status = JobStatus(path, "words")
    first = told(path)
    assert (first["name"], first["pid"], first["state"], first["exit"]) == ("words", os.getpid(), "starting", None)

    outcome.event({"event": "counts", "rank": 0, "pes": {"Split": {"in": 3, "out": 9}}})
    status.running(outcome, stop, {"Split": 2}, mode="batch")
    assert told(path) | {"state": "running", "mode": "batch", "pes": {"Split": {"in": 3, "out": 9}}} == told(path)

    status.stages({"Split": 1})
    outcome.event({"event": "error", "text": "no more"})
    stop.requested = True
    status.ended(1)
    assert told(path) | {"state": "ended", "exit": 1, "error": "no more"} == told(path)
    assert told(path)["stages"] == {"Split": {"instances": 2, "done": 1}}
    assert [file.name for file in tmp_path.iterdir()] == ["status.json"]


def test_that_it_stops_is_said_and_no_more_than_once_a_second(tmp_path, monkeypatch):
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    path, stop = tmp_path / "status.json", Stop()
    status = JobStatus(path, "words")
    status.running(Outcome(), stop, {}, mode="dstream")
    stop.requested = True
    status.pulse(Pulse(supersteps=1))
    assert told(path)["state"] == "running"
    now += 1.0
    status.pulse(Pulse(supersteps=2, ticks=7, skipped=3))
    assert told(path) | {"state": "stopping", "supersteps": 2, "ticks": 7, "skipped": 3} == told(path)


def test_an_item_that_ends_the_run_is_its_error(tmp_path):
    path, outcome = tmp_path / "status.json", Outcome()
    status = JobStatus(path, "words")
    status.running(outcome, Stop(), {}, mode="batch")
    for rank, item, policy in ((0, "5", "dead-letter"), (1, "7", "stop")):
        outcome.event(
            {"event": "failed", "policy": policy, "pe": "Split", "rank": rank, "item": item, "error": "no text"}
        )
    status.ended(1)
    assert told(path)["error"] == "Split failed on 7: no text"
    assert told(path)["failures"] == {"Split": "Split[1] failed on 7: no text (stop)"}


def test_nobody_asks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    JobStatus(None, "words").ended(0)
    assert not list(tmp_path.iterdir())
