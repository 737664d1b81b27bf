"""Builds and starts the peers that run on Storm: the same jars, the same local Storm and the same JVM as ours."""

import hashlib
import json
from pathlib import Path
from typing import Any

from sferic.cluster.cache import cache_folder
from sferic.cluster.jars import storm_jars
from sferic.cluster.java import find_java
from sferic.cluster.shim import build, shim_jar

_SOURCES = Path(__file__).parent / "java"
_LOG = """
<Configuration status="error" shutdownHook="disable">
  <Appenders><File name="file" fileName="{file}"><PatternLayout pattern="%d %p %c{{1}} %t %m%n"/></File></Appenders>
  <Loggers><Root level="warn"><AppenderRef ref="file"/></Root></Loggers>
</Configuration>
"""
DEFAULTS: dict[str, Any] = {"topology.workers": 1}
# Found by trying: for a tuple a word the quickest of the collectors, with room.
_JVM = ("-Xms1g", "-Xmx4g", "-XX:+UseParallelGC")


def command(folder: Path, kind: str, config: dict[str, Any], **given: Any) -> list[str]:
    """The command that runs the topology `kind` with its notes in `folder`, until its stdin ends."""
    storm = folder / "storm"
    storm.mkdir()
    (folder / "log4j2.xml").write_text(_LOG.format(file=storm / "storm.log"))
    asked = {"kind": kind, "folder": str(folder), "config": DEFAULTS | config, **given}
    (folder / "peer.json").write_text(json.dumps(asked))
    class_path = ":".join(map(str, [_jar(), shim_jar(), *storm_jars()]))
    return [
        str(find_java().path),
        *_JVM,
        f"-Djava.io.tmpdir={storm}",
        f"-Dlog4j2.configurationFile={(folder / 'log4j2.xml').as_uri()}",
        "-cp",
        class_path,
        "peers.PeerMain",
        str(folder / "peer.json"),
    ]


def _jar() -> Path:
    """The peers' classes, compiled once a version of them and of the shim."""
    digest, files = hashlib.sha256(shim_jar().read_bytes()), sorted(_SOURCES.rglob("*.java"))
    for source in files:
        digest.update(source.read_bytes())
    jar = cache_folder("bench") / f"peers-{digest.hexdigest()[:16]}.jar"
    if not jar.is_file():
        build(find_java(), files, [shim_jar(), *storm_jars()], jar)
    return jar
