"""The folders of the development cluster: Storm's home with links to the jars, its configuration, its data."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sferic.cluster.errors import OperationError
from sferic.cluster.jars import storm_jars

ZOOKEEPER_PORT, NIMBUS_PORT, SUPERVISOR_PORT = 2181, 6627, 6628
WORKER_PORTS = (6700, 6701, 6702, 6703)


class StateUnusable(OperationError):  # noqa: N818 - names the situation
    """The folder cannot be made; the text says what to do."""


def state_folder() -> Path:
    """For what outlives a command, for its user only: $SFERIC_STATE, else in the user's state folder."""
    given = os.environ.get("SFERIC_STATE")
    base = Path(os.environ.get("XDG_STATE_HOME", Path.home() / ".local" / "state")) / "sferic"
    folder = (Path(given) if given else base).absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StateUnusable(
            f"{folder} cannot be made: {error.strerror}. Set SFERIC_STATE to a folder of yours"
        ) from error
    return folder


@dataclass(frozen=True, slots=True)
class Home:
    """Where everything of the development cluster is."""

    folder: Path

    @property
    def storm(self) -> Path:
        """Storm's home."""
        return self.folder / "storm"

    @property
    def logs(self) -> Path:
        """Of the daemons, and below `workers-artifacts` of the workers."""
        return self.folder / "logs"

    @property
    def local(self) -> Path:
        """Storm's own data: blobs, workers."""
        return self.folder / "local"

    @property
    def workers(self) -> list[Path]:
        """The folder of each worker that a supervisor has begun and not yet cleaned up after."""
        return list(self.local.glob("workers/*"))

    @property
    def record(self) -> Path:
        """Which processes are the cluster's."""
        return self.folder / "cluster.json"

    def prepare(self) -> None:
        """Write everything that daemons read; data is left as it is."""
        for folder in (self.storm / "conf", self.storm / "log4j2", self.logs, self.local, self.folder / "zookeeper"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for empty in ("extlib", "extlib-daemon"):
            (self.storm / empty).mkdir(exist_ok=True)
        _link_all(storm_jars(), self.storm / "lib")
        _link_all(storm_jars(), self.storm / "lib-worker")
        (self.storm / "conf" / "storm.yaml").write_text(json.dumps(self.settings(), indent=1) + "\n")  # JSON is YAML
        (self.storm / "conf" / "zoo.cfg").write_text(self._zookeeper())
        (self.storm / "log4j2" / "cluster.xml").write_text(_logging("${sys:storm.log.dir}"))
        worker = "${sys:workers.artifacts}/${sys:storm.id}/${sys:worker.port}"
        (self.storm / "log4j2" / "worker.xml").write_text(_logging(worker))

    def settings(self) -> dict[str, Any]:
        """storm.yaml. Short periods: a topology is to start in seconds."""
        return {
            "storm.local.hostname": "localhost",
            "nimbus.seeds": ["localhost"],
            "nimbus.thrift.port": NIMBUS_PORT,
            "supervisor.thrift.port": SUPERVISOR_PORT,
            "supervisor.slots.ports": list(WORKER_PORTS),
            "storm.zookeeper.servers": ["127.0.0.1"],
            "storm.zookeeper.port": ZOOKEEPER_PORT,
            # ZooKeeper may be away for a while: who loses his session, or gives up, ends.
            "storm.zookeeper.session.timeout": 30_000,
            "storm.zookeeper.retry.times": 60,
            "storm.zookeeper.retry.intervalceiling.millis": 2000,
            "storm.local.dir": str(self.local),
            "storm.workers.artifacts.dir": str(self.logs / "workers-artifacts"),
            "storm.metricstore.class": "org.apache.storm.metricstore.NoOpMetricStore",
            "storm.daemon.metrics.reporter.plugins": [],
            "nimbus.monitor.freq.secs": 1,
            # On one machine there is no better place for a worker whose daemons were away for a while.
            "nimbus.task.timeout.secs": 120,
            "nimbus.childopts": "-Xmx256m",
            "supervisor.monitor.frequency.secs": 1,
            "supervisor.heartbeat.frequency.secs": 1,
            "supervisor.worker.shutdown.sleep.secs": 1,
            "task.refresh.poll.secs": 1,
            "worker.childopts": "-Xmx%HEAP-MEM%m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto",
            "topology.worker.logwriter.childopts": "-Xmx32m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto",
        }

    def _zookeeper(self) -> str:
        said = {
            "tickTime": "2000",
            "dataDir": str(self.folder / "zookeeper"),
            "clientPort": str(ZOOKEEPER_PORT),
            "clientPortAddress": "127.0.0.1",
            "maxClientCnxns": "200",
            "admin.enableServer": "false",
            "autopurge.purgeInterval": "1",
        }
        return "".join(f"{name}={value}\n" for name, value in said.items())


def _link_all(jars: list[Path], folder: Path) -> None:
    """Links to just these jars."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for jar in jars:
        (folder / jar.name).symlink_to(jar)


def _logging(folder: str) -> str:
    return f"""<Configuration status="error" shutdownHook="disable">
  <Appenders>
    <RollingFile name="file" fileName="{folder}/${{sys:logfile.name}}" filePattern="{folder}/${{sys:logfile.name}}.%i">
      <PatternLayout pattern="%d{{yyyy-MM-dd HH:mm:ss.SSS}} %p %c{{1.}} [%t] %m%n"/>
      <SizeBasedTriggeringPolicy size="20 MB"/>
      <DefaultRolloverStrategy max="4"/>
    </RollingFile>
  </Appenders>
  <Loggers><Root level="info"><AppenderRef ref="file"/></Root></Loggers>
</Configuration>
"""
