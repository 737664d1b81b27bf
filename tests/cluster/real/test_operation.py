"""What operators do to a topology that stays: pause, update, rebalance; and what they see of it."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("real_conftest", Path(__file__).with_name("conftest.py"))
_shared = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_shared)
until = _shared.until

pytestmark = pytest.mark.timeout(240)  # each starts several workers, whose JVMs take their time on a busy machine


class Ticks:
    """What a topology `ticking` has said so far."""

    def __init__(self, sferic, name):
        self.sferic, self.name = sferic, name
        self.said = []

    def more(self):
        done = self.sferic("results", self.name)
        assert done.returncode == 0, done.stderr
        new = [json.loads(line)["value"] for line in done.stdout.splitlines()]
        self.said += new
        return new

    def until(self, condition):
        return until(lambda: self.more() and condition(self.said) or condition(self.said))

    def last(self):
        return self.said[-1][1]

    def resting(self):
        """It ticks on, and has the same as before."""
        self.more()
        self.said.clear()
        return self.until(lambda said: len(said) > 5 and len({tuple(tick) for tick in said[-5:]}) == 1)


def ok(done):
    assert done.returncode == 0, done.stderr
    return done


def wholes(said):
    """(how many came, are they all that there were) of each version that has ended."""
    return [(tick[2], tick[3] == tick[2] * (tick[2] + 1) // 2) for tick in said if tick[1] == "all"]


def test_a_pause_rests_sources_and_nothing_else(sferic, topology):
    name = topology("w.py:ticking", "--fuse", "none")
    ticks = Ticks(sferic, name)
    ticks.until(lambda said: said and said[-1][1] > 50)
    assert ok(sferic("pause", name)).stdout.startswith(f"{name} is paused")
    ticks.resting()
    before = ticks.last()
    assert json.loads(sferic("status", name, "--json").stdout)["status"] == "paused"
    assert f"{name}: paused" in sferic("list").stdout
    ok(sferic("resume", name))
    ticks.until(lambda said: said[-1][1] > before + 100)
    ok(sferic("pause", name))
    ticks.resting()
    ok(sferic("stop", name, "--limit", "60"))
    ticks.more()
    [(count, whole)] = wholes(ticks.said)
    assert whole and count >= ticks.said[0][1]


def test_an_update_goes_back_when_it_must(sferic, topology):
    name = topology("w.py:ticking", "--fuse", "none")
    ticks = Ticks(sferic, name)
    ticks.until(lambda said: said and said[-1][1] > 10)
    refused = sferic("update", "w.py:ticking", "--name", name)
    assert refused.returncode == 1 and "without the state of: Ticks" in refused.stderr
    broken = sferic("update", "w.py:ticking", "--name", name, "--lose-state", "-p", "mark=broken", "--fuse", "none")
    assert broken.returncode == 1
    assert f"{name} is as it was" in broken.stdout and "this version is broken" in broken.stdout, broken.stderr
    steps = [
        "compiled: plan",
        "kept ",
        "uploaded ",
        "drains: 0 of 1 sources",
        " is gone",
        "submitted as",
        "runs: 2 of 2",
    ]
    places = [broken.stderr.find(step) for step in steps]
    assert -1 not in places and places == sorted(places), broken.stderr
    ticks.said.clear()
    ticks.until(lambda said: any(tick[:2] == ["first", "all"] for tick in said) and said[-1][0] == "first")
    ok(sferic("pause", name))
    better = ok(sferic("update", "w.py:ticking", "--name", name, "--lose-state", "-p", "mark=second", "--json"))
    assert json.loads(better.stdout)["updated"] is True
    ticks.until(lambda said: said[-1][0] == "second")
    assert json.loads(sferic("list", "--json").stdout)["id"] == json.loads(better.stdout)["id"]


def watched(name, state, folder, *options):
    command = [sys.executable, "-m", "sferic.cli", "status", name, "--watch", "--every", "0.5", *options]
    env = {**os.environ, "SFERIC_STATE": str(state)}
    return subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_scaled_watched_and_back(sferic, topology, state, folder):
    name = topology("w.py:ticking", "--fuse", "none")
    ticks = Ticks(sferic, name)
    ticks.until(lambda said: said and said[-1][1] > 10)
    refused = sferic("rebalance", name, "--workers", "2")
    assert refused.returncode == 1 and "--lose-state" in refused.stderr
    done = ok(sferic("rebalance", name, "--workers", "2", "--wait", "1", "--lose-state", "--json"))
    assert len(json.loads(done.stdout)["workers"]) == 2
    ok(sferic("update", "w.py:ticking", "--name", name, "--lose-state", "-p", "mark=second"))
    said = until(lambda: (now := json.loads(sferic("status", name, "--json").stdout))["pes"]["Ticks"]["in"] and now)
    assert len(said["workers"]) == 2, "an update keeps the number of workers"
    ok(sferic("update", "--back", "--name", name, "--lose-state"))
    ticks.said.clear()
    ticks.until(lambda said: said[-1][0] == "first")
    with watched(name, state, folder, "--json") as watch:
        first, second = (json.loads(watch.stdout.readline()) for _ in range(2))
        watch.send_signal(signal.SIGINT)
        assert watch.wait() == 0
    assert first["pes"]["Ticks"]["in"] < second["pes"]["Ticks"]["in"] or second["pes"]["Ticks"]["rate"] == 0
    assert second["rate_over"] < 10
    with watched(name, state, folder) as watch:
        lines = [watch.stdout.readline() for _ in range(8)]
        ok(sferic("kill", name))
        assert watch.wait() == 0, "what is gone is not watched"
    assert lines[0].startswith("--- ") and lines[1].startswith(f"{name}: active")


def test_dead_letters_of_a_topology(sferic, topology, folder, tmp_path):
    name = topology("w.py:picky", "-p", "count=300", "--codec", "trusted")
    until(lambda: json.loads(sferic("status", name, "--json").stdout)["status"] == "finished")
    listed = ok(sferic("dead-letters", "--name", name, "--json"))
    assert [json.loads(line)["item"] for line in listed.stdout.splitlines()] == ["7", "107", "207"]
    assert "2: " in sferic("dead-letters", "--name", name).stdout
    assert 'raise ValueError(f"no {number}")' in ok(sferic("dead-letters", "--name", name, "--show", "2")).stdout
    mended = (
        (folder / "w.py")
        .read_text()
        .replace('raise ValueError(f"no {number}")', "return -number if number < 200 else 1 // 0")
    )
    (tmp_path / "mended.py").write_text(mended)
    again = [f"{tmp_path}/mended.py:picky", "--drop", "--dead-letters", str(tmp_path / "again")]
    done = sferic("dead-letters", "--name", name, "--replay", *again)
    assert done.returncode == 3, done.stderr
    assert sorted(json.loads(line)["value"] for line in done.stdout.splitlines()) == [-107, -7]
    assert "3 dead letters that were given again are dropped" in done.stderr
    assert ok(sferic("dead-letters", "--name", name)).stdout == ""
    assert "1 // 0" in sferic("dead-letters", str(tmp_path / "again"), "--show", "1").stdout
