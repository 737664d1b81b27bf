"""Spark jobs on a cluster, as their operators meet them."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from sferic.cluster import spark_development as development
from sferic.cluster.jobs import state_of
from sferic.cluster.processes import command_of, know
from sferic.runtime.kin import MARK

pytestmark = pytest.mark.timeout(600)


def expected(count):
    """What a plain loop makes of range(count): those that fail, and what comes out of the last PE."""
    failed, out, seen, total = [], [], 0, 0
    for number in range(count):
        if number % 100 == 7:
            failed.append(number)
            continue
        seen, total = seen + 1, total + number
        if number % 100 == 0:
            out.append(number)
    return failed, [*out, [seen, total]]


def test_a_batch_job(submit, sferic):
    job = submit("w.py:batch", "-p", "count=300")
    done = sferic("results", job.name, "--follow")
    assert done.returncode == 0, done.stderr
    failed, results = expected(300)
    assert [json.loads(line)["value"] for line in done.stdout.splitlines()] == results
    status = job.status
    assert (status["status"], status["exit"], status["mode"]) == ("finished", 3, "batch")
    counts = {pe: (row["in"], row["out"], row["failed"]) for pe, row in status["pes"].items()}
    passed = 300 - len(failed)
    assert counts == {
        "Numbers": (1, 300, 0),
        "Picky": (300, passed, len(failed)),
        "Total": (passed, len(results), 0),
    }
    assert (status["results"], status["pes"]["Picky"]["instances"]) == (0, 2)
    shown = sferic("status", job.name).stdout
    assert "finished with status 3" in shown and "Picky: 2 of 2 instances, 300 in, 297 out" in shown
    letters = sferic("dead-letters", "--name", job.name, "--json").stdout.splitlines()
    assert sorted(json.loads(line)["item"] for line in letters) == sorted(map(str, failed))
    again = sferic("submit", "w.py:batch", "--to", "spark", "--name", job.name)
    assert (again.returncode, again.stdout) == (1, "")
    assert f"sferic dead-letters --name {job.name} [--drop]" in again.stderr
    logged = sferic("logs", job.name, "--pe", "Picky", "--level", "WARN", "--json").stdout.splitlines()
    assert len(logged) == len(failed)
    assert all("ValueError: no " in json.loads(line)["text"] for line in logged)
    said = sferic("logs", job.name, "--pe", "Picky").stdout
    assert [number for number in range(300) if f" {number} is here\n" in said] == [3, 103, 203]


def test_a_stream_is_looked_at_and_stopped(submit, sferic, numbers, cluster, listening):
    numbers(0, 150)
    job = submit("w.py:stream", "-p", f"path={numbers.path}", "--interval", "0.5")
    twice = sferic("submit", "w.py:stream", "--to", "spark", "--name", job.name)
    assert (twice.returncode, twice.stdout) == (1, "")
    assert f"{job.name} is running already" in twice.stderr
    assert job.name in sferic("list").stdout
    job.until(lambda status: status["pes"]["Total"]["in"] == 148)
    assert listeners(job, cluster, listening) == {"127.0.0.1", "::ffff:127.0.0.1"}
    assert job.results() == [0, 100], "while it runs"
    numbers(150, 300)
    status = job.until(lambda status: status["pes"]["Total"]["in"] == 297 and status)
    assert (status["status"], status["interval"], status["restarts"]) == ("running", 0.5, 0)
    assert status["application"]["state"] == "RUNNING"
    cores = status["application"]["cores"]
    shown = sferic("status", job.name).stdout
    assert "a tick each 0.5 s" in shown and f"at the master: RUNNING, {cores} cores, 1 executor\n" in shown
    stopped = sferic("stop", job.name)
    assert stopped.returncode == 0, stopped.stderr
    assert stopped.stdout.startswith(f"{job.name} has drained and ended with status 3.")
    failed, results = expected(300)
    assert job.results() == results[2:], "the others were fetched"
    assert job.status["status"] == "finished"
    assert not processes(job)
    followed = sferic("logs", job.name, "--follow", "--pe", "Total")
    assert (followed.returncode, followed.stdout) == (0, "")

    assert "it begins where its sources were, with new state" in stopped.stderr
    again = sferic(
        "submit", "w.py:stream", "--to", "spark", "--name", job.name, "-p", f"path={numbers.path}", "--interval", "0.5"
    )
    assert f"{job.name} was stopped and has drained: it begins with new state, where its sources were" in again.stderr
    numbers(308, 314)
    job.until(lambda status: status["pes"]["Total"]["in"] == 6)
    assert "the run before this one was stopped" in sferic("logs", job.name).stdout


def processes(job):
    """Of the driver, and executors of its application."""
    mark, app = f"{MARK}={job.job.asked.mark}".encode(), str(job.job.status.get("app")).encode()
    found = []
    for process in Path("/proc").glob("[1-9]*"):
        try:
            ours = mark in (process / "environ").read_bytes().split(b"\0")
            if ours or app in (process / "cmdline").read_bytes().split(b"\0"):
                found.append(int(process.name))
        except OSError:
            continue
    supervisor = job.job.course.supervisor.pid if job.job.course else 0
    return [pid for pid in found if pid != supervisor and know(pid).alive]


def listeners(job, cluster, listening):
    """The addresses on which driver, executors, master and worker listen, with what they have started."""
    daemons = [known.pid for known in development.running(cluster).daemons.values()]
    return {address for pid in [*processes(job), *daemons] for address, _ in listening(pid)}


def kill(job, what):
    course = job.job.course
    if what == "its Python":
        os.kill(job.job.status["pid"], signal.SIGKILL)
    elif what == "its JVM":
        course.driver.signal(signal.SIGKILL)
    else:
        for pid in processes(job):
            os.kill(pid, signal.SIGKILL)
    while course.driver.alive:
        pass


@pytest.mark.slow
def test_whatever_of_a_driver_is_killed_results_are_exact(submit, sferic, numbers):
    job = submit("w.py:stream", "-p", f"path={numbers.path}", "--interval", "0.2")
    for number, what in enumerate(("its Python", "its JVM", "all of it")):
        numbers(200 * number, 200 * number + 100)
        job.until(lambda status: status["pes"]["Total"]["in"] > 198 * number)
        numbers(200 * number + 100, 200 * number + 200)
        kill(job, what)
        status = job.until(lambda status: status["restarts"] == number + 1 and status["status"] == "running" and status)
        assert status["why"].startswith("its driver ")
    job.until(lambda status: status["pes"]["Total"]["in"] == 594)
    assert "started again 3 times" in sferic("status", job.name).stdout
    stopped = sferic("stop", job.name, "--json")
    assert json.loads(stopped.stdout) == {"name": job.name, "finished": True, "exit": 3, "failed": ""}
    failed, results = expected(600)
    assert job.results() == results
    letters = sferic("dead-letters", "--name", job.name, "--json").stdout.splitlines()
    assert sorted(int(json.loads(line)["item"]) for line in letters) == failed


@pytest.mark.slow
def test_one_that_asks_for_more_than_there_is_says_that_it_waits(submit, sferic, cluster):
    big = ("w.py:batch", "--to", "spark", "--name", "big", "--conf", "spark.executor.memory=1t")
    try:
        done = sferic("submit", *big)
        assert done.returncode == 0, done.stderr
        assert "big: it waits for cores or memory" in done.stderr
        assert "at the master: WAITING, 0 cores, 0 executors\n" in sferic("status", "big").stdout
        assert "it waits for cores or memory" in sferic("status", "big").stdout
    finally:
        assert sferic("kill", "big").stdout == "big is gone.\n"


@pytest.mark.slow
def test_one_that_nobody_looks_after_is_gone_on_with(submit, sferic, numbers):
    numbers(0, 200)
    job = submit("w.py:stream", "-p", f"path={numbers.path}")
    job.until(lambda status: status["pes"]["Total"]["in"] > 0)
    job.job.course.supervisor.signal(signal.SIGKILL)
    while not state_of(job.job).over:
        pass
    assert "sferic resume" in sferic("status", job.name).stdout
    again = sferic("submit", "w.py:stream", "--to", "spark", "--name", job.name)
    assert again.returncode == 1 and f"sferic resume {job.name}" in again.stderr
    numbers(200, 300)
    resumed = sferic("resume", job.name)
    assert (resumed.returncode, resumed.stdout) == (0, f"{job.name} goes on.\n"), resumed.stderr
    job.until(lambda status: status["pes"]["Total"]["in"] == 297)
    job.job.course.supervisor.signal(signal.SIGKILL)
    stopped = sferic("stop", job.name)
    assert "is started again to drain" in stopped.stderr, "there is a driver, but who would hear of its end?"
    assert job.results() == expected(300)[1]


@pytest.mark.slow
def test_after_a_kill_nothing_is_left_and_a_checkpoint_is_of_one_plan(submit, sferic, numbers, state):
    numbers(0, 200)
    job = submit("w.py:stream", "-p", f"path={numbers.path}")
    job.until(lambda status: status["pes"]["Total"]["in"] == 198)
    gone = job.job
    found = [know(pid) for pid in processes(job)]
    executors = [known for known in found if "CoarseGrained" in command_of(known.pid)]
    assert executors and len(executors) < len(found)
    killed = sferic("kill", job.name)
    assert (killed.returncode, killed.stdout) == (0, f"{job.name} is gone.\n")
    assert f"A stream of this plan submitted as {job.name} goes on where it was" in killed.stderr
    assert not [command_of(known.pid) for known in found if known.alive and known not in executors]
    while any(known.alive for known in executors):  # they leave when master and worker have told them
        time.sleep(0.05)
    assert not gone.known and job.name not in sferic("list").stdout
    other = sferic("submit", "w.py:stream", "--to", "spark", "--name", job.name, "-p", "more=true")
    assert other.returncode == 2, other.stderr
    assert "is of another plan" in other.stderr and "sferic submit --fresh" in other.stderr
    job = submit("w.py:stream", "-p", f"path={numbers.path}")
    numbers(200, 300)
    job.until(lambda status: status["pes"]["Total"]["in"] == 297)
    assert sferic("stop", job.name).returncode == 0
    assert job.results()[-1] == expected(300)[1][-1], "it went on from its checkpoint"
    sferic("dead-letters", "--name", job.name, "--drop")
    job = submit("w.py:stream", "-p", f"path={numbers.path}", "-p", "more=true", "--fresh")
    job.until(lambda status: status["pes"]["Total"]["in"] == 297)


@pytest.mark.slow
def test_a_master_and_a_worker_that_are_killed_are_started_again_and_the_stream_goes_on(
    submit, sferic, numbers, cluster
):
    numbers(0, 100)
    job = submit("w.py:stream", "-p", f"path={numbers.path}")
    job.until(lambda status: status["pes"]["Total"]["in"] == 99)
    for number, role in enumerate(("master", "worker"), 1):
        known = development.recorded(cluster).daemons[role]
        known.signal(signal.SIGKILL)
        while known.alive:
            pass
        up = sferic("cluster", "up", "--spark")
        assert f"the {role} is gone; the rest of the cluster runs on" in up.stderr
        numbers(100 * number, 100 * number + 100)
        job.until(lambda status: status["pes"]["Total"]["in"] == 99 * (number + 1))
    status = job.until(lambda status: status.get("application", {}).get("state") == "RUNNING" and status)
    assert status["restarts"] == 0, "the driver had nothing to do with it"
    assert sferic("stop", job.name).returncode == 0
    assert job.results() == expected(300)[1]


@pytest.mark.slow
def test_a_cluster_that_is_ended_leaves_its_jobs_to_be_gone_on_with(submit, sferic, numbers):
    numbers(0, 200)
    job = submit("w.py:stream", "-p", f"path={numbers.path}")
    job.until(lambda status: status["pes"]["Total"]["in"] == 198)
    found = processes(job)
    down = sferic("cluster", "down", "--spark")
    assert job.name in down.stderr and "sferic resume NAME" in down.stderr
    assert not [pid for pid in found if know(pid).alive]
    assert job.status["status"] == "interrupted"
    early = sferic("resume", job.name)
    assert early.returncode == 1 and "sferic cluster up --spark" in early.stderr
    assert sferic("cluster", "up", "--spark", *closed()).returncode == 0
    assert sferic("resume", job.name).returncode == 0
    numbers(200, 300)
    job.until(lambda status: status["pes"]["Total"]["in"] == 297)
    assert sferic("stop", job.name).returncode == 0
    assert job.results() == expected(300)[1]


def closed():
    from sferic.cluster.namespace import NamespaceRefused, in_new_network

    try:
        in_new_network(lambda: None)
    except NamespaceRefused:
        return []
    return ["--closed"]


def test_without_a_master(sferic, folder):
    nowhere = ("submit", "w.py:batch", "--to", "spark", "--name", "nowhere")
    away = sferic(*nowhere, "--master", "spark://127.0.0.1:1")
    assert away.returncode == 1
    assert away.stderr.startswith("no Spark master answers at spark://127.0.0.1:1 ")
    none = sferic(*nowhere, SFERIC_STATE=str(folder / "empty"))
    assert none.returncode == 1 and "sferic cluster up --spark" in none.stderr
    wrong = sferic(*nowhere, "--master", "spark://somewhere")
    assert wrong.returncode == 1 and "write spark://HOST:PORT" in wrong.stderr
