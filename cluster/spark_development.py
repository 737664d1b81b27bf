"""A Spark cluster of one machine for development: a standalone master and one worker, from the pyspark that is here."""

import os
import re
import shutil
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sferic.cluster.daemons import ClusterError, Starting, Tell, alone, launch, leave, read_record, write_record
from sferic.cluster.home import state_folder
from sferic.cluster.processes import Known, know
from sferic.cluster.spark_install import LOOPBACK, spark_environment, spark_home
from sferic.cluster.spark_master import Master, MasterAway
from sferic.runtime.kin import end_orphans

_ROLES = ("master", "worker")  # in the order in which they start
_WANTED = {"master": 7077, "master's page": 8080, "worker": 7078, "worker's page": 8081}  # ports, where they are free
_JOBS = 4  # that find room at the same time, unless they ask for more than Spark's defaults
_MIB_A_JOB = 1024  # what an executor is given by default
_JVM = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto"
_MOVES = 3  # times that a daemon is given other ports, since somebody was quicker
_KEPT = 86_400  # seconds that folders of applications that have ended are kept
# What would change daemons, or reach executors and is none of theirs.
_OTHERS = re.compile("SPARK_(MASTER|WORKER|DAEMON|LOG|NO_DAEMONIZE|CONF)|PYTHON")
_LOGGING = """\
status = error
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = ${sys:sferic.log}
appender.file.filePattern = ${sys:sferic.log}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{yyyy-MM-dd HH:mm:ss.SSS} %p %c{1.} [%t] %m%n%ex
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 20MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 4
"""


@dataclass(frozen=True, slots=True)
class SparkHome:
    """Where everything of the cluster is."""

    folder: Path

    @property
    def record(self) -> Path:
        """Which processes are the cluster's."""
        return self.folder / "cluster.json"

    @property
    def logs(self) -> Path:
        """Of master and worker."""
        return self.folder / "logs"

    @property
    def work(self) -> Path:
        """What executors have: a folder for each application, with their logs."""
        return self.folder / "work"

    @property
    def recovery(self) -> Path:
        """What a master that is started again reads."""
        return self.folder / "recovery"

    @property
    def settings(self) -> Path:
        """Spark's, of daemons and executors; none of what the user has elsewhere."""
        return self.folder / "conf"

    def prepare(self) -> None:
        """Make the folders, and what daemons read."""
        for folder in (self.logs, self.work, self.recovery, self.settings):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.settings / "daemons.properties").write_text(_LOGGING)


@dataclass(frozen=True, slots=True)
class Running:
    """The cluster as it was started."""

    closed: bool
    daemons: dict[str, Known]
    ports: dict[str, int]
    cores: int  # of the worker: so many tasks at a time, of all applications

    @property
    def master(self) -> str:
        """The URL for --master."""
        return f"spark://{LOOPBACK}:{self.ports['master']}"

    @property
    def network_of(self) -> int | None:
        """A process in the cluster's network, where that is not this machine's; any daemon that lives."""
        alive = [self.daemons[name].pid for name in _ROLES if name in self.daemons and self.daemons[name].alive]
        return alive[0] if self.closed and alive else None

    @property
    def page(self) -> Master:
        """What the master says of itself."""
        return Master(LOOPBACK, self.ports["master's page"], self.network_of)

    @property
    def gone(self) -> list[str]:
        """The daemons that do not run."""
        return [name for name in _ROLES if name not in self.daemons or not self.daemons[name].alive]

    @property
    def reached_by(self) -> dict[str, str]:
        """Who can reach what. Executors and drivers listen on loopback, too, on ports that they choose."""
        whom = "root on this machine" if self.closed else "users of this machine"
        return {f"{what} {port}": whom for what, port in self.ports.items()}


def home() -> SparkHome:
    """Where this user's is."""
    return SparkHome(state_folder() / "spark")


def recorded(place: SparkHome) -> Running | None:
    """What was started last; its processes may have gone since."""
    found = read_record(place.record)
    return None if found is None else Running(daemons=found[1], **found[0])


def running(place: SparkHome) -> Running | None:
    """The cluster, if it is up as a whole."""
    found = recorded(place)
    return found if found is not None and not found.gone else None


def up(place: SparkHome, tell: Tell, *, closed: bool = False, cores: int | None = None) -> Running:
    """Start what is needed, and return when the worker is registered at the master. Raises OperationError.

    `cores`: how many tasks run at a time, of all applications; an application that does not say what it wants takes a
    quarter of them.
    """
    spark_environment(loopback=True)  # before anything is written
    place.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(place.folder):
        before = recorded(place)
        if before is not None and len(before.gone) < len(_ROLES):
            return _complete(place, before, tell, closed=closed)
        shutil.rmtree(place.recovery, ignore_errors=True)  # its applications and workers are no more
        place.prepare()
        ports = dict(_WANTED) if closed else _free_ports(_WANTED)
        cores = cores or _JOBS * max(2, os.cpu_count() or 2)
        started = _Starter(place, tell, Running(closed, {}, ports, cores))
        try:
            return started.start()
        except BaseException:
            _end(place, started.running.daemons)
            raise


def _complete(place: SparkHome, before: Running, tell: Tell, *, closed: bool) -> Running:
    """Start what is gone beside what is there; applications go on meanwhile."""
    if not before.gone:
        raise ClusterError("Spark's cluster is up already. See: sferic cluster status --spark")
    if closed and not before.closed:
        raise ClusterError("Spark's cluster is up in part, and is not a closed one. First: sferic cluster down --spark")
    tell(f"the {before.gone[0]} is gone; the rest of the cluster runs on")
    alive = {name: known for name, known in before.daemons.items() if known.alive}
    return _Starter(place, tell, Running(before.closed, alive, before.ports, before.cores)).start()


def down(place: SparkHome, tell: Tell = lambda _: None) -> bool:
    """End worker, with its executors, and master; False where nothing was up."""
    if not place.folder.exists():
        return False
    with alone(place.folder):
        found = recorded(place)
        alive = found is not None and any(daemon.alive for daemon in found.daemons.values())
        if found is not None:
            _end(place, found.daemons, tell)
        return alive


def _end(place: SparkHome, daemons: dict[str, Known], tell: Tell = lambda _: None) -> None:
    for name in reversed(_ROLES):
        if name in daemons:
            leave(daemons[name], tell)
    end_orphans()
    place.record.unlink(missing_ok=True)


def _free_ports(wanted: Mapping[str, int]) -> dict[str, int]:
    """These, others where somebody listens there."""
    found: dict[str, int] = {}
    for name, port in wanted.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                probe.bind((LOOPBACK, 0))
            found[name] = probe.getsockname()[1]
    return found


class _Starter:
    """Starts what `running` lacks, and adds it there."""

    def __init__(self, place: SparkHome, tell: Tell, running: Running) -> None:
        self.running = running
        self._starting = Starting(place.logs, tell, article="the ", away=MasterAway)
        self._place = place
        self._tell = tell

    def start(self) -> Running:
        found = self.running
        missing = found.gone
        if "master" in missing:
            moves = not found.closed and missing == list(_ROLES)  # else a worker and jobs know its address
            self._bring_up("master", ("--host", LOOPBACK), self._master_is, moves=moves)
        else:
            self._starting.wait("master", self._master_is)
        if "worker" in missing:
            before = set(found.page.look().workers)  # a master may believe in the dead for a while
            memory = f"{_JOBS * _MIB_A_JOB}m"
            size = ("--cores", str(found.cores), "--memory", memory, "--work-dir", str(self._place.work))
            arguments = ("--host", LOOPBACK, *size, found.master)
            self._bring_up(
                "worker", arguments, lambda: bool(found.page.look().workers.keys() - before), moves=not found.closed
            )
        else:
            self._starting.wait("worker", lambda: bool(found.page.look().workers))
        return found

    def _master_is(self) -> bool:
        """Alive: one that is started again first waits for those that were there."""
        look = self.running.page.look()
        return look.status == "ALIVE" and look.url == self.running.master

    def _bring_up(self, role: str, arguments: tuple[str, ...], ready: Callable[[], bool], *, moves: bool) -> None:
        """Start it, and wait for it. `moves`: on other ports, where somebody has taken its own meanwhile."""
        for left in reversed(range(_MOVES + 1)):
            self._launch(role, arguments)
            try:
                self._starting.wait(role, ready)
            except ClusterError:
                own = self._ports_of(role)
                free = _free_ports(own) if self._starting.ended(role) else own
                if not moves or not left or free == own:
                    raise
                self._tell(f"somebody listens where the {role} was to: it is given other ports")
                self.running.ports.update(free)
            else:
                return

    def _ports_of(self, role: str) -> dict[str, int]:
        return {name: self.running.ports[name] for name in (role, f"{role}'s page")}

    def _launch(self, role: str, arguments: tuple[str, ...]) -> None:
        found, place = self.running, self._place
        port, page = self._ports_of(role).values()
        ports = ("--port", str(port), "--webui-port", str(page))
        main = f"org.apache.spark.deploy.{role}.{role.capitalize()}"
        command = [str(spark_home() / "bin" / "spark-class"), main, *ports, *arguments]
        child = launch(
            command,
            place.logs / f"{role}.out",
            place.folder,
            self._environment(role),
            closed=found.closed,
            network_of=found.network_of,
        )
        self._starting.add(role, child)
        found.daemons[role] = know(child.pid)
        said = {"closed": found.closed, "ports": found.ports, "cores": found.cores}
        write_record(place.record, said, found.daemons)

    def _environment(self, role: str) -> dict[str, str]:
        place = self._place
        options = {"spark.port.maxRetries": "0"}  # else it would listen elsewhere, and nobody know where
        options |= {
            "sferic.log": f"{place.logs}/{role}.log",
            "log4j2.configurationFile": f"{place.settings}/daemons.properties",
        }
        if role == "master":
            options |= {"spark.master.rest.enabled": "false", "spark.deploy.recoveryMode": "FILESYSTEM"}
            options |= {"spark.deploy.recoveryDirectory": str(place.recovery)}
            options |= {"spark.deploy.defaultCores": str(max(1, self.running.cores // _JOBS))}
        else:
            options |= {"spark.worker.cleanup.enabled": "true", "spark.worker.cleanup.appDataTtl": str(_KEPT)}
            rolling = "spark.executor.logs.rolling"
            options |= {
                f"{rolling}.strategy": "size",
                f"{rolling}.maxSize": str(20 << 20),
                f"{rolling}.maxRetainedFiles": "4",
            }
        given = " ".join(f"-D{name}={_quoted(value)}" for name, value in options.items())
        env = {name: value for name, value in spark_environment(loopback=True).items() if not _OTHERS.match(name)}
        return {
            **env,
            "SPARK_CONF_DIR": str(place.settings),
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_DAEMON_JAVA_OPTS": f"{_JVM} {given}",
        }


def _quoted(value: str) -> str:
    """As Spark's launcher takes options apart."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
