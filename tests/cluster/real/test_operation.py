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

pytestmark = pytest.mark.timeout(600)  # each starts several workers, whose JVMs take their time on a busy machine


def ok(done):
    assert done.returncode == 0, done.stderr
    return done


def status(sferic, name):
    return json.loads(ok(sferic("status", name, "--json")).stdout)


def has(sferic, name, count):
    """Wait until it has had more than so many items; returns its status then."""
    return until(lambda: (now := status(sferic, name))["pes"]["Ticks"]["in"] > count and now)


class Said:
    """What a topology `ticking` has said so far."""

    def __init__(self, sferic, name):
        self.sferic, self.name = sferic, name
        self.lines = []

    def more(self):
        done = ok(self.sferic("results", self.name))
        self.lines += [json.loads(line)["value"] for line in done.stdout.splitlines()]
        return self.lines

    def rests(self):
        """Wait until it ticks on and gets nothing; how much it has then."""
        has = status(self.sferic, self.name)["pes"]["Ticks"]["in"]
        return until(lambda: [line[2] for line in self.more() if line[1] == "rests" and line[2] >= has])[-1]

    def wholes(self):
        """[(mark, is it 1 + 2 + … + n)] of each version that has ended."""
        return [(mark, total == count * (count + 1) // 2) for mark, what, count, total in self.more() if what == "all"]


def test_a_pause_rests_sources_and_nothing_else(sferic, topology):
    name = topology("w.py:ticking", "--fuse", "none")
    said = Said(sferic, name)
    has(sferic, name, 50)
    assert ok(sferic("pause", name)).stdout.startswith(f"{name} is paused")
    before = said.rests()
    assert status(sferic, name)["status"] == "paused"
    assert f"{name}: paused" in sferic("list").stdout
    ok(sferic("resume", name))
    has(sferic, name, before + 100)  # more than was read before the pause
    ok(sferic("pause", name))
    assert said.rests() > before
    ok(sferic("stop", name, "--limit", "60"))
    assert said.wholes() == [("first", True)]


@pytest.mark.slow  # starts a worker four times
def test_an_update_goes_back_when_it_must(sferic, topology):
    name = topology("w.py:ticking", "--fuse", "none")
    said = Said(sferic, name)
    has(sferic, name, 10)
    refused = sferic("update", "w.py:ticking", "--name", name)
    assert refused.returncode == 1 and "without the state of: Ticks" in refused.stderr
    ok(sferic("pause", name))
    broken = sferic("update", "w.py:ticking", "--name", name, "--lose-state", "-p", "mark=broken", "--fuse", "none")
    assert broken.returncode == 1
    assert "is paused, as the one before it was" in broken.stderr
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
    assert said.wholes() == [("first", True)]
    assert untouched(sferic, name)
    better = ok(sferic("update", "w.py:ticking", "--name", name, "--lose-state", "-p", "mark=second", "--json"))
    assert json.loads(better.stdout)["updated"] is True
    assert untouched(sferic, name)
    ok(sferic("resume", name))
    assert has(sferic, name, 10)["id"] == json.loads(better.stdout)["id"]
    ok(sferic("stop", name))
    assert [mark for mark, _ in said.wholes()][-1] == "second"


def untouched(sferic, name):
    """Is it paused, with all its processes, and has nothing been processed?"""
    now = status(sferic, name)
    return now["status"] == "paused" and now["pes"]["Ticks"]["ready"] == 1 and now["pes"]["Ticks"]["in"] == 0


def watched(name, state, folder, *options):
    command = [sys.executable, "-m", "sferic.cli", "status", name, "--watch", "--every", "0.5", *options]
    env = {**os.environ, "SFERIC_STATE": str(state)}
    return subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_scaled_watched_and_back(sferic, topology, state, folder):
    name = topology("w.py:ticking", "--fuse", "none")
    has(sferic, name, 10)
    refused = sferic("rebalance", name, "--workers", "2")
    assert refused.returncode == 1 and "--lose-state" in refused.stderr
    done = ok(sferic("rebalance", name, "--workers", "2", "--wait", "1", "--lose-state", "--json"))
    assert len(json.loads(done.stdout)["workers"]) == 2
    ok(sferic("update", "w.py:ticking", "--name", name, "--lose-state", "-p", "mark=second"))
    assert len(has(sferic, name, 10)["workers"]) == 2, "an update keeps the number of workers"
    ok(sferic("update", "--back", "--name", name, "--lose-state"))
    has(sferic, name, 10)
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
    assert f"3 items to new instances on this machine: results go to stdout, and nothing to {name}" in done.stderr
    assert "3 dead letters that were given again are dropped" in done.stderr
    assert status(sferic, name)["pes"]["Picky"]["failed"] == 3, "the topology hears nothing of it"
    kept = [json.loads(line)["value"] for line in ok(sferic("results", name)).stdout.splitlines()]
    assert sorted(kept) == [number for number in range(300) if number % 100 != 7]
    assert ok(sferic("dead-letters", "--name", name)).stdout == ""
    assert "1 // 0" in sferic("dead-letters", str(tmp_path / "again"), "--show", "1").stdout
