"""A Storm cluster of one machine for development: ZooKeeper, Nimbus and Supervisor as real processes."""

import os
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sferic.cluster.daemons import LEAVE, ClusterError, Starting, Tell, alone, launch, leave, read_record, write_record
from sferic.cluster.home import NIMBUS_PORT, SUPERVISOR_PORT, WORKER_PORTS, ZOOKEEPER_PORT, Home, state_folder
from sferic.cluster.java import find_java
from sferic.cluster.namespace import in_network_of
from sferic.cluster.nimbus import Address, NimbusError, connect
from sferic.cluster.processes import Known, command_of, end, know
from sferic.cluster.zookeeper import ZooKeeperError, remove_below
from sferic.runtime.kin import end_orphans

_SERVERS = "org.apache.storm.shade.org.apache.zookeeper.server.quorum"
_DAEMONS = {  # in the order in which they start: main class, arguments, heap
    "zookeeper": (f"{_SERVERS}.QuorumPeerMain", ("conf/zoo.cfg",), "128m"),
    "nimbus": ("org.apache.storm.daemon.nimbus.Nimbus", (), "256m"),
    "supervisor": ("org.apache.storm.daemon.supervisor.Supervisor", (), "128m"),
}
_OWN_NODES = {  # in ZooKeeper: what is there as long as the daemon is
    "nimbus": ("/storm/leader-lock", "/storm/nimbuses"),
    "supervisor": ("/storm/supervisors",),
}
_JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
_ANSWER = 2.0  # seconds: a ZooKeeper that starts hears who asks too early, and never answers


@dataclass(frozen=True, slots=True)
class Running:
    """The cluster as it was started."""

    closed: bool
    daemons: dict[str, Known]

    @property
    def address(self) -> Address:
        """Of its Nimbus, for this machine."""
        return Address("localhost", NIMBUS_PORT, self.network_of)

    @property
    def network_of(self) -> int | None:
        """A process in the cluster's network, where that is not this machine's; any daemon that lives."""
        alive = [self.daemons[name].pid for name in _DAEMONS if name in self.daemons and self.daemons[name].alive]
        return alive[0] if self.closed and alive else None

    @property
    def gone(self) -> list[str]:
        """The daemons that do not run."""
        return [name for name in _DAEMONS if name not in self.daemons or not self.daemons[name].alive]

    @property
    def ports(self) -> dict[str, str]:
        """Who can reach what."""
        workers = f"{WORKER_PORTS[0]}-{WORKER_PORTS[-1]}"
        everybody = "everybody who reaches this machine: no setting of Storm's closes it"
        whom = "root on this machine" if self.closed else everybody
        return {
            f"ZooKeeper {ZOOKEEPER_PORT}": "root on this machine" if self.closed else "users of this machine",
            f"Nimbus {NIMBUS_PORT}": whom,
            f"Supervisor {SUPERVISOR_PORT}": whom,
            f"workers {workers}": whom,
        }


def home() -> Home:
    """Where this user's development cluster is."""
    return Home(state_folder() / "cluster")


def recorded(place: Home) -> Running | None:
    """What was started last; its processes may have gone since."""
    found = read_record(place.record)
    return None if found is None else Running(found[0]["closed"], found[1])


def running(place: Home) -> Running | None:
    """The cluster, if it is up as a whole."""
    found = recorded(place)
    return found if found is not None and not found.gone else None


def reach(place: Home) -> Address | None:
    """Of the cluster's Nimbus; None where no cluster is up. Raises ClusterError where nobody there can answer."""
    found = recorded(place)
    if found is None or len(found.gone) == len(_DAEMONS):
        return None
    needed = [name for name in found.gone if name != "supervisor"]
    if needed:
        raise ClusterError(
            f"the cluster on this machine has lost its {' and '.join(needed)}; its topologies go on meanwhile. To "
            "start what is gone again: sferic cluster up"
        )
    return found.address


def up(place: Home, tell: Tell, *, closed: bool = False) -> Running:
    """Start what is needed, and return when topologies can be submitted. Raises ClusterError."""
    place.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(place.folder):
        before = recorded(place)
        if before is not None and len(before.gone) < len(_DAEMONS):
            return _complete(place, before, tell, closed=closed)
        _end_workers(place)
        if before is not None:  # it was killed
            _forget_dead(place)
        java = find_java()
        place.prepare()
        if not closed:
            _check_ports()
        started = _Starter(place, java.path, tell, Running(closed, {}))
        try:
            return started.start()
        except BaseException:
            _end(place, started.running.daemons)
            raise


def _complete(place: Home, before: Running, tell: Tell, *, closed: bool) -> Running:
    """Start what is gone beside what is there; workers and daemons that live are left alone."""
    if not before.gone:
        raise ClusterError("the cluster is up already. See: sferic cluster status")
    if closed and not before.closed:
        raise ClusterError("the cluster is up in part, and is not a closed one. First: sferic cluster down")
    alive = {name: known for name, known in before.daemons.items() if known.alive}
    tell(f"{' and '.join(before.gone)} is gone; the rest of the cluster runs on")
    if "supervisor" in before.gone:
        _forget_dead(place)
    return _Starter(place, find_java().path, tell, Running(before.closed, alive)).start()


def down(place: Home, tell: Tell) -> bool:
    """End supervisor, workers, Nimbus and ZooKeeper, in this order; False where nothing was up. Data is kept."""
    if not place.folder.exists():
        return False
    with alone(place.folder):
        found = recorded(place)
        alive = found is not None and any(daemon.alive for daemon in found.daemons.values())
        if found is not None:
            _end(place, found.daemons, tell)
        return alive


def _end(place: Home, daemons: dict[str, Known], tell: Tell = lambda _: None) -> None:
    for name in reversed(_DAEMONS):
        if name in daemons:
            leave(daemons[name], tell)
        if name == "supervisor":
            _end_workers(place)
    place.record.unlink(missing_ok=True)


def _end_workers(place: Home) -> None:
    """Workers outlive their supervisor. Their Python processes leave with them."""
    end([known for worker in place.workers for known in _processes(worker)], LEAVE)
    end_orphans()


def _processes(worker: Path) -> list[Known]:
    """Those of a worker that live, by the pids that it noted in its folder."""
    pids = [int(noted.name) for noted in worker.glob("pids/*") if noted.name.isdigit()]
    return [known for pid in pids if worker.name in command_of(pid) and (known := know(pid)).alive]


def _forget_dead(place: Home) -> None:
    """A supervisor that starts believes in workers while their last heartbeat is younger than half a minute.

    Not after `down`: it would start again at once, too, what was killed right before.
    """
    for worker in place.workers:
        if not _processes(worker):
            shutil.rmtree(worker / "heartbeats", ignore_errors=True)


def _check_ports() -> None:
    taken: list[str] = []
    for host, port in (
        ("127.0.0.1", ZOOKEEPER_PORT),
        *(("", p) for p in (NIMBUS_PORT, SUPERVISOR_PORT, *WORKER_PORTS)),
    ):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                taken.append(str(port))
    if taken:
        raise ClusterError(
            f"ports that the cluster needs are in use: {', '.join(taken)}. End what listens there (ss -ltnp shows it), "
            "or, as root, keep the cluster in a network of its own: sferic cluster up --closed"
        )


class _Starter:
    """Starts what `running` lacks, and adds it there."""

    def __init__(self, place: Home, java: Path, tell: Tell, running: Running) -> None:
        self.running = running
        self._starting = Starting(place.logs, tell)
        self._place = place
        self._java = java
        self._tell = tell

    def start(self) -> Running:
        found = self.running
        missing = found.gone
        if "zookeeper" in missing:
            self._launch("zookeeper")
        self._wait("zookeeper", lambda: self._forgotten(missing))
        for name in missing[1:] if "zookeeper" in missing else missing:
            self._launch(name)
        self._wait("nimbus", lambda: _nimbus_writes(found.address))
        # The one before may still be in Nimbus' list.
        self._wait("supervisor", lambda: self._answers(SUPERVISOR_PORT) and _supervisors(found.address) > 0)
        return found

    def _launch(self, name: str) -> None:
        main, arguments, heap = _DAEMONS[name]
        # forceSync: only a loss of power would cost data.
        place = self._place
        command = [
            str(self._java),
            *_JVM,
            f"-Xmx{heap}",
            f"-Dstorm.home={place.storm}",
            f"-Dstorm.log.dir={place.logs}",
            "-Dzookeeper.forceSync=no",
        ]
        command += [f"-Dlogfile.name={name}.log", f"-Dlog4j2.configurationFile={place.storm}/log4j2/cluster.xml"]
        command += ["-cp", f"{place.storm}/lib/*:{place.storm}/conf", main, *arguments]

        env = {**os.environ, "JAVA_HOME": str(self._java.resolve().parents[1])}
        found = self.running
        child = launch(
            command, place.logs / f"{name}.out", place.storm, env, closed=found.closed, network_of=found.network_of
        )
        self._starting.add(name, child)
        found.daemons[name] = know(child.pid)
        write_record(place.record, {"closed": found.closed}, found.daemons)

    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        self._starting.wait(name, ready, meanwhile=self._replace_gone)

    def _replace_gone(self) -> None:
        for name in self.running.gone:
            if name in self.running.daemons and not self._starting.has(name):
                self._tell(f"{name} has ended meanwhile, and is started again")
                self._launch(name)

    def _answers(self, port: int) -> bool:
        try:
            self._connected(port).close()
        except OSError:
            return False
        return True

    def _connected(self, port: int) -> socket.socket:
        def connect_to() -> socket.socket:
            return socket.create_connection(("127.0.0.1", port), timeout=_ANSWER)

        network = self.running.network_of
        return connect_to() if network is None else in_network_of(network, connect_to)

    def _forgotten(self, missing: list[str]) -> bool:
        """What was killed leads, or is there, until ZooKeeper has waited for it to come back: nobody waits here."""
        try:
            with self._connected(ZOOKEEPER_PORT) as connected:
                remove_below(connected, [folder for name in missing for folder in _OWN_NODES.get(name, ())])
        except (OSError, ZooKeeperError):  # it does not serve yet
            return False
        return True


def _nimbus_writes(address: Address) -> bool:
    """Right after a restart Nimbus answers, but takes nothing until it is the leader."""
    try:
        with connect(address, answer=5) as nimbus:
            nimbus.call("beginFileUpload")
    except NimbusError:
        return False
    return True


def _supervisors(address: Address) -> int:
    try:
        with connect(address, answer=5) as nimbus:
            return len(nimbus.call("getClusterInfo").supervisors)
    except NimbusError:
        return 0
