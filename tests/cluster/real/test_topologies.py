"""Topologies on the development cluster, as their operators meet them."""

import importlib.util
import json
import os
import signal
import stat
from collections import Counter
from pathlib import Path

import pytest

from sferic.cluster import development
from sferic.cluster.nimbus import connect
from sferic.cluster.processes import command_of
from sferic.runtime.letters import read_letters

_spec = importlib.util.spec_from_file_location("real_conftest", Path(__file__).with_name("conftest.py"))
_shared = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_shared)
until = _shared.until

pytestmark = pytest.mark.timeout(180)  # each starts a worker, whose JVM takes its time on a busy machine


def results(text):
    return [json.loads(line)["value"] for line in text.splitlines()]


def status(sferic, name):
    done = sferic("status", name, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_results_come_back_and_its_end_is_known(sferic, topology):
    name = topology("w.py:totals", "-p", "count=20000", "--fuse", "none")
    done = sferic("results", name, "--follow")
    assert done.returncode == 0, done.stderr
    expected = Counter()
    for number in range(20000):
        expected[number * number % 10] += number * number
    assert sorted(results(done.stdout)) == sorted([key, total] for key, total in expected.items())
    said = status(sferic, name)
    assert said["status"] == "finished"
    expected = {"in": 20000, "out": 20000, "failed": 0, "retried": 0}
    assert {what: said["pes"]["Square"][what] for what in expected} == expected
    assert said["results"] == 0, "what was fetched is still there"
    assert sferic("results", name).stdout == ""
    listed = [json.loads(line) for line in sferic("list", "--json").stdout.splitlines()]
    assert [one["name"] for one in listed] == [name]


def test_two_workers(sferic, topology):
    name = topology("w.py:totals", "-p", "count=20000", "--fuse", "none", "--workers", "2")
    done = sferic("results", name, "--follow")
    assert done.returncode == 0, done.stderr
    expected = Counter()
    for number in range(20000):
        expected[number * number % 10] += number * number
    assert sorted(results(done.stdout)) == sorted([key, total] for key, total in expected.items())
    assert len(status(sferic, name)["workers"]) == 2


def test_storms_own_client_submits_the_jar(sferic, cluster, folder):
    name = "by_storm_jar"
    assert sferic("compile", "w.py:squares", "--to", "storm", "-o", "squares-storm").returncode == 0
    jar = folder / "squares-storm" / "w.jar"
    submitted = _shared.storm_jar(cluster, jar, name)
    try:
        assert submitted.returncode == 0, submitted.stdout + submitted.stderr
        done = sferic("results", name, "--follow")
        assert done.returncode == 0, done.stderr
        assert sorted(results(done.stdout)) == [number**2 for number in range(1000)]
    finally:
        sferic("kill", name)


def test_stop_drains_and_results_stay(sferic, topology):
    name = topology("w.py:forever")
    until(lambda: status(sferic, name)["pes"].get("Total", {}).get("in", 0) > 100)
    done = sferic("stop", name)
    assert done.returncode == 0, done.stderr
    assert name not in sferic("list").stdout
    totals = results(sferic("results", name, "--keep").stdout)
    # 1 + 2 + … + n, by last digit: what has come is whole.
    count = max(
        number for number in range(1, 100_000) if sum(total for _, total in totals) >= number * (number + 1) // 2
    )
    expected = Counter()
    for number in range(1, count + 1):
        expected[number % 10] += number
    assert count > 100
    assert sorted(totals) == sorted([key, total] for key, total in expected.items())
    assert results(sferic("results", name).stdout) == totals
    gone = sferic("results", name)
    assert gone.returncode == 1 and gone.stderr.startswith(f"no topology {name} on"), "nothing is left of it"


def test_failed_items_are_kept_logged_and_reported(sferic, topology, tmp_path):
    name = topology("w.py:picky", "-p", "count=1000")
    letters = tmp_path / "letters.jsonl"
    done = sferic("results", name, "--follow", "--dead-letters", str(letters))
    assert done.returncode == 0, done.stderr
    assert sorted(results(done.stdout)) == [number for number in range(1000) if number % 100 != 7]
    until(lambda: sferic("results", name, "--dead-letters", str(letters)) and len(list(read_letters(letters))) == 10)
    assert sorted(letter.items()[0] for letter in read_letters(letters)) == list(range(7, 1000, 100))
    said = until(lambda: (now := status(sferic, name))["errors"] and now)
    assert "Picky" in said["errors"][0]["text"] and "ValueError: no" in said["errors"][0]["text"]
    logs = sferic("logs", name, "-n", "100000").stdout
    assert "INFO s.p.Picky" in logs and "Picky[0] three is here" in logs
    assert 'raise ValueError(f"no {number}")' in logs


def test_a_failure_that_stops_is_told(sferic, topology):
    name = topology("w.py:picky", "--on-failure", "stop", "--fuse", "none")
    done = sferic("results", name, "--follow")
    assert done.returncode == 1
    assert "Picky failed on 7: ValueError: no 7" in done.stderr
    assert status(sferic, name)["status"] == "failed"
    logs = sferic("logs", name, "-n", "100000").stdout
    assert "Picky[0] failed on 7" in logs
    assert "is replaced" not in logs, "what ended the run was given to another process"
    stopped = sferic("stop", name)
    assert stopped.returncode == 1 and "no 7" in stopped.stderr


def test_what_a_worker_shares_with_its_processes_is_private_and_goes_with_it(sferic, cluster, topology):
    name = topology("w.py:slow")
    until(lambda: status(sferic, name)["pes"].get("Total", {}).get("in", 0) > 10)
    made = [path for own in cluster.local.glob("workers/*/tmp/sferic-*") for path in (own, *own.iterdir())]
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o700, 0o600}, "others could read what is shared"
    unpacked = [*cluster.local.glob(f"supervisor/stormdist/{name}-*")]
    assert [stat.S_IMODE(path.stat().st_mode) for path in unpacked] == [0o700]
    for noted in cluster.local.glob("workers/*/pids/*"):
        os.kill(int(noted.name), signal.SIGKILL)
    until(lambda: not any(path.exists() for path in made))


@pytest.mark.slow
def test_a_worker_that_dies_after_the_end_changes_nothing(sferic, cluster, topology):
    name = topology("w.py:squares")
    until(lambda: status(sferic, name)["status"] == "finished")
    noted = [int(path.name) for path in cluster.local.glob("workers/*/pids/*")]
    [worker] = [pid for pid in noted if f" {name}-" in command_of(pid)]  # those of others may not have left yet
    os.kill(worker, signal.SIGKILL)
    until(lambda: "began it again" in sferic("logs", name, "-n", "100000").stdout)
    assert status(sferic, name)["status"] == "finished"
    assert sorted(results(sferic("results", name).stdout)) == [number**2 for number in range(1000)]


@pytest.mark.slow
def test_many_results_are_not_held_up(sferic, topology):
    name = topology("w.py:squares", "-p", "count=300000")
    done = sferic("results", name, "--follow")
    assert sum(results(done.stdout)) == sum(number**2 for number in range(300_000))


@pytest.mark.slow
def test_where_chunks_are_many_they_grow_and_each_result_comes_once(sferic, cluster, topology):
    name = topology("w.py:steady", "-p", "count=3000")  # at most ten chunks a second: two or three hundred in all
    got, grew, taken = [], False, False
    with connect(development.running(cluster).address) as nimbus:
        while (now := status(sferic, name)["status"]) != "finished":
            got += results(sferic("results", name).stdout)
            keys = [key for key in nimbus.blobs() if key.startswith(f"sferic.{name}-")]
            grew = grew or any(key.endswith(".grows") and ".results." in key for key in keys)
            taken = taken or any(".taken." in key for key in keys)
        got += results(sferic("results", name).stdout)
        assert now == "finished" and grew and taken
        assert sorted(got) == list(range(3000))
        assert not [key for key in nimbus.blobs() if ".results." in key or ".taken." in key]
    assert sferic("results", name).stdout == ""


def test_a_kill_takes_what_nobody_fetched(sferic, topology):
    name = topology("w.py:squares", "--codec", "trusted")
    until(lambda: status(sferic, name)["status"] == "finished")
    assert sorted(results(sferic("results", name, "--keep").stdout)) == [number**2 for number in range(1000)]
    taken = sferic("submit", "w.py:squares", "--name", name)
    assert taken.returncode == 1 and f"a topology {name} is on" in taken.stderr
    done = sferic("kill", name)
    assert done.returncode == 0
    assert "1 chunk of results" in done.stderr or "chunks of results" in done.stderr
    again = sferic("results", name)
    assert again.returncode == 1 and again.stderr.startswith(f"no topology {name} on")
